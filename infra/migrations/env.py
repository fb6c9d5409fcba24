"""Alembic's environment: migrations run as the owner of the tables, never as the application's role."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel

import services.models  # noqa: F401  (registers every table)


def _compared(_thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """Partitions are made by migrations, not by models."""
    return not (reflected and kind == "table" and re.fullmatch(r"(bill|settlement_line)_\d{4}|settlement_payment_all", name or ""))


def run(connection: sa.Connection) -> None:
    """Run the migrations on an open connection."""
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True, include_object=_compared,
                      transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


attached = context.config.attributes.get("connection")
if attached is not None:
    run(attached)
else:
    url = context.config.get_main_option("sqlalchemy.url")
    with sa.create_engine(url or "").connect() as opened:
        run(opened)
        opened.commit()
