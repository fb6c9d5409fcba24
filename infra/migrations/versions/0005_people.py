"""People: categories with proof, former names and numbers, merged records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

# Every column that names a person: the foreign keys, and the columns of deciders (`done_person`, …), which have none.
# Signed records, the history of the record itself and mergers keep the id they were written with.
_PLACES = """
    CREATE VIEW person_places AS
        SELECT DISTINCT c.relname::text AS place, a.attname::text AS col,
            EXISTS (SELECT FROM pg_attribute k WHERE k.attrelid = c.oid AND k.attname = 'org_key' AND NOT k.attisdropped) AS scoped
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
          AND (a.attname LIKE '%\\_person' OR (c.relname, a.attname) = ('supplement', 'asked_by')
               OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid
                          AND k.confrelid = 'public.person'::regclass AND k.conkey = ARRAY[a.attnum]))
          AND c.relname NOT IN ('person', 'person_change', 'person_merge', 'audit_record', 'access_record', 'family_tie');
    GRANT SELECT ON person_places TO huzhu_app;
"""

_BEYOND = """
    CREATE FUNCTION person_beyond_scope(person uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    -- Whether rows of this person lie outside the caller's scope; it says no more than that.
    DECLARE
        place record;
        beyond boolean;
        scope text := current_setting('app.org_path');
    BEGIN
        PERFORM set_config('app.org_path', split_part(scope, '.', 1), true);
        FOR place IN SELECT p.place, p.col FROM person_places p WHERE p.scoped LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1 AND NOT (org_key >= $2 AND org_key < $3))',
                           place.place, place.col) INTO beyond USING person, scope || '.', scope || '/';
            EXIT WHEN beyond;
        END LOOP;
        PERFORM set_config('app.org_path', scope, true);
        RETURN coalesce(beyond, false);
    END $body$;
    REVOKE ALL ON FUNCTION person_beyond_scope FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION person_beyond_scope TO huzhu_app;
"""

_REPOINT = """
    CREATE FUNCTION repoint_person(dropped uuid, kept uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    -- Whatever names `dropped` names `kept`, in the caller's scope; gives {"table.column": [ids]} for the way back.
    DECLARE
        place record;
        ids jsonb;
        moved jsonb := '{}';
    BEGIN
        FOR place IN SELECT p.place, p.col FROM person_places p ORDER BY p.place <> 'claim', p.place, p.col LOOP
            EXECUTE format('WITH changed AS (UPDATE %1$I AS t SET %2$I = $2 WHERE %2$I = $1 RETURNING to_jsonb(t) AS line)'
                           ' SELECT jsonb_agg(coalesce(line -> ''id'', line)) FROM changed', place.place, place.col)
                INTO ids USING dropped, kept;
            IF ids IS NOT NULL THEN
                moved := moved || jsonb_build_object(place.place || '.' || place.col, ids);
            END IF;
        END LOOP;
        RETURN moved;
    END $body$;
    CREATE FUNCTION unpoint_person(moved jsonb, dropped uuid, kept uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    -- The way back: the recorded rows that still name `kept` name `dropped` again.
    DECLARE
        place record;
    BEGIN
        FOR place IN SELECT p.place, p.col FROM person_places p WHERE moved ? (p.place || '.' || p.col) LOOP
            EXECUTE format('UPDATE %1$I SET %2$I = $1 WHERE %2$I = $2 AND id::text IN (SELECT jsonb_array_elements_text($3))',
                           place.place, place.col) USING dropped, kept, moved -> (place.place || '.' || place.col);
        END LOOP;
    END $body$;
    REVOKE ALL ON FUNCTION repoint_person, unpoint_person FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION repoint_person, unpoint_person TO huzhu_app;
"""

# What a plan's rates ask: the category on the event's day. Without any recorded period the registered word stands.
_CATEGORY = """
    CREATE FUNCTION person_category_on(person uuid, day date, registered text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE RETURN coalesce(
        (SELECT k.category FROM person_category k WHERE k.person_id = person AND k.withdrawn_at IS NULL
            AND k.from_on <= day AND (k.until_on IS NULL OR k.until_on >= day) ORDER BY k.from_on DESC LIMIT 1),
        CASE WHEN EXISTS (SELECT FROM person_category k WHERE k.person_id = person AND k.withdrawn_at IS NULL)
            THEN 'normal' ELSE registered END);
"""

# Who read a record before it was merged and writes a row for it afterwards is tried again with the kept one.
_REFUSE = """
    CREATE FUNCTION refuse_merged_person() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        IF EXISTS (SELECT FROM person p JOIN new_rows n ON n.person_id = p.id WHERE p.merged_into IS NOT NULL) THEN
            RAISE EXCEPTION 'the record was merged while this was being written' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN NULL;
    END $body$;
"""
_GUARDED = ("case_file", "cover", "payee", "payment", "proxy", "family_tie", "bank_card")


def upgrade() -> None:
    op.add_column("person", sa.Column("merged_into", sa.Uuid(), sa.ForeignKey("person.id"), nullable=True))
    op.add_column("person", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_person_merged_into", "person", ["merged_into"])
    op.create_table(
        "person_category",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("category", sa.Text(), nullable=False), sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date()), sa.Column("proof_sha256", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid()), sa.Column("confirmed_person", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False), sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("category IN ('normal', 'model_worker', 'specially_poor', 'hardship')", name="category_word"),
        sa.CheckConstraint("until_on IS NULL OR from_on <= until_on", name="person_category_dates"))
    op.create_index("person_category_person", "person_category", ["person_id", "from_on"])
    op.create_table(
        "person_change",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("field", sa.Text(), nullable=False), sa.Column("old_sealed", sa.LargeBinary()),
        sa.Column("new_sealed", sa.LargeBinary()), sa.Column("why", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid()), sa.Column("by_person", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False))
    op.create_index("person_change_person", "person_change", ["person_id"])
    op.create_table(
        "person_merge",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kept_id", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("dropped_id", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False), sa.Column("why", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid()), sa.Column("by_person", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True)), sa.Column("undone_by", sa.Uuid()))
    op.create_index("person_merge_kept", "person_merge", ["kept_id"])
    op.create_index("person_merge_dropped", "person_merge", ["dropped_id"])
    op.create_table(
        "proxy",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False), sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False), sa.Column("proof_sha256", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid()), sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("person_id <> proxy_id", name="proxy_other"),
        sa.CheckConstraint("from_on <= until_on", name="proxy_dates"))
    op.create_index("proxy_person", "proxy", ["person_id"])
    op.create_index("proxy_proxy", "proxy", ["proxy_id"])
    op.execute("""
        GRANT SELECT, INSERT ON person_change TO huzhu_app;
        GRANT SELECT, INSERT, UPDATE ON person_category, person_merge, proxy TO huzhu_app;
    """)
    for statement in (_PLACES, _BEYOND, _REPOINT, _CATEGORY, _REFUSE):
        op.execute(statement)
    for table in _GUARDED:
        op.execute(f"CREATE TRIGGER {table}_person_kept AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
                   " FOR EACH STATEMENT EXECUTE FUNCTION refuse_merged_person()")


def downgrade() -> None:
    for table in _GUARDED:
        op.execute(f"DROP TRIGGER {table}_person_kept ON {table}")
    op.execute("DROP FUNCTION refuse_merged_person; DROP FUNCTION person_category_on; DROP FUNCTION unpoint_person; DROP FUNCTION repoint_person;"
               " DROP FUNCTION person_beyond_scope; DROP VIEW person_places")
    for table in ("proxy", "person_merge", "person_change", "person_category"):
        op.drop_table(table)
    op.drop_index("ix_person_merged_into", "person")
    op.drop_column("person", "version")
    op.drop_column("person", "merged_into")
