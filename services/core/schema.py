"""Migrations, run as the owner; the application role gets rows, never tables."""

from __future__ import annotations

from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from services.core.errors import ConfigError
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


def refuse_without_ring(url: str, ring: Path) -> None:
    """A house that stands has had its keys: when their file is away, new ones would read nothing of what is sealed. ConfigError."""
    if ring.exists():
        return
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
    if row and row[0]:
        raise ConfigError("key_ring_away", f"数据库里已有数据，它的密钥文件 {ring} 却不在：没有另生成，新密钥读不出已加密的内容",
                          remedy="核对 HUZHU_DATA_DIR 和磁盘挂载；丢失的从密钥的备份放回（infra/runbooks/backup-and-restore.md）",
                          field="HUZHU_DATA_DIR")


def check(owner_url: str) -> None:
    """Raise when the tables in the code and those in the database differ (`alembic check`)."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url))
    with engine.connect() as connection:
        command.check(config(connection))
    engine.dispose()
