"""A letter's public check code and the certificate that sealed it; a file is found by its digest. Earlier letters have neither."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Two columns, and what the public check looks letters up by."""
    op.add_column("notice", sa.Column("check_code", sa.Text(), nullable=True))
    op.add_column("notice", sa.Column("certificate", sa.Text(), nullable=True))
    op.create_unique_constraint("notice_check", "notice", ["check_code"])
    op.create_index("notice_sha256", "notice", ["sha256"])
    op.create_index("notice_replaces", "notice", ["replaces"], postgresql_where=sa.text("replaces IS NOT NULL"))
    op.create_index("office_letter_sha256", "office_letter", ["sha256"])


def downgrade() -> None:
    """Without them."""
    op.drop_index("office_letter_sha256", "office_letter")
    op.drop_index("notice_replaces", "notice")
    op.drop_index("notice_sha256", "notice")
    op.drop_constraint("notice_check", "notice", type_="unique")
    op.drop_column("notice", "certificate")
    op.drop_column("notice", "check_code")
