"""What is read from papers, answers to findings, the invoice ledger, matches, uploads in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0021"
down_revision = "0020"

_ADDED = {"turned": sa.Integer(), "tilt": sa.Float()}


def _own(*columns: sa.Column[object] | sa.Constraint) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
            *columns, sa.PrimaryKeyConstraint("id"))


def _of(table: str, column: str) -> tuple[sa.Column[object], sa.ForeignKeyConstraint]:
    return sa.Column(column, sa.Uuid(), nullable=False), sa.ForeignKeyConstraint([column], [f"{table}.id"])


def _text(name: str, **more: object) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False, **more)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Columns with a constant default need no rewrite; new tables under row security."""
    for name, kind in _ADDED.items():
        op.add_column("paper_page", sa.Column(name, kind, server_default="0", nullable=False))
    op.add_column("paper_page", sa.Column("phash", sa.BigInteger(), nullable=True))
    op.add_column("paper_page", sa.Column("grain", sa.LargeBinary(), nullable=True))
    op.add_column("paper", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    _readings()
    _answers()
    _ledger()
    op.create_table("upload_session", *_own(
        *_of("case_file", "case_id"), sa.Column("account_id", sa.Uuid(), nullable=False), _text("kind"), _text("file_name"),
        sa.Column("size", sa.Integer(), nullable=False), sa.Column("received", sa.Integer(), nullable=False), _text("sha256"),
        _instant("begun_at"), _instant("expires_at")))
    op.create_index("upload_session_account", "upload_session", ["account_id"])
    scope(["paper_reading", "paper_field", "invoice", "paper_match", "upload_session"])
    scope(["fact_source", "finding_answer"], append_only=True)


def _readings() -> None:
    op.create_table("paper_reading", *_own(
        *_of("paper", "paper_id"), _text("source"), _text("engine"), sa.Column("sheets", postgresql.JSONB(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True), _instant("read_at"),
        sa.CheckConstraint("source IN ('ocr', 'text', 'hand')", name="source_word"),
        sa.UniqueConstraint("paper_id", name="paper_reading_once")))
    op.create_table("paper_field", *_own(
        *_of("claim", "claim_id"), *_of("paper", "paper_id"), sa.Column("page", sa.Integer(), nullable=False), _text("sheet"),
        _text("name"), sa.Column("place", sa.Integer(), nullable=False), sa.Column("value_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("read_sealed", sa.LargeBinary(), nullable=True), sa.Column("confidence", sa.Float(), nullable=True),
        *(sa.Column(side, sa.Float(), nullable=True) for side in ("left", "top", "right", "bottom")), _text("source"), _text("state"),
        sa.Column("answered_by", sa.Uuid(), nullable=True), _instant("answered_at", nullable=True),
        sa.CheckConstraint("source IN ('ocr', 'text', 'person')", name="source_word"),
        sa.CheckConstraint("state IN ('read', 'accepted', 'corrected', 'unreadable')", name="state_word"),
        sa.UniqueConstraint("paper_id", "page", "name", "place", name="paper_field_once")))
    op.create_index("paper_field_claim", "paper_field", ["claim_id"])


def _answers() -> None:
    op.create_table("fact_source", *_own(
        *_of("claim", "claim_id"), _text("fact"), sa.Column("place", sa.Integer(), nullable=False),
        *_of("paper_field", "field_id"), sa.Column("by_person", sa.Uuid(), nullable=True), _instant("at")))
    op.create_index("fact_source_claim", "fact_source", ["claim_id"])
    op.create_table("finding_answer", *_own(
        *_of("claim", "claim_id"), _text("key"), _text("verdict"), _text("reason"), sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True), _instant("at"),
        sa.CheckConstraint("verdict IN ('confirmed', 'overridden')", name="verdict_word")))
    op.create_index("finding_answer_claim", "finding_answer", ["claim_id"])


def _ledger() -> None:
    op.create_table("invoice", *_own(
        *_of("claim", "claim_id"), *_of("paper", "paper_id"), sa.Column("page", sa.Integer(), nullable=False), _text("code"),
        _text("number"), sa.Column("issued_on", sa.Date(), nullable=True), sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("paper_id", "page", name="invoice_once")))
    op.create_index("invoice_number", "invoice", ["number", "code"])
    op.create_index("invoice_claim", "invoice", ["claim_id"])
    op.create_table("paper_match", *_own(
        *_of("claim", "claim_id"), *_of("paper", "paper_id"), sa.Column("page", sa.Integer(), nullable=False),
        *_of("claim", "other_claim_id"), *_of("paper", "other_paper_id"), sa.Column("other_page", sa.Integer(), nullable=False),
        _text("how"), sa.Column("detail", postgresql.JSONB(), nullable=False), _instant("found_at"),
        sa.CheckConstraint("how IN ('bytes', 'number', 'picture')", name="how_word"),
        sa.UniqueConstraint("paper_id", "page", "other_paper_id", "other_page", "how", name="paper_match_once")))
    op.create_index("paper_match_claim", "paper_match", ["claim_id"])


def downgrade() -> None:
    """Without them."""
    for table in ("upload_session", "paper_match", "invoice", "finding_answer", "fact_source", "paper_field", "paper_reading"):
        op.drop_table(table)
    op.drop_column("paper", "removed_at")
    for column in ("grain", "phash", *_ADDED):
        op.drop_column("paper_page", column)
