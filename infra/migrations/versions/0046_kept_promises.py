"""The clocks behind kept and missed promises are found by the day they stopped, at a million claims as at a thousand.

In place of a coarse index of the days alone, through which the root's list read half the clocks. Locks: making the index holds up
writing to `sla_clock` (seven million clocks: some twenty seconds), reading goes on. The program before this one runs on with it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """One index comes, one goes."""
    op.create_index("clock_kept", "sla_clock", ["kept", "stopped_on", "id"], postgresql_where=sa.text("kept IS NOT NULL"))
    op.drop_index("sla_clock_stopped", "sla_clock")


def downgrade() -> None:
    """As before."""
    op.create_index("sla_clock_stopped", "sla_clock", ["stopped_on"], postgresql_using="brin")
    op.drop_index("clock_kept", "sla_clock")
