"""The archive sheet is one more letter of an office: of which claim, and where its bound dossier lies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Two columns and one more kind of letter; a sheet alone has a dossier."""
    # A new column is empty, so nothing is looked up in a table whose rows nobody may see here.
    op.execute("ALTER TABLE office_letter ADD COLUMN claim_id uuid CONSTRAINT office_letter_claim_id_fkey REFERENCES claim (id)")
    op.add_column("office_letter", sa.Column("dossier_sha256", sa.Text(), nullable=True))
    op.create_index("office_letter_claim", "office_letter", ["claim_id"], postgresql_where=sa.text("claim_id IS NOT NULL"))
    op.execute("ALTER TABLE office_letter DROP CONSTRAINT code_word")
    op.create_check_constraint("code_word", "office_letter", "code IN ('cover_certificate', 'monthly_summary', 'archive_sheet')")
    op.create_check_constraint("office_letter_filed", "office_letter", "(code = 'archive_sheet') = (claim_id IS NOT NULL)"
                                                                       " AND (dossier_sha256 IS NULL OR claim_id IS NOT NULL)")


def downgrade() -> None:
    """Without them; sheets go with their kind."""
    op.drop_constraint("office_letter_filed", "office_letter", type_="check")
    op.execute("DELETE FROM office_letter WHERE code = 'archive_sheet'")
    op.execute("ALTER TABLE office_letter DROP CONSTRAINT code_word")
    op.create_check_constraint("code_word", "office_letter", "code IN ('cover_certificate', 'monthly_summary')")
    op.drop_index("office_letter_claim", "office_letter")
    op.drop_column("office_letter", "dossier_sha256")
    op.drop_column("office_letter", "claim_id")
