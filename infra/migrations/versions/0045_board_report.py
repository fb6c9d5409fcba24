"""An analysis of how the house runs is one more letter of an office."""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"

_BEFORE = "'cover_certificate', 'monthly_summary', 'archive_sheet'"


def upgrade() -> None:
    """One more kind of letter."""
    op.execute("ALTER TABLE office_letter DROP CONSTRAINT code_word")
    op.create_check_constraint("code_word", "office_letter", f"code IN ({_BEFORE}, 'board_report')")


def downgrade() -> None:
    """Without it; reports go with their kind."""
    op.execute("DELETE FROM office_letter WHERE code = 'board_report'")
    op.execute("ALTER TABLE office_letter DROP CONSTRAINT code_word")
    op.create_check_constraint("code_word", "office_letter", f"code IN ({_BEFORE})")
