"""A letter may be replaced by another of the same cause; a draft that cannot be issued says why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """The edition stands in the uniqueness of a cause: still one cause never makes two letters of one edition."""
    op.add_column("notice", sa.Column("edition", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("notice", sa.Column("stuck", JSONB(none_as_null=True), nullable=True))
    op.drop_constraint("notice_once", "notice", type_="unique")
    op.create_unique_constraint("notice_once", "notice", ["claim_id", "code", "cause", "edition"])


def downgrade() -> None:
    """Without them; refused by the database while one cause has two letters."""
    op.drop_constraint("notice_once", "notice", type_="unique")
    op.drop_column("notice", "stuck")
    op.drop_column("notice", "edition")
    op.create_unique_constraint("notice_once", "notice", ["claim_id", "code", "cause"])
