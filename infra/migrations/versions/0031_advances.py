"""Advance payments: who proposed and who confirmed them; both then count as having decided on the claim's money."""

from __future__ import annotations

import runpy
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """One new table; the view of deciding acts has one kind of act more."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "advance", sa.Column("id", sa.Uuid(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True), sa.Column("asked_person", sa.Uuid(), nullable=True),
        sa.Column("asked_at", instant, nullable=False), sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_person", sa.Uuid(), nullable=True), sa.Column("confirmed_at", instant, nullable=True),
        sa.Column("withdrawn_at", instant, nullable=True), sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False), sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False), sa.Column("computed_fen", sa.BigInteger(), nullable=False),
        sa.Column("worksheet_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name="advance_positive"), sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"]), sa.ForeignKeyConstraint(["worksheet_id"], ["worksheet.id"]))
    op.create_index("advance_claim", "advance", ["claim_id"])
    op.create_index("advance_open", "advance", ["claim_id"], unique=True,
                    postgresql_where=sa.text("confirmed_at IS NULL AND withdrawn_at IS NULL"))
    scope(["advance"])
    op.execute("REVOKE DELETE ON advance FROM huzhu_app")
    present = op.get_bind().execute(sa.text("SELECT pg_get_viewdef('deciding_act'::regclass)")).scalar_one()
    op.execute(f"""
        CREATE OR REPLACE VIEW deciding_act WITH (security_invoker = true) AS {present.rstrip().rstrip(";")}
        UNION ALL
        SELECT v.claim_id, v.round, 'advance', v.id, v.asked_person FROM advance v
            WHERE v.confirmed_at IS NOT NULL AND v.asked_person IS NOT NULL
        UNION ALL
        SELECT v.claim_id, v.round, 'advance', v.id, v.confirmed_person FROM advance v WHERE v.confirmed_person IS NOT NULL""")


def downgrade() -> None:
    """Without it; the view as the earlier migrations made it."""
    op.execute("DROP VIEW deciding_person; DROP VIEW deciding_act")
    folder = Path(__file__).parent
    runpy.run_path(str(next(folder.glob("0014_*.py"))))["_who_decided"]()
    runpy.run_path(str(next(folder.glob("0016_*.py"))))["_rounds_before"]()
    op.drop_table("advance")
