"""A cover's fee tier and dangerous work, what a report was answered, and a reviewer's amounts and answers on a claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("cover", sa.Column("tier", sa.Text(), nullable=True))
    op.add_column("cover", sa.Column("high_risk_work", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("case_file", sa.Column("answers", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.add_column("claim", sa.Column("inputs", postgresql.JSONB(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("claim", "inputs")
    op.drop_column("case_file", "answers")
    op.drop_column("cover", "high_risk_work")
    op.drop_column("cover", "tier")
