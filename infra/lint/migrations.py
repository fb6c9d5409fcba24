"""`alembic check` against a database of its own: the tables in the code are the tables that migrations make; and new ones only add."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command

from infra.lint import additive
from services.core import embedded, schema


def main() -> int:
    """Migrate an empty database, first to the newest release, then to here, and compare."""
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        url = embedded.start(Path(directory) / "pg")
        _, owner = embedded.prepare(url, "lint")
        schema.upgrade(owner, additive.RELEASED)
        found = since(owner)
        schema.check(owner)
    for fault in found:
        sys.stdout.write(f"infra/migrations: {fault}\n")
    return 1 if found else 0


def since(owner_url: str, revision: str = "head") -> list[str]:
    """Bring a database of the newest release up to a revision; what breaks or holds up the release before."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url))
    said: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _k, statement, *_rest: said.append(statement))
    with engine.connect() as connection:
        before = additive.shape(connection)
        connection.rollback()
        said.clear()
        command.upgrade(schema.config(connection), revision)
        statements = list(said)
        connection.commit()
        after = additive.shape(connection)
    engine.dispose()
    return [*additive.faults(before, after), *additive.locking(statements, before)]


if __name__ == "__main__":
    sys.exit(main())
