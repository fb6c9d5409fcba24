"""How claims moved: moves, returns and whole roads, added up by organisation above the unit, plan and month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0044"
down_revision = "0043"

_TALLIES = {"move_tally": ("from_place", "to_place"), "rework_tally": ("place", "via"), "variant_tally": ("road",)}


def upgrade() -> None:
    """Three tables, written by reporting alone and made again from `stage_visit` at any time."""
    for table, places in _TALLIES.items():
        op.create_table(
            table, sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
            sa.Column("org_key", sa.Text(collation="C"), nullable=False), sa.Column("plan", sa.Text(), nullable=False),
            sa.Column("month", sa.Date(), nullable=False), sa.Column("n", sa.BigInteger(), nullable=False),
            sa.Column("days", sa.BigInteger(), nullable=False),
            *(sa.Column(name, sa.ARRAY(sa.Integer()), nullable=False) for name in ("waits", "counts")),
            *(sa.Column(name, sa.Text(), nullable=False) for name in places))
        op.create_index(f"{table}_org", table, ["org_key", "month"])
        op.create_index(f"{table}_month", table, ["month"])
    op.add_column("rework_tally", sa.Column("claims", sa.BigInteger(), nullable=False))
    scope(_TALLIES)


def downgrade() -> None:
    """Without them."""
    for table in _TALLIES:
        op.drop_table(table)
