"""The record's daily seals: a signed statement of bounded size, its list of chains at a second place.

A table of its own beside `audit_head`, which stays as it is and stays verifiable. No lock beyond catalogue rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The table. It is of the whole house, like `audit_head`: no organisation, no row security; nothing is ever deleted."""
    op.create_table(
        "audit_seal", sa.Column("day", sa.Date(), primary_key=True), sa.Column("chains", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False), sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False), sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False), sa.Column("place", sa.Text(), nullable=False),
        sa.Column("losses", sa.BigInteger(), nullable=False), sa.Column("at", _AT, nullable=False), sa.Column("exported_at", _AT))
    op.execute("GRANT SELECT, INSERT, UPDATE ON audit_seal TO huzhu_app")


def downgrade() -> None:
    """Without it."""
    op.drop_table("audit_seal")
