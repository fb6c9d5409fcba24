"""Changes of a table that is in use: none of them holds up a request for longer than a glance.

Each runs outside the migration's transaction and may be run again from its start.
"""

from __future__ import annotations

from alembic import op

LOCK_TIMEOUT = "300ms"      # so long a migration waits for a lock, and so long others may wait behind it


def add_index(name: str, table: str, columns: list[str], *, unique: bool = False, where: str = "") -> None:
    """An index on a table with rows, built while it is read and written. Waits for transactions under way, who wait for nobody."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")                          # it holds nothing that others need
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")     # one that was interrupted is left without being valid
        op.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {table} ({', '.join(columns)})"
                   f"{f' WHERE {where}' if where else ''}")
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


def drop_index(name: str) -> None:
    """An index that is not needed any more, while its table is read and written. Waits as `add_index` does."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


def widen_check(table: str, name: str, condition: str) -> None:
    """A CHECK that allows more than before, in the old one's place; the rows there are looked through without a lock that matters."""
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
