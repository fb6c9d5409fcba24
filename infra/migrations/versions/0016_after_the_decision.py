"""Objections, reopenings, money to be recovered, the conversation inside a claim, originals."""

from __future__ import annotations

import runpy
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0016"
down_revision = "0015"

NEW = ("objection", "reopening", "receivable", "claim_message", "message_mark", "original_request")
_AT = sa.DateTime(timezone=True)


def _id(name: str, *, null: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=null)


def _text(name: str, *, null: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=null)


def _at(name: str, *, null: bool = True) -> sa.Column[object]:
    return sa.Column(name, _AT, nullable=null)


def _int(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _fen(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=null)


def _key(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"])


def _word(column: str, *words: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=f"{column}_word")


def _table(name: str, *columns: sa.schema.SchemaItem, moving: bool = False) -> None:
    state = (_text("state", null=False), _int("version")) if moving else ()
    op.create_table(name, _id("id", null=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False), *state,
                    _id("claim_id", null=False), *columns, sa.PrimaryKeyConstraint("id"), _key("claim_id", "claim"))


def _objections() -> None:
    results = ("raised", "upheld", "lowered", "dismissed")
    _table("objection", _int("round"), _id("decision_id", null=False), _id("objector_id", null=False), _id("lodged_by"),
           _id("lodged_person"), _at("lodged_at", null=False), _text("grounds", null=False), _json("papers"),
           sa.Column("late", sa.Boolean(), nullable=False), _text("late_reason"), _id("accepted_by"), _id("accepted_person"),
           _at("accepted_at"), _text("result"), _text("result_words"), _id("decided_person"), _at("decided_at"),
           _at("withdrawn_at"), _word("state", "lodged", "accepted", "decided", "withdrawn"), _word("result", *results),
           _key("decision_id", "decision"), _key("objector_id", "person"), moving=True)
    op.create_index("objection_claim", "objection", ["claim_id"])
    op.create_index("objection_open", "objection", ["claim_id"], unique=True,
                    postgresql_where=sa.text("state IN ('lodged', 'accepted')"))
    _table("reopening", _text("ground", null=False), _text("kind"), _id("objection_id"), _json("changes"),
           _json("event", null=True), _text("why", null=False), _id("asked_by"), _id("asked_person"), _at("asked_at", null=False),
           _id("confirmed_by"), _id("confirmed_person"), _at("confirmed_at"), _at("withdrawn_at"), _int("round", null=True),
           _id("verified_person"), _json("barred"), _fen("before_fen"), _fen("lapsed_fen"), _fen("after_fen", null=True), _text("result"),
           _at("concluded_at"), _word("ground", "objection", "correction"),
           _word("kind", "fact", "amount", "card", "clerical", "other"), _word("result", *results),
           _key("objection_id", "objection"), sa.UniqueConstraint("claim_id", "round", name="reopening_once"))
    op.create_index("reopening_asked", "reopening", ["claim_id"], unique=True,
                    postgresql_where=sa.text("confirmed_at IS NULL AND withdrawn_at IS NULL"))
    _table("receivable", _int("round"), _id("person_id", null=False), _fen("amount_fen"), _fen("received_fen"),
           _text("why", null=False), _text("agreement"), _text("write_off_reason"), _id("write_off_person"),
           _at("created_at", null=False), _at("closed_at"), _word("state", "open", "agreed", "received", "written_off"),
           sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
           sa.CheckConstraint("received_fen BETWEEN 0 AND amount_fen", name="received_within"), _key("person_id", "person"),
           sa.UniqueConstraint("claim_id", "round", name="receivable_once"), moving=True)


def _conversation() -> None:
    _table("claim_message", _text("side", null=False), sa.Column("internal", sa.Boolean(), nullable=False), _id("account_id"),
           _id("person_id"), _text("author_name", null=False), sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
           _json("papers"), _at("at", null=False), _word("side", "member", "office"))
    op.create_index("claim_message_claim", "claim_message", ["claim_id", "at"])
    _table("message_mark", _text("side", null=False), _id("account_id"), _at("read_until", null=False),
           _word("side", "member", "office"), sa.UniqueConstraint("claim_id", "side", name="message_mark_once"))


def _originals() -> None:
    ways = ("counter", "post", "clerk")
    _table("original_request", _id("paper_id", null=False), _text("reason", null=False),
           sa.Column("due_on", sa.Date(), nullable=False), _id("asked_by"), _id("asked_person"), _at("asked_at", null=False),
           _text("received_no"), _text("received_how"), _text("received_from"), sa.Column("same", sa.Boolean(), nullable=True),
           _text("received_note"), _id("received_by"), _at("received_at"), _text("returned_no"), _text("returned_how"),
           _text("returned_to"), _id("returned_by"), _at("returned_at"), _at("dropped_at"), _text("dropped_why"),
           _word("received_how", *ways), _word("returned_how", *ways), _key("paper_id", "paper"))
    op.create_index("original_request_claim", "original_request", ["claim_id"])
    op.create_index("original_request_open", "original_request", ["paper_id"], unique=True,
                    postgresql_where=sa.text("returned_at IS NULL AND dropped_at IS NULL"))


def upgrade() -> None:
    """Six tables, bound by row security; messages are never changed."""
    # The owner too is bound by row security, which no setting of this connection satisfies, and a key reads its table.
    _objections()
    _conversation()
    _originals()
    scope([name for name in NEW if name != "claim_message"])
    scope(["claim_message"], append_only=True)
    _rounds_before()


def _rounds_before() -> None:
    """Who decided before an objection counts as having decided in the round that hears it; a round's verifier stays known."""
    present = op.get_bind().execute(sa.text("SELECT pg_get_viewdef('deciding_act'::regclass)")).scalar_one()
    op.execute(f"""
        CREATE OR REPLACE VIEW deciding_act WITH (security_invoker = true) AS {present.rstrip().rstrip(";")}
        UNION ALL
        SELECT q.claim_id, q.round - 1, 'verify', q.claim_id, q.verified_person FROM reopening q
            WHERE q.round IS NOT NULL AND q.verified_person IS NOT NULL
        UNION ALL
        SELECT q.claim_id, q.round, 'review', q.id, coalesce(p.merged_into, p.id)
            FROM reopening q, jsonb_array_elements_text(q.barred) AS b(person), person p
            WHERE q.round IS NOT NULL AND p.id = b.person::uuid""")


def downgrade() -> None:
    """Without them; the view as the chain's migration made it."""
    op.execute("DROP VIEW deciding_person; DROP VIEW deciding_act")
    runpy.run_path(str(next(Path(__file__).parent.glob("0014_*.py"))))["_who_decided"]()
    for table in ("original_request", "message_mark", "claim_message", "receivable", "reopening", "objection"):
        op.drop_table(table)
