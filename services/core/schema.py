"""Migrations, run as the owner; the application role gets rows, never tables."""

from __future__ import annotations

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from services.core.settings import ROOT


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings; with a connection the migrations run on it."""
    alembic = Config()
    alembic.set_main_option("script_location", str(ROOT / "infra" / "migrations"))
    alembic.set_main_option("path_separator", "os")
    if connection is not None:
        alembic.attributes["connection"] = connection
    return alembic


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database at `owner_url` up to a revision."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url))
    with engine.connect() as connection:
        command.upgrade(config(connection), revision)
        connection.commit()
    engine.dispose()


def check(owner_url: str) -> None:
    """Raise when the tables in the code and those in the database differ (`alembic check`)."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url))
    with engine.connect() as connection:
        command.check(config(connection))
    engine.dispose()
