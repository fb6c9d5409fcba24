"""Where the insurer's amount is not ours, line by line; who looks after a file at the insurer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Two new tables; nothing that exists is touched."""
    op.create_table(
        "disagreement", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False), sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False), sa.Column("worksheet_id", sa.Uuid(), nullable=False),
        sa.Column("liability", sa.Text(), nullable=False), sa.Column("ours_fen", sa.BigInteger(), nullable=False),
        sa.Column("theirs_fen", sa.BigInteger(), nullable=False), sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("clause", sa.Text(), nullable=False), sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False), sa.Column("due_words", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=True), sa.Column("why", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True), sa.Column("asked_person", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True), sa.Column("reopening_id", sa.Uuid(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True), sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True), sa.Column("closed_person", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asked IN ('accept', 'insist')", name="asked_word"),
        sa.CheckConstraint("result IN ('accepted', 'changed', 'upheld', 'closed')", name="result_word"),
        sa.CheckConstraint("ours_fen <> theirs_fen", name="disagreement_differs"),
        sa.CheckConstraint("(result IS NULL) = (closed_at IS NULL)", name="disagreement_closed"),
        sa.CheckConstraint("result IS DISTINCT FROM 'accepted' OR (asked_person IS NOT NULL AND closed_person IS NOT NULL"
                           " AND asked_person <> closed_person)", name="disagreement_two_persons"),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"]), sa.ForeignKeyConstraint(["worksheet_id"], ["worksheet.id"]),
        sa.ForeignKeyConstraint(["reopening_id"], ["reopening.id"]),
        sa.UniqueConstraint("claim_id", "round", "liability", name="disagreement_once"))
    op.create_index("disagreement_open", "disagreement", ["org_key", "opened_at"], postgresql_where=sa.text("closed_at IS NULL"))
    op.create_table(
        "handoff_owner", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False), sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("given_by", sa.Uuid(), nullable=True), sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"]))
    op.create_index("handoff_owner_newest", "handoff_owner", ["handoff_id", "at"])
    scope(["disagreement"])
    scope(["handoff_owner"], append_only=True)


def downgrade() -> None:
    """Without them."""
    op.drop_table("handoff_owner")
    op.drop_table("disagreement")
