"""Summary sheets that go up the tree, and samples of decisions to be checked again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0015"
down_revision = "0014"

NEW = ("summary_sheet", "summary_line", "qa_sample", "qa_item")
_AT = sa.DateTime(timezone=True)


def _id(name: str = "id", *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _fen(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _who(what: str, *, at_null: bool = True) -> list[sa.Column[object]]:
    """Account, person and instant of an act."""
    return [_id(f"{what}_by", null=True), _id(f"{what}_person", null=True), sa.Column(f"{what}_at", _AT, nullable=at_null)]


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, _id(), sa.Column("org_key", sa.Text(collation="C"), nullable=False), *columns,
                    sa.PrimaryKeyConstraint("id"))


def _refers(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"])


def upgrade() -> None:
    _table("summary_sheet", _text("sheet_no"), _number("serial"), _text("plan"), sa.Column("month", sa.Date(), nullable=False),
           _text("level"), _text("level_name"), _text("status"), _number("version"), *_who("made", at_null=False),
           *_who("signed"), _text("digest", null=True), *_who("received"), sa.UniqueConstraint("sheet_no"),
           sa.CheckConstraint("status IN ('drafted', 'signed', 'received', 'discarded')", name="status_word"))
    op.create_index("summary_sheet_month", "summary_sheet", ["org_key", "month", "serial"])
    _table("summary_line", _id("sheet_id"), _number("position"), _id("claim_id"), _number("round"), _id("step_id"),
           _text("claim_no"), _text("name"), _text("event"), _fen("total_fen"),
           sa.Column("checks", postgresql.JSONB(), nullable=False), sa.Column("flags", postgresql.JSONB(), nullable=False),
           _text("facts_digest"), _number("signed_seq", null=True), _fen("decided_fen", null=True),
           sa.UniqueConstraint("sheet_id", "claim_id", name="summary_line_once"), _refers("sheet_id", "summary_sheet"),
           _refers("claim_id", "claim"), _refers("step_id", "review_step"))
    op.create_index("summary_line_claim", "summary_line", ["claim_id"])
    _table("qa_sample", _text("plan", null=True), sa.Column("from_on", sa.Date(), nullable=False),
           sa.Column("until_on", sa.Date(), nullable=False), _text("seed"), _number("size"), _text("share", null=True),
           _number("population"), _text("population_digest"), *_who("drawn", at_null=False))
    op.create_index("qa_sample_org", "qa_sample", ["org_key"])
    _table("qa_item", _id("sample_id"), _number("position"), _id("decision_id"), _id("claim_id"), _text("claim_no"),
           _number("round"), _text("finding", null=True), _text("note", null=True), *_who("checked"),
           sa.UniqueConstraint("sample_id", "decision_id", name="qa_item_once"),
           sa.UniqueConstraint("sample_id", "position", name="qa_item_position"), _refers("sample_id", "qa_sample"),
           _refers("decision_id", "decision"), _refers("claim_id", "claim"))
    scope(NEW)


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)
