"""The chain in full: who stood in for whom, who decided (one view), what a reviewer last saw, stock phrases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0014"
down_revision = "0013"

_AT = sa.DateTime(timezone=True)
_KEY = sa.Text(collation="C")


def _id(name: str = "id", *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=null)


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, _id(), sa.Column("org_key", _KEY, nullable=False), *columns, sa.PrimaryKeyConstraint("id"))


def upgrade() -> None:
    _table("stood_in", _id("chain_id"), _id("subject_id"), _text("machine"), _text("event"), _id("by_account"), _id("by_person"),
           _id("for_person"), sa.Column("at", _AT, nullable=False))
    op.create_index("stood_in_subject", "stood_in", ["subject_id"])
    _table("review_look", _id("claim_id"), sa.Column("round", sa.Integer(), nullable=False), _id("person_id"), _id("account_id"),
           _text("act"), sa.Column("seq", sa.Integer(), nullable=False), _text("digest"), _id("worksheet_id", null=True),
           sa.Column("snapshot", postgresql.JSONB(), nullable=False), sa.Column("at", _AT, nullable=False),
           sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]), sa.ForeignKeyConstraint(["worksheet_id"], ["worksheet.id"]))
    op.create_index("review_look_person", "review_look", ["claim_id", "person_id", "seq"])
    _table("stock_phrase", _text("reason"), _text("words"), _id("made_by"), _id("made_person"),
           sa.Column("made_at", _AT, nullable=False), _id("retired_by", null=True), sa.Column("retired_at", _AT, nullable=True))
    op.create_index("stock_phrase_org", "stock_phrase", ["org_key", "reason"])
    scope(["stood_in", "review_look"], append_only=True)
    scope(["stock_phrase"])
    # A phrase names nobody: what a union above wrote is read below it, and written only in the own branch.
    op.execute("""
        CREATE POLICY stock_phrase_above ON stock_phrase FOR SELECT USING (
            current_setting('app.org_path') <> '' AND starts_with(current_setting('app.org_path') || '.', org_key))""")
    _who_decided()


def _who_decided() -> None:
    """The one definition of who decided on a claim's round; every check of separation reads it."""
    # With the asker's rights: row security of the tables below holds.
    op.execute("""
        CREATE VIEW deciding_act WITH (security_invoker = true) AS
        SELECT c.id AS claim_id, c.round, 'verify' AS act, c.id AS subject_id, c.verified_person AS person_id
            FROM claim c WHERE c.verified_person IS NOT NULL
        UNION ALL
        SELECT s.claim_id, s.round, 'review', s.id, s.done_person FROM review_step s
            WHERE s.act = 'review' AND s.state IN ('passed', 'refused') AND s.done_person IS NOT NULL
        UNION ALL
        SELECT c.id, (m.value ->> 'round')::int, 'amount', c.id, (m.value ->> 'person')::uuid
            FROM claim c, jsonb_each(coalesce(c.inputs -> 'manual', '{}')) m
        UNION ALL
        SELECT c.id, (m.value ->> 'round')::int, 'regrade', c.id, (m.value ->> 'person')::uuid
            FROM claim c, jsonb_each(coalesce(c.inputs -> 'regraded', '{}')) m
        UNION ALL
        SELECT p.claim_id, p.round, 'make', n.id, n.made_person FROM payment p JOIN payment_run n ON n.id = p.run_id
        UNION ALL
        SELECT p.claim_id, p.round, 'check', n.id, n.checked_person FROM payment p JOIN payment_run n ON n.id = p.run_id
            WHERE n.checked_person IS NOT NULL;
        -- A substitute counts as both: once as the person that acted, once (`through` that person) as each one stood for.
        CREATE VIEW deciding_person WITH (security_invoker = true) AS
        SELECT d.claim_id, d.round, d.act, d.subject_id, d.person_id, NULL::uuid AS through FROM deciding_act d
        UNION ALL
        SELECT d.claim_id, d.round, d.act, d.subject_id, t.for_person, d.person_id FROM deciding_act d
            JOIN stood_in t ON t.subject_id = d.subject_id AND t.by_person = d.person_id;
        GRANT SELECT ON deciding_act, deciding_person TO huzhu_app;
    """)


def downgrade() -> None:
    op.execute("DROP VIEW deciding_person; DROP VIEW deciding_act")
    for table in ("stock_phrase", "review_look", "stood_in"):
        op.drop_table(table)
