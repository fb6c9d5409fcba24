"""A payee may have more than one payment of a round: what a former payee was sent and came back falls to heirs who were paid already.

The new unique index is wider than the one it replaces, so the program before this one runs on with it; it is made first. Locks:
a glance for the column, which has a constant default and rewrites nothing; the indexes are made and dropped while payments are read
and written.
"""

from __future__ import annotations

from alembic import op

from infra.migrations.online import add_index, drop_index

revision = "0069"
down_revision = "0068"

_KEY = ["claim_id", "round", "payee_id", "purpose"]


def upgrade() -> None:
    """The column, the index over it, the old index gone. Outside one transaction: each may be there from a try before."""
    op.execute("ALTER TABLE payment ADD COLUMN IF NOT EXISTS part smallint NOT NULL DEFAULT 1")
    add_index("payment_once_part", "payment", [*_KEY, "part"], unique=True, where="live")
    drop_index("payment_once")


def downgrade() -> None:
    """As before; refused by the index where a payee has two already."""
    add_index("payment_once", "payment", _KEY, unique=True, where="live")
    drop_index("payment_once_part")
    op.execute("ALTER TABLE payment DROP COLUMN IF EXISTS part")
