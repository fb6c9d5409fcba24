"""Indexes behind the desks: open levels and clocks, claims to verify, messages, objections, a number's beginning, a name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Small partial ones for what is open; two over everything for the search."""
    op.create_index("review_step_open", "review_step", ["duty_key", "role"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("clock_kind_due", "sla_clock", ["kind", "due_on"], postgresql_where=sa.text("state = 'running'"))
    op.create_index("claim_in_review", "claim", ["org_key"], postgresql_where=sa.text("state = 'in_review'"))
    op.create_index("claim_to_verify", "claim", ["org_key"], postgresql_where=sa.text("state = 'reported'"))
    op.create_index("claim_message_asked", "claim_message", ["org_key"], postgresql_where=sa.text("side = 'member' AND NOT internal"))
    op.create_index("objection_lodged", "objection", ["org_key"], postgresql_where=sa.text("state = 'lodged'"))
    # A beginning is a range of bytes; only so is it an index under row security (a LIKE is not leakproof).
    op.create_index("claim_number", "claim", [sa.text('claim_no COLLATE "C"')])
    op.create_index("person_name", "person", ["name"])
    op.execute("ANALYZE claim")         # statistics of the expression, without which nobody uses the index


def downgrade() -> None:
    """Without them."""
    for name, table in (("person_name", "person"), ("claim_number", "claim"), ("objection_lodged", "objection"),
                        ("claim_message_asked", "claim_message"), ("claim_to_verify", "claim"), ("claim_in_review", "claim"),
                        ("clock_kind_due", "sla_clock"), ("review_step_open", "review_step")):
        op.drop_index(name, table)
