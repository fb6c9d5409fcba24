"""Forecast: how long like claims took, and the share of them that needed longer than an open promise has left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0041"
down_revision = "0040"

_KEY = sa.Text(collation="C")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def upgrade() -> None:
    """Two derived tables, filled by the next refresh."""
    op.create_table(
        "forecast_days", sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("org_key", _KEY, nullable=False), *_text("promise", "plan", "stage", "level"),
        sa.Column("month", sa.Date(), nullable=False), *_whole("days", "n"))
    op.create_index("forecast_days_month", "forecast_days", ["month"])
    op.create_table(
        "claim_risk", sa.Column("claim_id", sa.Uuid(), primary_key=True), sa.Column("promise", sa.Text(), primary_key=True),
        sa.Column("org_key", _KEY, nullable=False), *_text("stage", "level"), *_whole("rank"), *_text("width"),
        *_whole("compared", "longer", "left_days"), sa.Column("as_of", sa.Date(), nullable=False))
    op.execute("ALTER TABLE claim_risk SET (fillfactor = 70)")
    op.create_index("claim_risk_org", "claim_risk", ["org_key", "promise"])
    scope(["forecast_days", "claim_risk"])


def downgrade() -> None:
    """Without them; the next refresh makes them anew."""
    op.drop_table("claim_risk")
    op.drop_table("forecast_days")
