"""Row security of tables made after 0002: the same policy, and the application role's rights on them."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op


def scope(tables: Iterable[str], *, append_only: bool = False) -> None:
    """Bind each table to its `org_key` and let the application read and add to it (and, unless append-only, change it).

    A range on the key, with the setting unwrapped: it uses an index and shows nothing when unset.
    """
    rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    for table in tables:
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY {table}_scope ON {table} USING (
                org_key >= current_setting('app.org_path') || '.' AND org_key < current_setting('app.org_path') || '/');
            GRANT {rights} ON {table} TO huzhu_app;
        """)
