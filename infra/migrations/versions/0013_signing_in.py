"""Signing in: passwords, second factors, sessions, identities elsewhere, substitutes on leave; two-person releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0009"

_AT = sa.DateTime(timezone=True)
_CHANGED = ("credential", "recovery_code", "password_link", "sign_in_guard", "web_session", "oidc_subject", "substitute", "release")
_PASSING = ("recovery_code", "sign_in_guard", "oidc_attempt")      # rows that go away again


def _account(name: str = "account_id", *, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("account.id"), primary_key=primary_key, nullable=False)


def upgrade() -> None:
    op.create_table(
        "credential", _account(primary_key=True), sa.Column("password_hash", sa.Text()), sa.Column("password_at", _AT),
        sa.Column("totp_sealed", sa.LargeBinary()), sa.Column("totp_at", _AT), sa.Column("totp_pending", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False))
    op.create_table("recovery_code", _account(primary_key=True), sa.Column("digest", sa.LargeBinary(), primary_key=True),
                    sa.Column("used_at", _AT))
    op.create_table(
        "password_link", sa.Column("digest", sa.LargeBinary(), primary_key=True), _account(), sa.Column("made_by", sa.Uuid()),
        sa.Column("reason", sa.Text(), nullable=False), sa.Column("expires_at", _AT, nullable=False), sa.Column("used_at", _AT))
    op.create_index("ix_password_link_account_id", "password_link", ["account_id"])
    op.create_table(
        "sign_in_guard", sa.Column("login_index", sa.LargeBinary(), primary_key=True),
        sa.Column("wrong", sa.Integer(), nullable=False), sa.Column("last_at", _AT, nullable=False), sa.Column("blocked_until", _AT))
    op.create_index("ix_sign_in_guard_last_at", "sign_in_guard", ["last_at"])
    _sessions()
    op.create_table(
        "substitute", sa.Column("id", sa.Uuid(), primary_key=True), _account("absent_id"), _account(),
        sa.Column("roles", sa.Text(), nullable=False), sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False), sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False), sa.Column("made_at", _AT, nullable=False), sa.Column("ended_at", _AT),
        sa.Column("ended_by", sa.Uuid()), sa.Column("ended_why", sa.Text()),
        sa.CheckConstraint("absent_id <> account_id", name="substitute_other"),
        sa.CheckConstraint("from_on <= until_on", name="substitute_dates"))
    op.create_index("substitute_account", "substitute", ["account_id"])
    op.create_index("substitute_absent", "substitute", ["absent_id"])
    _releases()
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {', '.join(_CHANGED)} TO huzhu_app")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON {', '.join(_PASSING)} TO huzhu_app")


def _sessions() -> None:
    op.create_table(
        "web_session", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
        _account(), sa.Column("stage", sa.Text(), nullable=False), sa.Column("door", sa.Text(), nullable=False),
        sa.Column("created_at", _AT, nullable=False), sa.Column("seen_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False), sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False), sa.Column("ended_at", _AT), sa.Column("ended_why", sa.Text()),
        sa.CheckConstraint("stage IN ('half', 'full')", name="stage_word"),
        sa.CheckConstraint("door IN ('password', 'oidc')", name="door_word"))
    op.create_index("web_session_account", "web_session", ["account_id"])
    op.create_table(
        "oidc_subject", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False), _account(), sa.Column("bound_by", sa.Uuid()),
        sa.Column("at", _AT, nullable=False), sa.Column("ended_at", _AT))
    op.create_index("oidc_subject_once", "oidc_subject", ["issuer", "subject"], unique=True,
                    postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("oidc_subject_account", "oidc_subject", ["account_id"])
    op.create_table(
        "oidc_attempt", sa.Column("state_digest", sa.LargeBinary(), primary_key=True),
        sa.Column("binder_digest", sa.LargeBinary(), nullable=False), sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier_sealed", sa.LargeBinary(), nullable=False), sa.Column("expires_at", _AT, nullable=False))
    op.create_index("ix_oidc_attempt_expires_at", "oidc_attempt", ["expires_at"])


def _releases() -> None:
    op.create_table(
        "release", sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False), sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False), sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False), sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False), sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_person", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("proposed_at", _AT, nullable=False), sa.Column("answered_by", sa.Uuid()),
        sa.Column("answered_person", sa.Uuid(), sa.ForeignKey("person.id")), sa.Column("answered_at", _AT),
        sa.Column("answer_note", sa.Text()),
        sa.CheckConstraint("kind IN ('separation_rule', 'calendar', 'rule_book', 'wording')", name="kind_word"),
        sa.CheckConstraint("state IN ('proposed', 'released', 'rejected', 'withdrawn')", name="state_word"),
        # Two persons, whatever the code above does.
        sa.CheckConstraint("state NOT IN ('released', 'rejected') OR (answered_person IS NOT NULL"
                           " AND answered_person <> proposed_person)", name="release_two_persons"))
    op.create_index("release_kind", "release", ["kind", "state", "effective_on"])


def downgrade() -> None:
    for table in ("release", "substitute", "oidc_attempt", "oidc_subject", "web_session", "sign_in_guard", "password_link",
                  "recovery_code", "credential"):
        op.drop_table(table)
