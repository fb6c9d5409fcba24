"""Reports from every door, offers to join, heirs and guardians."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0008"
down_revision = "0007"

NEW = ("report_note", "duplicate_verdict", "cancel_request", "report_draft", "report_import")
_AT = sa.DateTime(timezone=True)


def _id(name: str = "id", *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=null)


def _asked() -> list[sa.Column[object]]:
    """Who asked for something and who, another person, confirmed it."""
    return [_text("reason"), _id("asked_by", null=True), _id("asked_person", null=True),
            sa.Column("asked_at", _AT, nullable=False), _id("confirmed_by", null=True), _id("confirmed_person", null=True),
            sa.Column("confirmed_at", _AT, nullable=True), sa.Column("withdrawn_at", _AT, nullable=True)]


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, _id(), sa.Column("org_key", sa.Text(collation="C"), nullable=False), *columns,
                    sa.PrimaryKeyConstraint("id"))


def upgrade() -> None:
    # The owner too is bound by row security, which no setting of this connection satisfies, and a key reads its table.
    for table in ("case_file", "payee"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.add_column("case_file", _id("joined_into", null=True))
    op.create_foreign_key(None, "case_file", "case_file", ["joined_into"], ["id"])
    op.add_column("case_file", sa.Column("joined_at", _AT, nullable=True))
    op.add_column("payee", _text("basis", null=True))
    op.create_check_constraint("basis_word", "payee", "basis IN ('law', 'named')")
    op.add_column("payee", _id("guardian_id", null=True))
    op.create_foreign_key(None, "payee", "person", ["guardian_id"], ["id"])
    for table in ("case_file", "payee"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    _table("report_note", _id("case_id"), _text("channel"), _text("reporter_name"), _text("relation", null=True),
           _text("line", null=True), _text("number_called", null=True),
           sa.Column("caller_phone_sealed", sa.LargeBinary(), nullable=True), sa.Column("called_at", _AT, nullable=True),
           sa.Column("said_sealed", sa.LargeBinary(), nullable=True), sa.Column("event", postgresql.JSONB(), nullable=False),
           _text("hospital", null=True), sa.Column("reported_on", sa.Date(), nullable=False), _id("taken_by", null=True),
           _id("taken_person", null=True), sa.Column("at", _AT, nullable=False),
           sa.CheckConstraint("channel IN ('member', 'clerk', 'phone', 'insurer', 'api')", name="channel_word"),
           sa.CheckConstraint("line IN ('95511', 'office')", name="line_word"),
           sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]))
    op.create_index("report_note_case", "report_note", ["case_id"])
    _table("duplicate_verdict", _id("case_id"), _id("other_id"), _text("verdict"), *_asked(),
           sa.CheckConstraint("verdict IN ('join', 'apart')", name="verdict_word"),
           sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]), sa.ForeignKeyConstraint(["other_id"], ["case_file.id"]))
    op.create_index("duplicate_verdict_case", "duplicate_verdict", ["case_id"])
    op.create_index("duplicate_verdict_other", "duplicate_verdict", ["other_id"])
    op.create_index("duplicate_verdict_once", "duplicate_verdict", ["case_id", "other_id"], unique=True,
                    postgresql_where=sa.text("withdrawn_at IS NULL"))
    _table("cancel_request", _id("claim_id"), _text("ground"), *_asked(),
           sa.CheckConstraint("ground IN ('duplicate', 'mistake')", name="ground_word"),
           sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]))
    op.create_index("cancel_request_open", "cancel_request", ["claim_id"], unique=True,
                    postgresql_where=sa.text("confirmed_at IS NULL AND withdrawn_at IS NULL"))
    _table("report_draft", _id("account_id"), sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
           sa.Column("saved_at", _AT, nullable=False), sa.Column("version", sa.Integer(), nullable=False))
    op.create_index("report_draft_account", "report_draft", ["account_id"])
    _table("report_import", _text("sha256"), _text("file_name"), sa.Column("rows", sa.Integer(), nullable=False),
           sa.Column("accepted", sa.Integer(), nullable=False), sa.Column("outcome", postgresql.JSONB(), nullable=False),
           sa.Column("faults", postgresql.JSONB(), nullable=False), _text("errors_sha256", null=True),
           _id("account_id", null=True), sa.Column("at", _AT, nullable=False))
    scope(NEW)


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)
    op.drop_column("payee", "guardian_id")
    op.drop_constraint("basis_word", "payee")
    op.drop_column("payee", "basis")
    op.drop_column("case_file", "joined_at")
    op.drop_column("case_file", "joined_into")
