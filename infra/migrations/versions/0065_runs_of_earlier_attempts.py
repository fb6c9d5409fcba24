"""Whoever made or released the run of an earlier attempt still counts as having acted on the payment: a corrected account forgot them.

Locks: the view's text is exchanged under a short ACCESS EXCLUSIVE of the view alone; no table is touched. The program before this one
runs on with it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"

# Only what was paid anew has an earlier run, and its lines are found by the payment (bank_line_payment): of all others nothing is read,
# also where many claims are asked about at once and the planner would rather begin at a person's runs, which no line is found by.
_EARLIER = """payment p CROSS JOIN LATERAL (SELECT l.run_id FROM bank_line l WHERE l.payment_id = p.id AND l.kind = 'sent'
    AND l.attempt < p.attempt OFFSET 0) l JOIN payment_run n ON n.id = l.run_id WHERE p.attempt > 1"""
_BRANCHES = f"""
    UNION ALL
    SELECT p.claim_id, p.round, 'make', n.id, n.made_person FROM {_EARLIER}
    UNION ALL
    SELECT p.claim_id, p.round, 'check', n.id, n.checked_person FROM {_EARLIER} AND n.checked_person IS NOT NULL"""


def upgrade() -> None:
    """Two branches more of the view of deciding acts."""
    _replace(_present() + _BRANCHES)


def downgrade() -> None:
    """Without the last two."""
    kept, *last = _present().rsplit("UNION ALL", 2)
    if not all("bank_line" in branch for branch in last):
        raise RuntimeError("deciding_act does not end with the runs of earlier attempts")
    _replace(kept)


def _present() -> str:
    return str(op.get_bind().execute(sa.text("SELECT pg_get_viewdef('deciding_act'::regclass)")).scalar_one()).rstrip().rstrip(";")


def _replace(text: str) -> None:
    op.execute(f"CREATE OR REPLACE VIEW deciding_act WITH (security_invoker = true) AS {text}")
