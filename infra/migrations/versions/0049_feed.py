"""Feeds of the medical insurance and their bills.

New tables only; nobody waits. `bill` has a partition for each year, made now for the years an office may meet. PostgreSQL lets no
COPY into a table with row security, and bills come by the million: so reading and changing goes through `bill`, which has it, and
the application may besides COPY into a year's partition (INSERT and nothing else), where a trigger refuses rows beyond its scope.
An AFTER trigger whose WHEN is false costs a comparison and leaves COPY its batches.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from infra.migrations.security import scope

revision = "0049"
down_revision = "0048"

_YEARS = range(2012, 2051)      # from the oldest wording of bj-medical on
_FEN = ("own_1", "over_cap", "other_reimb", "medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay", "hifob_pay", "cvlserv_pay",
        "hifes_pay", "maf_pay", "psn_part_amt")
_GUARD = """
    CREATE FUNCTION refuse_beyond_scope() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        RAISE EXCEPTION 'row beyond the scope' USING ERRCODE = 'insufficient_privilege';
    END $body$;
    CREATE TRIGGER bill_in_scope AFTER INSERT ON bill FOR EACH ROW
        WHEN (NOT coalesce(NEW.org_key >= current_setting('app.org_path') || '.'
                           AND NEW.org_key < current_setting('app.org_path') || '/', false))
        EXECUTE FUNCTION refuse_beyond_scope();
"""


def upgrade() -> None:
    """Two tables."""
    _feed_file()
    _bill()
    scope(["feed_file", "bill"])


def _feed_file() -> None:
    op.create_table(
        "feed_file",
        sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False), sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("quarter", sa.SmallInteger(), nullable=False), sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False), sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False), sa.Column("state", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("rows", "accepted", "rejected")),
        sa.Column("reasons", postgresql.JSONB(), nullable=False), sa.Column("rejects_sha256", sa.Text()),
        sa.Column("fault", sa.Text()), sa.Column("account_id", sa.Uuid()), sa.Column("person_id", sa.Uuid()),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False), sa.Column("staged_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('received', 'staged', 'settled', 'refused')", name="state_word"),
        sa.CheckConstraint("format IN ('csv', 'csv.gz', 'parquet')", name="format_word"),
        sa.CheckConstraint("quarter BETWEEN 1 AND 4", name="feed_file_quarter"))
    op.create_index("feed_file_once", "feed_file", ["plan", "sha256"], unique=True)
    op.create_index("feed_file_org", "feed_file", ["org_key", "received_at"])


def _bill() -> None:
    op.create_table(
        "bill",
        sa.Column("person_id", sa.Uuid(), nullable=False), sa.Column("feed_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _FEN),
        sa.Column("pool_own", sa.BigInteger()), sa.Column("large_own", sa.BigInteger()),
        sa.Column("digest", sa.BigInteger(), nullable=False), sa.Column("setl_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("setl_on", sa.Date(), nullable=False), sa.Column("row_no", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.SmallInteger(), nullable=False) for name in ("year", "part", "version")),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("reversed", "superseded")),
        sa.Column("kind", sa.Text(), nullable=False), sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("setl_id", sa.Text(collation="C"), nullable=False), sa.Column("medins_setl_id", sa.Text(collation="C")),
        sa.PrimaryKeyConstraint("year", "part", "person_id", "setl_id", "version", name="bill_key"),
        sa.CheckConstraint("kind IN ('outpatient', 'inpatient')", name="kind_word"),
        sa.CheckConstraint("part BETWEEN 0 AND 63", name="bill_part"),
        sa.CheckConstraint("own_1 >= 0 AND over_cap >= 0 AND other_reimb >= 0", name="bill_amounts"),
        postgresql_partition_by="LIST (year)")
    for year in _YEARS:
        op.execute(f"CREATE TABLE bill_{year} PARTITION OF bill FOR VALUES IN ({year}); GRANT INSERT ON bill_{year} TO huzhu_app")
    op.execute(_GUARD)


def downgrade() -> None:
    """Without them."""
    op.drop_table("bill")
    op.execute("DROP FUNCTION refuse_beyond_scope")
    op.drop_table("feed_file")
