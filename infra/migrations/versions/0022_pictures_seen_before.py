"""Finding a page's picture and an invoice among millions: bands of the perceptual hash, keys of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

BANDS = ("band_1", "band_2", "band_3", "band_4")


def upgrade() -> None:
    """Columns that need no rewrite. Plain integers, since only their `=` uses an index under row security."""
    op.add_column("paper_page", sa.Column("print_of", sa.Text(), nullable=True))
    for band in BANDS:
        op.add_column("paper_page", sa.Column(band, sa.Integer(), nullable=True))
        op.create_index(f"paper_page_{band}", "paper_page", [band], postgresql_where=sa.text(f"{band} IS NOT NULL"))
    op.create_index("paper_page_view", "paper_page", ["view_sha256"])
    op.add_column("invoice", sa.Column("sheet", sa.Text(), server_default="invoice", nullable=False))
    op.create_index("invoice_amount", "invoice", ["amount_fen", "issued_on"])
    op.create_index("invoice_issued", "invoice", ["issued_on"])


def downgrade() -> None:
    """Without them."""
    op.drop_index("invoice_issued", "invoice")
    op.drop_index("invoice_amount", "invoice")
    op.drop_column("invoice", "sheet")
    op.drop_index("paper_page_view", "paper_page")
    for band in BANDS:
        op.drop_column("paper_page", band)
    op.drop_column("paper_page", "print_of")
