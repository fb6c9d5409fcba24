"""A further supplement list of one round, prepared and waiting for a senior."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """One table under row security."""
    op.create_table(
        "further_list", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False), sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False), sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True), sa.Column("prepared_by", sa.Uuid(), nullable=False),
        sa.Column("prepared_person", sa.Uuid(), nullable=False), sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True), sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True), sa.Column("supplement_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]),
        sa.ForeignKeyConstraint(["supplement_id"], ["supplement.id"]),
        sa.CheckConstraint("outcome IN ('released', 'declined', 'dropped')", name="outcome_word"))
    op.create_index("further_list_open", "further_list", ["claim_id"], unique=True, postgresql_where=sa.text("outcome IS NULL"))
    op.create_index("further_list_waiting", "further_list", ["org_key"], postgresql_where=sa.text("outcome IS NULL"))
    scope(["further_list"])


def downgrade() -> None:
    """Without it."""
    op.drop_table("further_list")
