"""How letters travel: consented contacts, attempts, and what became of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0035"
down_revision = "0034"

_MESSAGES = "channel IN ('sms', 'wecom', 'mail')"
_CHANNELS = "channel IN ('sms', 'wecom', 'mail', 'portal', 'paper')"
_OUTCOMES = """outcome IN ('calling', 'unreached', 'sent', 'refused', 'lost', 'received', 'failed', 'posted', 'opened', 'delivered',
    'returned', 'unopened', 'stopped')"""


def upgrade() -> None:
    """Three new tables; attempts and outcomes are only added to."""
    instant, text = sa.DateTime(timezone=True), sa.Text()
    op.create_table(
        "letter_contact", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("channel", text, nullable=False), sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False), sa.Column("shown", text, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True), sa.Column("consented_at", instant, nullable=False),
        sa.Column("withdrawn_at", instant, nullable=True), sa.CheckConstraint(_MESSAGES, name="channel_word"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]), sa.PrimaryKeyConstraint("id"))
    op.create_index("letter_contact_person", "letter_contact", ["person_id"])
    op.execute("REVOKE ALL ON letter_contact FROM huzhu_app; GRANT SELECT, INSERT, UPDATE ON letter_contact TO huzhu_app")
    op.create_table(
        "delivery_attempt", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False), sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("channel", text, nullable=False), sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("shown", text, nullable=False), sa.Column("why", text, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True), sa.Column("at", instant, nullable=False),
        sa.CheckConstraint(_CHANNELS, name="channel_word"), sa.ForeignKeyConstraint(["notice_id"], ["notice.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["letter_contact.id"]),
        sa.UniqueConstraint("notice_id", "n", name="delivery_attempt_once"), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "delivery_event", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False), sa.Column("outcome", text, nullable=False),
        sa.Column("event_key", text, nullable=False), sa.Column("provider_id", text, nullable=True),
        sa.Column("words", text, nullable=False), sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("happened_at", instant, nullable=False), sa.Column("at", instant, nullable=False),
        sa.CheckConstraint(_OUTCOMES, name="outcome_word"), sa.ForeignKeyConstraint(["attempt_id"], ["delivery_attempt.id"]),
        sa.UniqueConstraint("event_key", name="delivery_event_once"), sa.PrimaryKeyConstraint("id"))
    op.create_index("delivery_event_attempt", "delivery_event", ["attempt_id"])
    op.create_index("delivery_event_provider", "delivery_event", ["provider_id"])
    scope(["delivery_attempt", "delivery_event"], append_only=True)


def downgrade() -> None:
    """Without them."""
    for table in ("delivery_event", "delivery_attempt", "letter_contact"):
        op.drop_table(table)
