"""The account a fund is paid from, each entry kept; why a payment was left out of a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """A table that only grows, and a column that needs no rewrite. The plan's money is no secret of an organisation: no row security."""
    op.create_table(
        "fund_account", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False), sa.Column("number", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True), sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("entered_person", sa.Uuid(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["plan"], ["fund.plan"]))
    op.create_index("fund_account_plan", "fund_account", ["plan", "entered_at"])
    op.execute("REVOKE ALL ON fund_account FROM huzhu_app; GRANT SELECT, INSERT ON fund_account TO huzhu_app")
    op.add_column("payment", sa.Column("left_out", sa.Text(), nullable=True))


def downgrade() -> None:
    """Without them."""
    op.drop_column("payment", "left_out")
    op.drop_table("fund_account")
