"""An organisation's few bookings of money paid ahead are found without its plan's others: every roster asks for them.

Locks: none that anybody waits for; the index is built while the books are written. The program before this one runs on with it.
"""

from __future__ import annotations

from infra.migrations.online import add_index, drop_index

revision = "0070"
down_revision = "0069"


def upgrade() -> None:
    """One partial index."""
    add_index("ledger_transaction_ahead", "ledger_transaction", ["org_key", "plan"],
              where="kind IN ('received', 'allocated', 'returned')")


def downgrade() -> None:
    """Without it."""
    drop_index("ledger_transaction_ahead")
