"""A day's proof of an office's money, kept for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0029"
down_revision = "0028"

_SIGNED = "'audit_record', 'access_record'"
_SIGNED_TOO = f"{_SIGNED}, 'money_proof'"


def _leave_alone(before: str, after: str) -> None:
    """What a move or merger of organisations rewrites: not what was signed under the former key (decision 0008)."""
    written = op.get_bind().execute(sa.text("SELECT pg_get_functiondef('rekey_organisations'::regproc)")).scalar_one()
    op.execute(written.replace(f"NOT IN ({before})", f"NOT IN ({after})"))


def upgrade() -> None:
    """A table that only grows."""
    op.create_table(
        "money_proof", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False), sa.Column("office", sa.Text(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False), sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("breaches", sa.Integer(), nullable=False), sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False), sa.Column("books", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("org_key", "day", name="money_proof_once"))
    scope(("money_proof",), append_only=True)
    _leave_alone(_SIGNED, _SIGNED_TOO)
    op.execute("""
        CREATE POLICY money_proof_scope_moved ON money_proof FOR SELECT USING (EXISTS (
            SELECT FROM organisation_former_key k JOIN organisation o ON o.id = k.org_id WHERE k.former_key = money_proof.org_key))""")


def downgrade() -> None:
    """Without them."""
    _leave_alone(_SIGNED_TOO, _SIGNED)
    op.drop_table("money_proof")
