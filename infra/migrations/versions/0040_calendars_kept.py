"""Calendars are kept by version; a released year recounts the clocks it touches and lists what changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations.security import scope

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Two tables whose rows stay; a calendar proposed before its files were kept names bytes that nobody has."""
    op.create_table(
        "calendar_version", sa.Column("version", sa.Text(), primary_key=True), sa.Column("texts", JSONB(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False))
    op.execute("GRANT SELECT, INSERT ON calendar_version TO huzhu_app")
    op.create_table(
        "clock_recount", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False), sa.Column("clock_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False), sa.Column("old_due", sa.Date(), nullable=False),
        sa.Column("new_due", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("old_words", "new_words", "old_calendar", "new_calendar")),
        sa.Column("letters", JSONB(), nullable=False), sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]), sa.ForeignKeyConstraint(["clock_id"], ["sla_clock.id"]))
    op.create_index("clock_recount_claim", "clock_recount", ["claim_id"])
    op.create_index("clock_recount_org", "clock_recount", ["org_key", "counted_at"])
    scope(["clock_recount"])        # an organisation that moves takes its rows along
    op.execute("REVOKE DELETE ON clock_recount FROM huzhu_app")
    op.execute("UPDATE release SET state = 'withdrawn' WHERE kind = 'calendar' AND state = 'proposed'")


def downgrade() -> None:
    """Without them."""
    op.drop_table("clock_recount")
    op.drop_table("calendar_version")
