"""Premium due, paid, refunded in a double-entry ledger; endorsements."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
