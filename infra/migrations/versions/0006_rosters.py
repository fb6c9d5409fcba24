"""Rosters of any size: what an upload was asked and answered, and what covers of other units say to a joining."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # The owner too is bound by row security, which no setting of this connection satisfies.
    op.execute("ALTER TABLE roster_import NO FORCE ROW LEVEL SECURITY")
    op.add_column("roster_import", sa.Column("org_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "roster_import", "organisation", ["org_id"], ["id"])
    op.create_index("roster_import_org", "roster_import", ["org_id"])
    op.add_column("roster_import", sa.Column("keep_good", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("roster_import", sa.Column("unit", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.add_column("roster_import", sa.Column("fault_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("roster_import", sa.Column("notes", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.add_column("roster_import", sa.Column("errors_sha256", sa.Text(), nullable=True))
    op.add_column("roster_import", sa.Column("checked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("roster_import", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("roster_import", sa.Column("refused", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.execute("UPDATE roster_import SET fault_count = jsonb_array_length(faults), checked = rows, done_at = at")
    op.execute("ALTER TABLE roster_import FORCE ROW LEVEL SECURITY")
    # A person may have joined, or hold the cover before this one, at another unit, which row security hides from the
    # clerk. The owner's function looks past it and tells the dates alone: never where, under which number, or any other plan.
    op.execute("""
        CREATE POLICY cover_standing ON cover FOR SELECT TO CURRENT_USER USING (true);
        CREATE FUNCTION cover_standing(persons uuid[], wanted text, needed text, first_day date, last_day date)
            RETURNS TABLE (person_id uuid, clash_id uuid, clash_from date, clash_until date, renewal boolean, required boolean)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
        AS $$
            WITH held AS (
                SELECT c.id, c.person_id, c.plan, c.effective, c.until, coalesce(c.ended_on, c.until) AS last
                FROM public.cover c JOIN unnest(persons) AS p(id) ON p.id = c.person_id WHERE c.plan IN (wanted, needed)),
            clash AS (
                SELECT DISTINCT ON (h.person_id) h.person_id, h.id, h.effective, h.last FROM held h
                WHERE h.plan = wanted AND h.effective <= last_day AND h.last >= first_day AND h.last >= h.effective
                ORDER BY h.person_id, h.last DESC)
            SELECT h.person_id, (array_agg(k.id))[1], min(k.effective), min(k.last),
                   bool_or(h.plan = wanted AND h.last = h.until AND h.until = first_day - 1),
                   bool_or(h.plan = needed AND h.effective <= first_day AND h.last >= first_day)
            FROM held h LEFT JOIN clash k ON k.person_id = h.person_id GROUP BY h.person_id
        $$;
        REVOKE EXECUTE ON FUNCTION cover_standing FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION cover_standing TO huzhu_app;
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION cover_standing; DROP POLICY cover_standing ON cover")
    for column in ("refused", "done_at", "checked", "errors_sha256", "notes", "fault_count", "unit", "keep_good"):
        op.drop_column("roster_import", column)
    op.drop_index("roster_import_org", "roster_import")
    op.drop_column("roster_import", "org_id")
