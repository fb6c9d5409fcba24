"""A quarter settled: the settlement, its partitions as they were committed, and a line for each member it touched.

Lines have no foreign keys: 3.6 million of them are written at once. They lie by year and are copied straight into the year's table,
as bills are (0049): the same trigger refuses what is beyond the scope.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0050"
down_revision = "0049"

_KEY = sa.Text(collation="C")
_FENS = sa.ARRAY(sa.BigInteger())
_AT = sa.DateTime(timezone=True)
_YEARS = range(2012, 2051)      # as the bills'
_GUARD = """
    CREATE TRIGGER settlement_line_in_scope AFTER INSERT ON settlement_line FOR EACH ROW
        WHEN (NOT coalesce(NEW.org_key >= current_setting('app.org_path') || '.'
                           AND NEW.org_key < current_setting('app.org_path') || '/', false))
        EXECUTE FUNCTION refuse_beyond_scope();
"""


def _zero(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False, server_default="0") for name in names]


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "settlement",
        sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", _KEY, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False), sa.Column("plan_from", sa.Date(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False), sa.Column("quarter", sa.SmallInteger(), nullable=False),
        sa.Column("feed_id", sa.Uuid(), sa.ForeignKey("feed_file.id"), nullable=False),
        sa.Column("parts", sa.SmallInteger(), nullable=False), sa.Column("rule_digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False), sa.Column("fault", sa.Text()),
        sa.Column("as_of", _AT), sa.Column("started_at", _AT, nullable=False), sa.Column("ended_at", _AT),
        *_zero("rows", "rejected", "bills", "unchanged", "unresolved", "lines", "paying", "due_fen", "receivable_fen", "over_cap", "claims"),
        sa.Column("unresolved_sha256", sa.Text()),
        sa.Column("account_id", sa.Uuid()), sa.Column("person_id", sa.Uuid()),
        sa.CheckConstraint("state IN ('settling', 'settled', 'cancelled')", name="state_word"),
        sa.CheckConstraint("quarter BETWEEN 1 AND 4", name="quarter_of_four"))
    op.create_index("settlement_plan", "settlement", ["plan", "year", "quarter"])
    op.create_index("settlement_feed", "settlement", ["feed_id"], unique=True, postgresql_where=sa.text("state <> 'cancelled'"))
    op.create_index("settlement_settling", "settlement", ["plan"], unique=True, postgresql_where=sa.text("state = 'settling'"))
    op.create_table(
        "settlement_part",
        sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", _KEY, nullable=False),
        sa.Column("settlement_id", sa.Uuid(), sa.ForeignKey("settlement.id"), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False), sa.Column("digest", sa.Text(), nullable=False),
        *_zero("rows", "bills", "unchanged", "unresolved", "lines", "paying", "due_fen", "receivable_fen", "over_cap"),
        sa.Column("buckets", sa.ARRAY(sa.BigInteger()), nullable=False), sa.Column("ended_at", _AT, nullable=False),
        sa.UniqueConstraint("settlement_id", "part", name="settlement_part_once"))
    op.create_table(
        "settlement_line",
        sa.Column("settlement_id", sa.Uuid(), nullable=False), sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False), sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("org_key", _KEY, nullable=False), sa.Column("cover_id", sa.Uuid(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False), sa.Column("until", sa.Date(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("outpatient_own_1", sa.BigInteger()), sa.Column("stays_own_1", _FENS),
        sa.Column("over_cap", sa.BigInteger(), nullable=False), sa.Column("other_reimb", sa.BigInteger(), nullable=False),
        sa.Column("paid", _FENS, nullable=False), sa.Column("lines", _FENS, nullable=False), sa.Column("took", _FENS, nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False), sa.Column("due_fen", sa.BigInteger(), nullable=False),
        sa.Column("receivable_fen", sa.BigInteger(), nullable=False), sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False), sa.Column("card_id", sa.Uuid()), sa.Column("why_unpaid", sa.Text()),
        sa.PrimaryKeyConstraint("year", "part", "person_id", "settlement_id", name="settlement_line_key"),
        postgresql_partition_by="LIST (year)")
    for year in _YEARS:
        op.execute(f"CREATE TABLE settlement_line_{year} PARTITION OF settlement_line FOR VALUES IN ({year});"
                   f" GRANT INSERT ON settlement_line_{year} TO huzhu_app")
    op.execute(_GUARD)
    scope(["settlement", "settlement_part", "settlement_line"])


def downgrade() -> None:
    """Without them."""
    for table in ("settlement_line", "settlement_part", "settlement"):
        op.drop_table(table)
