"""Derived figures: stays in stages, and tallies of days, months and open clocks; days of the record found without reading it all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0039"
down_revision = "0038"

_KEY = sa.Text(collation="C")
_TALLIES = ("day_tally", "month_tally", "open_tally")


def _text(*names: str, empty: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=empty) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer()) for name in names]


def upgrade() -> None:
    """Five tables, written by reporting alone; an index of a few pages on the record's time."""
    op.create_table(
        "stage_visit",
        sa.Column("claim_id", sa.Uuid(), primary_key=True), sa.Column("ordinal", sa.Integer(), primary_key=True),
        sa.Column("round", sa.Integer(), nullable=False), sa.Column("org_key", _KEY, nullable=False),
        *_text("plan", "route", "stage", "level"),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False), sa.Column("left_at", sa.DateTime(timezone=True)),
        *_text("event", "next_stage", "next_level", empty=True),
        *_whole("days", "workdays", "stay_days", "stay_workdays", "whole_days", "whole_workdays", "asked", "returned"),
        sa.Column("first", sa.Boolean()))
    op.create_index("stage_visit_left", "stage_visit", ["left_at"])
    op.create_index("stage_visit_org", "stage_visit", ["org_key", "left_at"])
    op.create_index("stage_visit_whole", "stage_visit", ["org_key", "left_at"], postgresql_where=sa.text("whole_days IS NOT NULL"),
                    postgresql_include=["plan", "whole_days", "whole_workdays"])
    of_each: dict[str, list[sa.schema.SchemaItem]] = {
        "day_tally": [sa.Column("month", sa.Date(), nullable=False), *_text("stage", "level"),
                      sa.Column("working", sa.Boolean(), nullable=False), sa.Column("days", sa.Integer(), nullable=False)],
        "month_tally": [sa.Column("month", sa.Date(), nullable=False), *_text("what", "kind")],
        "open_tally": [*_text("kind", "state", "side"), sa.Column("day", sa.Date(), nullable=False)]}
    for table, columns in of_each.items():
        op.create_table(table, sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
                        sa.Column("org_key", _KEY, nullable=False), *_text("plan"), *columns,
                        sa.Column("n", sa.BigInteger(), nullable=False))
    op.create_index("day_tally_org", "day_tally", ["org_key", "stage", "month"])
    op.create_index("day_tally_month", "day_tally", ["month"])
    op.create_index("month_tally_org", "month_tally", ["org_key", "month"])
    op.create_index("open_tally_org", "open_tally", ["org_key"])
    op.create_table("figures_refresh", sa.Column("name", sa.Text(), primary_key=True),
                    sa.Column("as_of", sa.DateTime(timezone=True), nullable=False), *_text("basis"))
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON figures_refresh TO huzhu_app")
    scope(["stage_visit", *_TALLIES])
    op.create_index("audit_record_at", "audit_record", ["at"], postgresql_using="brin")
    op.create_index("sla_clock_stopped", "sla_clock", ["stopped_on"], postgresql_using="brin")


def downgrade() -> None:
    """Without them; nothing is lost that the claims do not say."""
    op.drop_index("sla_clock_stopped", "sla_clock")
    op.drop_index("audit_record_at", "audit_record")
    for table in ("figures_refresh", *_TALLIES, "stage_visit"):
        op.drop_table(table)
