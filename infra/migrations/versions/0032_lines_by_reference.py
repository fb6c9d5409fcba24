"""What a bank answers is found by the reference of the line that was sent, in a file of any size and a house of any age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """One index on the lines that were sent."""
    op.create_index("bank_line_reference", "bank_line", ["reference"], postgresql_where=sa.text("kind = 'sent'"))


def downgrade() -> None:
    """Without it."""
    op.drop_index("bank_line_reference", "bank_line")
