"""Boards of a million claims ask no more of the disk than those of a hundred thousand; a refresh reads what grew, not the record.

The map counts a month's entries by an index; returned claims, the riskiest promises and paused ones come in their order. The index on
the record's time knows nothing of what was written since the last VACUUM, which an ever-growing table seldom sees: from now on each
part of it is summed up when the next one is begun, and what is there, at once. Locks: the index of paused promises holds up writing to
`sla_clock` while it reads them all (seven million: some ten seconds), the others the refresh of the figures; summing up reads the
record once (a million claims: a minute or two) and holds up nobody.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0053"


def upgrade() -> None:
    """Three indexes on derived tables, one on clocks, and one setting."""
    op.create_index("clock_paused", "sla_clock", ["due_on", "id"], postgresql_where=sa.text("state = 'paused'"))
    op.create_index("stage_visit_entered", "stage_visit", ["entered_at"])
    op.create_index("stage_visit_returned", "stage_visit", ["left_at", "claim_id"], postgresql_where=sa.text("first AND returned > 0"))
    op.create_index("claim_risk_rank", "claim_risk", ["promise", sa.text("rank DESC"), "left_days", "claim_id"])
    op.execute("ALTER INDEX audit_record_at SET (autosummarize = on)")
    op.execute("SELECT brin_summarize_new_values('audit_record_at')")


def downgrade() -> None:
    """As before."""
    op.execute("ALTER INDEX audit_record_at RESET (autosummarize)")
    op.drop_index("claim_risk_rank", "claim_risk")
    op.drop_index("stage_visit_returned", "stage_visit")
    op.drop_index("stage_visit_entered", "stage_visit")
    op.drop_index("clock_paused", "sla_clock")
