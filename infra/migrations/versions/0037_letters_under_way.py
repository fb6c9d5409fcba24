"""The letters desk finds what is under way, and what arrived last, among any number of letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Two indexes."""
    op.create_index("notice_under_way", "notice", ["dispatched_at"], postgresql_where=sa.text("state IN ('issued', 'dispatched')"))
    op.create_index("notice_arrived", "notice", ["delivered_at"], postgresql_where=sa.text("state = 'delivered'"))


def downgrade() -> None:
    """Without them."""
    op.drop_index("notice_arrived", "notice")
    op.drop_index("notice_under_way", "notice")
