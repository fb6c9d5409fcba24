"""Alembic's environment: migrations run as the owner of the tables, never as the application's role.

They run beside an office at work. Whoever waits for a table's lock makes all who come later wait behind her, so a migration waits for
one no longer than a glance, gives up, and comes again: each is a transaction of its own and what it had done is undone.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Callable

import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationInfo
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlmodel import SQLModel

import services.models  # noqa: F401  (registers every table)
from infra.migrations.online import LOCK_TIMEOUT
from services.core.errors import ConfigError

PATIENCE = 300.0            # seconds in which a migration must once find its tables free
FIRST, LONGEST = 0.2, 5.0   # seconds between two tries: doubling, never twice the same
TOLD_AFTER = 2.0            # seconds
ONE_AT_A_TIME = 0x48555A48  # advisory lock: two machines that start at once do not both migrate


def _compared(_thing: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """Partitions are made by migrations, not by models."""
    return not (reflected and kind == "table" and re.fullmatch(r"(bill|settlement_line)_\d{4}|settlement_payment_all", name or ""))


def run(connection: sa.Connection) -> None:
    """Run the migrations on an open connection. ConfigError: another holds a table all the time."""
    until, pause = time.monotonic() + PATIENCE, FIRST
    while True:
        try:
            return _tried(connection)
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
            connection.rollback()
            if time.monotonic() > until:
                raise ConfigError("migration_waits", f"{PATIENCE:.0f} 秒内没有等到数据表空闲，已完成的迁移有效，其余没有执行",
                                  remedy="查看 pg_stat_activity 中最久的事务，等它结束或终止它，再运行 huzhu setup") from error
            sys.stderr.write("数据表正在使用，稍候再试，办理不受影响\n")
        time.sleep(pause * random.uniform(0.5, 1.5))     # it only spreads the tries
        pause = min(2 * pause, LONGEST)


def _tried(connection: sa.Connection) -> None:
    """Once: what is done stays done, what found no lock is undone."""
    connection.execute(sa.text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
    connection.commit()         # the settings outlast the transaction, and each migration begins its own
    try:
        context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True, include_object=_compared,
                          transaction_per_migration=True, on_version_apply=_timed())
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": ONE_AT_A_TIME})
        connection.commit()


def _timed() -> Callable[..., None]:
    """A line for each migration that takes its time, so that whoever waits sees what for."""
    began = time.monotonic()

    def done(*, step: MigrationInfo, **_rest: object) -> None:
        nonlocal began
        took, began = time.monotonic() - began, time.monotonic()
        if took > TOLD_AFTER:
            sys.stderr.write(f"迁移 {'、'.join(step.up_revision_ids)} 完成，{took:.0f} 秒\n")
    return done


attached = context.config.attributes.get("connection")
if attached is not None:
    run(attached)
else:
    url = context.config.get_main_option("sqlalchemy.url")
    with sa.create_engine(url or "").connect() as opened:
        run(opened)
        opened.commit()
