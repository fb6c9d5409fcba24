"""A day's proof of an office's money, kept for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """A table that only grows."""
    op.create_table(
        "money_proof", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False), sa.Column("office", sa.Text(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False), sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("breaches", sa.Integer(), nullable=False), sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False), sa.Column("books", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("org_key", "day", name="money_proof_once"))
    scope(("money_proof",), append_only=True)


def downgrade() -> None:
    """Without them."""
    op.drop_table("money_proof")
