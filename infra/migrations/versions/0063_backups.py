"""How far the backups reach, so that whoever looks after the house sees it where everything else that stands still is seen.

One table of its own; nothing of the old ones is touched.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0063"
down_revision = "0062"

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The table."""
    op.create_table(
        "backup_state", sa.Column("kind", sa.Text(), primary_key=True), sa.Column("reaches", _AT, nullable=False),
        sa.Column("said_at", _AT, nullable=False), sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('rows', 'papers', 'base', 'verify')", name="kind_word"))
    op.execute("GRANT SELECT, INSERT, UPDATE ON backup_state TO huzhu_app")


def downgrade() -> None:
    """As before."""
    op.drop_table("backup_state")
