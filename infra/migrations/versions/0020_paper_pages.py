"""Pages of papers as they are shown, and what an upload was warned of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Two columns that need no rewrite, one table under the papers' row security."""
    op.add_column("paper", sa.Column("pages", sa.Integer(), nullable=True))
    op.add_column("paper", sa.Column("warnings", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.create_table(
        "paper_page", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False), sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("view_sha256", sa.Text(), nullable=True), sa.Column("thumb_sha256", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False), sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False), sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["paper_id"], ["paper.id"]),
        sa.UniqueConstraint("paper_id", "number", name="paper_page_once"))
    scope(["paper_page"])


def downgrade() -> None:
    """Without them."""
    op.drop_table("paper_page")
    op.drop_column("paper", "warnings")
    op.drop_column("paper", "pages")
