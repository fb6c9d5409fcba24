"""Letters about no claim: certificates of cover, a month's summary up the tree."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations.security import scope

revision = "0034"
down_revision = "0033"

_TEXTS = ("number", "digest", "sha256", "check_code")
_NO_TEXTS = ("void_reason",)


def upgrade() -> None:
    """One table; a row is added and later at most voided or replaced, never taken away."""
    op.create_table(
        "office_letter", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False), sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cover_id", sa.Uuid(), nullable=True), sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("valid_on", sa.Date(), nullable=False), sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False), sa.Column("serial", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS), sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("context", JSONB(), nullable=False), sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("issued_person", sa.Uuid(), nullable=True), sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.Uuid(), nullable=True), sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in _NO_TEXTS), sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("code IN ('cover_certificate', 'monthly_summary')", name="code_word"),
        sa.CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name="office_letter_voided"),
        sa.UniqueConstraint("series", "year", "serial", name="office_letter_number"),
        sa.UniqueConstraint("check_code", name="office_letter_check"),
        sa.ForeignKeyConstraint(["cover_id"], ["cover.id"]), sa.ForeignKeyConstraint(["person_id"], ["person.id"]))
    op.create_index("office_letter_subject", "office_letter", ["code", "subject"])
    op.create_index("office_letter_org", "office_letter", ["org_key"])
    scope(["office_letter"])
    op.execute("REVOKE DELETE ON office_letter FROM huzhu_app")


def downgrade() -> None:
    """Without it."""
    op.drop_table("office_letter")
