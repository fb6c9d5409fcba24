"""One-bill settlement at hospitals' windows: hospitals, bills with their versions, days reconciled and paid.

Five tables of their own; an account may be a hospital's program. No lock beyond catalogue rows and `account` for a moment.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from infra.migrations.security import scope

revision = "0052"
down_revision = "0051"

_KINDS = "kind IN ('person', 'system', 'insurer'{more})"
_AT = sa.DateTime(timezone=True)


def _scoped(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
                    *columns)


def _of(table: str, name: str, *, nullable: bool = False, unique: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=nullable, unique=unique)


def _all(kind: sa.types.TypeEngine[object], *names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def upgrade() -> None:
    """The tables."""
    op.drop_constraint("kind_word", "account")
    op.create_check_constraint("kind_word", "account", _KINDS.format(more=", 'hospital'"))
    _scoped("hospital", sa.Column("code", sa.Text(), nullable=False, unique=True), *_all(sa.Text(), "name", "plan"),
            _of("account", "account_id", unique=True), *_all(sa.Text(), "pay_to"), *_all(_AT, "created_at"),
            *_all(sa.Date(), "closed_on", nullable=True),
            sa.CheckConstraint("pay_to IN ('hospital', 'fund')", name="pay_to_word"))
    _bills()
    _days()
    scope(["hospital", "window_bill", "window_day", "window_listed"])
    scope(["window_version"], append_only=True)


def _bills() -> None:
    _scoped("window_bill", _of("hospital", "hospital_id"), *_all(sa.Text(), "setl_id", "mdtrt_id"), *_all(_AT, "settled_at"),
            *_all(sa.Date(), "settled_on"), *_all(sa.Text(), "plan"), *_all(sa.Date(), "plan_from"),
            _of("person", "person_id", nullable=True), _of("cover", "cover_id", nullable=True),
            *_all(sa.LargeBinary(), "person_index"), *_all(sa.Text(), "med_type"), *_all(sa.Boolean(), "out_of_region"),
            *_all(sa.BigInteger(), "medfee_fen", "pool_paid_fen", "pool_own_fen", "large_own_fen"), *_all(sa.Integer(), "correction_no"),
            *_all(sa.LargeBinary(), "digest"), *_all(sa.Text(), "state", "outcome"), *_all(sa.Text(), "reason", nullable=True),
            *_all(ARRAY(sa.Text()), "flags", "benefits"), *_all(ARRAY(sa.BigInteger()), "amounts"), *_all(sa.BigInteger(), "share_fen"),
            *_all(sa.Integer(), "version"), *_all(_AT, "received_at", "changed_at"),
            sa.UniqueConstraint("hospital_id", "setl_id", name="window_bill_once"),
            sa.CheckConstraint("state IN ('standing', 'reversed')", name="state_word"),
            sa.CheckConstraint("share_fen >= 0", name="share_positive"))
    op.create_index("window_bill_cover", "window_bill", ["cover_id"],
                    postgresql_where=sa.text("state = 'standing' AND cover_id IS NOT NULL"))
    op.create_index("window_bill_person", "window_bill", ["person_id"])
    op.create_index("window_bill_day", "window_bill", ["hospital_id", "settled_on"])
    _scoped("window_version", _of("window_bill", "bill_id"), _of("hospital", "hospital_id"),
            *_all(sa.Integer(), "seq", "correction_no"), *_all(sa.Text(), "why"), *_all(sa.LargeBinary(), "digest"),
            *_all(sa.Date(), "counts_on"), *_all(sa.BigInteger(), "share_fen", "change_fen"), *_all(JSONB(), "input", "output"),
            *_all(sa.Text(), "rule_digest"), *_all(sa.Text(), "reason", nullable=True), *_all(sa.Uuid(), "account_id", nullable=True),
            *_all(_AT, "at"), sa.UniqueConstraint("bill_id", "seq", name="window_version_once"),
            sa.CheckConstraint("why IN ('settled', 'corrected', 'adjusted', 'reversed', 'superseded')", name="why_word"))
    op.create_index("window_version_day", "window_version", ["hospital_id", "counts_on"])


def _days() -> None:
    _scoped("window_day", _of("hospital", "hospital_id"), *_all(sa.Text(), "plan"), *_all(sa.Date(), "day"), *_all(_AT, "listed_at"),
            *_all(sa.Integer(), "their_bills"), *_all(sa.BigInteger(), "their_fen"), *_all(sa.Integer(), "our_bills"),
            *_all(sa.BigInteger(), "our_fen"), *_all(sa.Integer(), "differences"), *_all(sa.Text(), "state"),
            *_all(_AT, "agreed_at", nullable=True), *_all(sa.Text(), "reference", nullable=True), *_all(sa.Date(), "paid_on", nullable=True),
            *_all(sa.Uuid(), "made_by", "made_person", "checked_by", "checked_person", nullable=True), *_all(_AT, "paid_at", nullable=True),
            sa.UniqueConstraint("hospital_id", "day", name="window_day_once"),
            sa.CheckConstraint("state IN ('differs', 'agreed', 'paying', 'paid')", name="state_word"),
            sa.CheckConstraint("checked_person IS DISTINCT FROM made_person OR checked_person IS NULL", name="two_persons"))
    op.create_table("window_listed", _of("window_day", "day_id"), sa.Column("setl_id", sa.Text(), nullable=False),
                    sa.Column("org_key", sa.Text(collation="C"), nullable=False), *_all(sa.BigInteger(), "share_fen"),
                    sa.PrimaryKeyConstraint("day_id", "setl_id"))


def downgrade() -> None:
    """Without them; hospitals' accounts become closed programs' accounts."""
    for table in ("window_listed", "window_day", "window_version", "window_bill", "hospital"):
        op.drop_table(table)
    op.execute("DELETE FROM role_grant WHERE role = 'hospital'")
    op.execute("UPDATE account SET kind = 'system', active = false WHERE kind = 'hospital'")
    op.drop_constraint("kind_word", "account")
    op.create_check_constraint("kind_word", "account", _KINDS.format(more=""))
