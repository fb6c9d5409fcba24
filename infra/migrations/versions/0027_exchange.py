"""Periods' reports to an insurer, what was done under the cooperation rules, and the daily comparison with the insurer's list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations.security import scope

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Four new tables; nothing that exists is touched. A compared day holds counts and sums alone, which are no secret."""
    _reports()
    op.create_table(
        "cooperation_act", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("insurer", sa.Text(), nullable=False), sa.Column("code", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False), sa.Column("note", sa.Text(), nullable=False),
        sa.Column("withdraws", sa.Uuid(), nullable=True), sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False), sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code IN ('policies', 'summary', 'meeting', 'notice', 'lecture', 'team')", name="code_word"),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["withdraws"], ["cooperation_act.id"]))
    op.create_index("cooperation_act_held", "cooperation_act", ["insurer", "held_on"])
    op.create_index("cooperation_act_withdrawn", "cooperation_act", ["withdraws"], unique=True,
                    postgresql_where=sa.text("withdraws IS NOT NULL"))
    sums = ("ours_decided_fen", "theirs_decided_fen", "ours_paid_fen", "theirs_settled_fen")
    op.create_table(
        "reconciliation", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("files", "heard", "said", "kept", "applied")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in sums),
        sa.Column("differences", sa.Integer(), nullable=False), sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False), sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("day"))
    op.execute("REVOKE ALL ON reconciliation FROM huzhu_app; GRANT SELECT, INSERT ON reconciliation TO huzhu_app")
    op.create_table(
        "reconciliation_difference", sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_key", sa.Text(collation="C"), nullable=False), sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True), sa.Column("claim_no", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False), sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False), sa.Column("ours", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False), sa.Column("since", sa.Date(), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["reconciliation_id"], ["reconciliation.id"]),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]))
    op.create_index("reconciliation_difference_day", "reconciliation_difference", ["reconciliation_id", "org_key"])
    scope(["cooperation_act", "reconciliation_difference"], append_only=True)
    scope(["exchange_report"])
    op.execute("REVOKE DELETE ON exchange_report FROM huzhu_app")


def _reports() -> None:
    op.create_table(
        "exchange_report", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("insurer", sa.Text(), nullable=False), sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False), sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False), sa.Column("contents", JSONB(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False), sa.Column("why", sa.Text(), nullable=True),
        sa.Column("changes", JSONB(), nullable=False), sa.Column("prepared_by", sa.Uuid(), nullable=False),
        sa.Column("prepared_person", sa.Uuid(), nullable=False), sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True), sa.Column("issued_person", sa.Uuid(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True), sa.Column("number", sa.Text(), nullable=True),
        sa.Column("workbook_sha256", sa.Text(), nullable=True), sa.Column("letter_sha256", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('prepared', 'issued')", name="status_word"),
        sa.CheckConstraint("from_on <= until_on", name="exchange_report_days"),
        sa.CheckConstraint("(status = 'issued') = (issued_at IS NOT NULL AND number IS NOT NULL AND workbook_sha256 IS NOT NULL"
                           " AND letter_sha256 IS NOT NULL)", name="exchange_report_issued"),
        sa.CheckConstraint("issued_person IS DISTINCT FROM prepared_person OR status = 'prepared'", name="exchange_report_two_persons"),
        sa.PrimaryKeyConstraint("id"))
    op.create_index("exchange_report_period", "exchange_report", ["org_key", "insurer", "from_on", "until_on", "version"])


def downgrade() -> None:
    """Without them."""
    for table in ("exchange_report", "reconciliation_difference", "reconciliation", "cooperation_act"):
        op.drop_table(table)
