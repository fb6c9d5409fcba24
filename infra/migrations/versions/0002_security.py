"""What metadata cannot say: row security, grants to the application role, no overlapping covers, an append-only record."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

SCOPED = (
    "access_record", "audit_record", "bank_line", "case_file", "claim", "consent", "cover", "decision", "handoff",
    "insurer_message", "notice", "outbox", "paper", "payee", "payment", "payment_run", "reservation", "review_step",
    "roster_import", "sla_clock", "supplement", "worksheet",
)
APPEND_ONLY = ("audit_record", "access_record", "decision")


def upgrade() -> None:
    op.execute("""
        GRANT USAGE ON SCHEMA public TO huzhu_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO huzhu_app;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO huzhu_app;
        REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM huzhu_app;
    """)
    for table in SCOPED:
        # A range on the key, with the setting unwrapped: it uses an index and shows nothing when unset
        # (LIKE and starts_with would show every row).
        op.execute(f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY {table}_scope ON {table} USING (
                org_key >= current_setting('app.org_path') || '.' AND org_key < current_setting('app.org_path') || '/');
        """)
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM huzhu_app")
    # One plan, one person, no day twice. The server has no btree_gist: a text range carries plan, person and day.
    op.execute("""
        CREATE TYPE text_range AS RANGE (subtype = text, collation = "C");
        CREATE FUNCTION cover_span(plan text, person uuid, effective date, until date) RETURNS text_range
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN text_range(plan || '|' || person || '|' || lpad((effective - DATE '2000-01-01')::text, 6, '0'),
                              plan || '|' || person || '|' || lpad((until - DATE '2000-01-01')::text, 6, '0'), '[]');
        ALTER TABLE cover ADD CONSTRAINT cover_no_overlap EXCLUDE USING gist (
            cover_span(plan, person_id, effective, coalesce(ended_on, until)) WITH &&);
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE cover DROP CONSTRAINT cover_no_overlap; DROP FUNCTION cover_span; DROP TYPE text_range")
    for table in SCOPED:
        op.execute(f"DROP POLICY {table}_scope ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
