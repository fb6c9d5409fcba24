"""Rule-books are released with their text, and what an office composes is kept as a draft until it is proposed.

A rule-book proposed before its text was kept names bytes that nobody has.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from infra.migrations.security import scope

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    """One table of drafts; no lock beyond a catalogue row."""
    op.create_table(
        "book_draft", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False), sa.Column("base", sa.Text(), nullable=False),
        sa.Column("form", JSONB(), nullable=False), sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False))
    op.create_index("book_draft_own", "book_draft", ["account_id", "changed_at"])
    scope(["book_draft"])
    op.execute("UPDATE release SET state = 'withdrawn' WHERE kind = 'rule_book' AND state = 'proposed' AND NOT payload ? 'text'")


def downgrade() -> None:
    """Without it."""
    op.drop_table("book_draft")
