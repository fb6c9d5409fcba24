"""A partition's rows of nobody are named by the partition: they lay in the settlement's folder alone, which a restore does not bring back.

One nullable column; no row is touched.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"


def upgrade() -> None:
    """The column."""
    op.add_column("settlement_part", sa.Column("unresolved_sha256", sa.Text()))


def downgrade() -> None:
    """As before."""
    op.drop_column("settlement_part", "unresolved_sha256")
