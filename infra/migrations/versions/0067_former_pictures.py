"""A page remembers the pictures it had before it was turned: they stayed in the store after the paper was destroyed.

One nullable column; no row is touched.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"


def upgrade() -> None:
    """The column."""
    op.add_column("paper_page", sa.Column("former", sa.ARRAY(sa.Text())))


def downgrade() -> None:
    """As before."""
    op.drop_column("paper_page", "former")
