"""The application may ANALYZE the stays it fills: what reads a million of them in the same transaction is planned for them.

MAINTAIN (PostgreSQL 17) on one derived table that may be rebuilt at any time. Locks nothing but its catalogue row.
"""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    """The right."""
    op.execute("GRANT MAINTAIN ON stage_visit TO huzhu_app")


def downgrade() -> None:
    """Without it."""
    op.execute("REVOKE MAINTAIN ON stage_visit FROM huzhu_app")
