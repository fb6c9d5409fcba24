"""What two persons say of a bank's line that matched nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """One new table; nothing that exists is touched."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "line_verdict", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True), sa.Column("asked_person", sa.Uuid(), nullable=True),
        sa.Column("asked_at", instant, nullable=False), sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_person", sa.Uuid(), nullable=True), sa.Column("confirmed_at", instant, nullable=True),
        sa.Column("withdrawn_at", instant, nullable=True), sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False), sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True), sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True), sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.CheckConstraint("verdict IN ('assign', 'dismiss')", name="verdict_word"), sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["line_id"], ["bank_line.id"]), sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]))
    op.create_index("line_verdict_payment", "line_verdict", ["payment_id"])
    op.create_index("line_verdict_once", "line_verdict", ["line_id"], unique=True, postgresql_where=sa.text("withdrawn_at IS NULL"))
    scope(["line_verdict"])
    op.execute("REVOKE DELETE ON line_verdict FROM huzhu_app")


def downgrade() -> None:
    """Without it."""
    op.drop_table("line_verdict")
