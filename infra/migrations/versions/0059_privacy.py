"""Personal data: words and end of consents, holds by law, requests of persons for their data, what was disposed of when.

New tables and columns that may be empty: a process of the release before goes on beside them. Row locks none; catalogue locks of
`consent`, `letter_contact`, `person` for a moment; the index is built beside the work.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations.online import add_index
from infra.migrations.security import scope

revision = "0059"
down_revision = "0058"

_AT = sa.DateTime(timezone=True)
_PASSING = ("web_session", "password_link")     # rows that now go away when their time is over

# The access record is append-only for the application. What is older than the law asks goes through this door alone, which knows
# the shortest time itself (个人信息保护法 56: three years) and sees no more than the caller's scope.
_DISPOSE = """
    CREATE FUNCTION dispose_looks(before timestamptz, most int) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE
        gone bigint;
    BEGIN
        IF before > now() + make_interval(secs => coalesce((SELECT k.offset_seconds FROM business_clock k), 0)) - interval '3 years' THEN
            RAISE EXCEPTION 'an access record is kept for three years at least' USING ERRCODE = 'check_violation';
        END IF;
        WITH due AS (
            SELECT r.id FROM access_record r WHERE r.at < before
            AND NOT EXISTS (SELECT FROM legal_hold h WHERE h.lifted_at IS NULL AND h.looks)
            ORDER BY r.id LIMIT most)
        DELETE FROM access_record r USING due WHERE r.id = due.id;
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $body$;
    REVOKE ALL ON FUNCTION dispose_looks FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION dispose_looks TO huzhu_app;
"""


def _scoped(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
                    *columns)


def _of(table: str, name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _all(kind: sa.types.TypeEngine[Any], *names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def upgrade() -> None:
    """One index, before all else since it stands outside the transaction; columns, three tables, one function."""
    add_index("access_named", "access_record", ["what"], where="claim_id IS NULL")
    for name, kind in (("words_version", sa.Text()), ("withdrawn_by", sa.Uuid()), ("withdrawn_why", sa.Text()),
                       ("withdrawn_sha256", sa.Text())):
        op.add_column("consent", sa.Column(name, kind, nullable=True))
    for name, kind in (("words_version", sa.Text()), ("withdrawn_by", sa.Uuid())):
        op.add_column("letter_contact", sa.Column(name, kind, nullable=True))
    op.add_column("person", sa.Column("erased_at", _AT, nullable=True))
    _holds()
    _requests()
    _scoped("disposal", *_all(sa.Text(), "kind", "clause", nullable=False), sa.Column("kept_until", sa.Date(), nullable=False),
            *_all(sa.BigInteger(), "rows", "held", nullable=False), sa.Column("details", JSONB(), nullable=False),
            sa.Column("at", _AT, nullable=False))
    op.create_index("disposal_at", "disposal", ["at"])
    scope(["legal_hold", "privacy_request"])
    scope(["disposal"], append_only=True)
    op.execute("REVOKE DELETE ON legal_hold, privacy_request FROM huzhu_app")
    op.execute(f"GRANT DELETE ON {', '.join(_PASSING)} TO huzhu_app")
    op.execute("GRANT UPDATE (words_sealed) ON claim_message TO huzhu_app")      # blanked when the law's time is over
    op.execute(_DISPOSE)


def _holds() -> None:
    _scoped("legal_hold", _of("person", "person_id"), _of("case_file", "case_id"), _of("claim", "claim_id"),
            *_all(sa.Text(), "ground", "reason", nullable=False), sa.Column("paper_no", sa.Text(), nullable=True),
            sa.Column("looks", sa.Boolean(), nullable=False, server_default="true"),
            sa.Column("review_on", sa.Date(), nullable=False), *_all(sa.Uuid(), "placed_by", "placed_person"),
            sa.Column("placed_at", _AT, nullable=False), *_all(sa.Uuid(), "asked_by", "asked_person"), *_all(_AT, "asked_at"),
            *_all(sa.Text(), "asked_why"), *_all(sa.Uuid(), "lifted_by", "lifted_person"), *_all(_AT, "lifted_at"),
            sa.CheckConstraint("ground IN ('lawsuit', 'inspection', 'complaint', 'audit', 'other')", name="ground_word"),
            sa.CheckConstraint("num_nonnulls(person_id, case_id, claim_id) = 1", name="legal_hold_one"),
            sa.CheckConstraint("lifted_at IS NULL OR (lifted_by IS NOT NULL AND asked_by IS NOT NULL AND lifted_by <> asked_by)",
                               name="legal_hold_two"))
    for name in ("person", "case", "claim"):
        op.create_index(f"legal_hold_{name}", "legal_hold", [f"{name}_id"], postgresql_where=sa.text("lifted_at IS NULL"))


def _requests() -> None:
    _scoped("privacy_request", sa.Column("request_no", sa.Text(), nullable=False, unique=True), _of("person", "person_id", nullable=False),
            sa.Column("kind", sa.Text(), nullable=False), *_all(sa.Text(), "field"), *_all(sa.LargeBinary(), "wanted_sealed", "words_sealed"),
            sa.Column("channel", sa.Text(), nullable=False), *_all(sa.Text(), "identified", "proof_sha256"),
            sa.Column("state", sa.Text(), nullable=False), sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
            *_all(sa.Uuid(), "asked_by", "asked_person"), sa.Column("asked_at", _AT, nullable=False),
            sa.Column("due_on", sa.Date(), nullable=False), *_all(sa.Uuid(), "answered_by", "answered_person"), *_all(_AT, "answered_at"),
            *_all(sa.Text(), "answer", "answer_words"), *_all(sa.Date(), "kept_until"),
            *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in ("done", "total", "downloads")),
            *_all(sa.Text(), "sha256", "fault"), *_all(sa.BigInteger(), "size"), *_all(_AT, "made_at", "expires_at"),
            sa.CheckConstraint("kind IN ('export', 'correction', 'deletion')", name="kind_word"),
            sa.CheckConstraint("channel IN ('member', 'counter')", name="channel_word"),
            sa.CheckConstraint("state IN ('open', 'working', 'ready', 'answered', 'withdrawn', 'expired')", name="state_word"),
            sa.CheckConstraint("answer IN ('done', 'partly', 'refused')", name="answer_word"))
    op.create_index("privacy_request_person", "privacy_request", ["person_id", "asked_at"])
    op.create_index("privacy_request_open", "privacy_request", ["due_on"], postgresql_where=sa.text("state IN ('open', 'working')"))
    op.create_index("privacy_request_once", "privacy_request", ["person_id", "kind"], unique=True,
                    postgresql_where=sa.text("kind = 'export' AND state IN ('open', 'working')"))


def downgrade() -> None:
    """Without them."""
    op.execute("DROP FUNCTION dispose_looks; REVOKE UPDATE (words_sealed) ON claim_message FROM huzhu_app")
    op.execute(f"REVOKE DELETE ON {', '.join(_PASSING)} FROM huzhu_app")
    op.drop_index("access_named", "access_record")
    for table in ("disposal", "privacy_request", "legal_hold"):
        op.drop_table(table)
    op.drop_column("person", "erased_at")
    for name in ("withdrawn_by", "words_version"):
        op.drop_column("letter_contact", name)
    for name in ("withdrawn_sha256", "withdrawn_why", "withdrawn_by", "words_version"):
        op.drop_column("consent", name)
