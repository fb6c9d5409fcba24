"""Answers of an insurer that came as a workbook, taken by a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations.security import scope

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """One new table; nothing that exists is touched."""
    op.create_table(
        "answer_sheet", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False), sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("letters", JSONB(), nullable=False), sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("claims", JSONB(), nullable=False), sa.Column("faults", JSONB(), nullable=False),
        sa.Column("errors_sha256", sa.Text(), nullable=True), sa.Column("brought_by", sa.Uuid(), nullable=False),
        sa.Column("brought_person", sa.Uuid(), nullable=False), sa.Column("brought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True), sa.Column("taken_person", sa.Uuid(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True), sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("dropped_by", sa.Uuid(), nullable=True), sa.Column("dropped_why", sa.Text(), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("taken_person IS NULL OR taken_person <> brought_person", name="answer_sheet_two_persons"),
        sa.CheckConstraint("taken_at IS NULL OR dropped_at IS NULL", name="answer_sheet_one_end"), sa.PrimaryKeyConstraint("id"))
    op.create_index("answer_sheet_org", "answer_sheet", ["org_key", "brought_at"])
    scope(["answer_sheet"])


def downgrade() -> None:
    """Without it."""
    op.drop_table("answer_sheet")
