"""Organisations: codes, moves and mergers with history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_KEY = sa.Text(collation="C")
_OLD_KINDS = "'nation', 'office', 'city', 'district', 'industry', 'unit', 'womens_committee', 'insurer'"
_KINDS = ("'nation', 'office', 'city', 'district', 'industry', 'company', 'unit', 'womens_committee', 'insurer',"
          " 'agency'")
# Rows that say where they belong are refused under a key that its organisation has left: their writer read the key
# before the move and writes after it. Its transaction is tried again and then reads the new key.
_GUARDED = ("account", "case_file", "claim", "cover")

# Signed or append-only rows keep the key they were written under (infra/decisions/0008).
_REKEY = """
    CREATE FUNCTION rekey_organisations(old_key text, new_key text, into_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    -- Everything at and under old_key goes to new_key. With into_id the node at old_key itself stays, closed, as a
    -- merged one, and what refers to it refers to into_id. Row security holds here too, since the tables force it.
    DECLARE
        place record;
        counted bigint;
        counts jsonb := '{}';
        past_old text := rtrim(old_key, '.') || '/';
        past_new text := rtrim(new_key, '.') || '/';
        root text := current_setting('app.org_path');
        from_id uuid := (SELECT id FROM organisation o WHERE o.org_key = rekey_organisations.old_key);
    BEGIN
        IF root = '' OR NOT starts_with(old_key, root || '.') OR NOT starts_with(new_key, root || '.')
           OR starts_with(new_key, old_key) THEN
            RAISE EXCEPTION 'organisation key out of scope' USING ERRCODE = 'insufficient_privilege';
        END IF;
        INSERT INTO organisation_former_key (former_key, org_id)
            SELECT o.org_key, coalesce(CASE WHEN o.id = from_id THEN into_id END, o.id) FROM organisation o
            WHERE o.org_key >= old_key AND o.org_key < past_old
            ON CONFLICT (former_key) DO UPDATE SET org_id = excluded.org_id;
        -- The tree first: whoever is adding a cover, a report or an account below holds its organisation's row and is
        -- waited for; then the claims, whose locks the lifecycle holds; then what hangs on them.
        FOR place IN
            SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND a.attname IN ('org_key', 'duty_key') AND NOT a.attisdropped
              AND c.relname NOT IN ('audit_record', 'access_record')
            ORDER BY c.relname <> 'organisation', c.relname <> 'claim', c.relname, a.attname
        LOOP
            EXECUTE format('UPDATE %1$I SET %2$I = $2 || substr(%2$I, $3) WHERE %2$I >= $1 AND %2$I < $4 %3$s',
                           place.relname, place.attname,
                           CASE WHEN place.relname = 'organisation' AND into_id IS NOT NULL THEN 'AND org_key <> $1' END)
                USING old_key, new_key, length(old_key) + 1, past_old;
            GET DIAGNOSTICS counted = ROW_COUNT;
            IF counted > 0 THEN
                counts := counts || jsonb_build_object(place.relname || '.' || place.attname, counted);
            END IF;
        END LOOP;
        IF into_id IS NOT NULL THEN
            FOR place IN
                SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                WHERE k.contype = 'f' AND k.confrelid = 'organisation'::regclass AND cardinality(k.conkey) = 1
                  AND c.relname NOT IN ('organisation_change', 'organisation_former_key')
            LOOP
                EXECUTE format('UPDATE %1$I SET %2$I = $2 WHERE %2$I = $1', place.relname, place.attname)
                    USING from_id, into_id;
            END LOOP;
            UPDATE organisation_former_key f SET org_id = into_id WHERE f.org_id = from_id;
        END IF;
        DELETE FROM organisation_former_key f USING organisation o
            WHERE o.org_key = f.former_key AND o.id = f.org_id;      -- moved back to where it was
        -- A level that waits at an organisation no longer above its claim goes to the new one of that kind, or above.
        WITH lost AS (
            SELECT s.id, s.org_key, d.kind FROM review_step s JOIN organisation d ON d.id = s.duty_org
            WHERE s.state IN ('waiting', 'open') AND s.org_key >= new_key AND s.org_key < past_new
              AND NOT starts_with(s.org_key, s.duty_key)),
        found AS (
            SELECT DISTINCT ON (l.id) l.id, o.id AS org_id, o.org_key FROM lost l
            JOIN generate_series(1, length(l.org_key) - 1) AS at(place) ON substr(l.org_key, at.place, 1) = '.'
            JOIN organisation o ON o.org_key = left(l.org_key, at.place) AND o.closed_on IS NULL
            ORDER BY l.id, o.kind <> l.kind,
                     NOT (o.kind IN ('district', 'industry', 'city') AND l.kind IN ('district', 'industry', 'city')),
                     length(o.org_key) DESC)
        UPDATE review_step s SET duty_org = f.org_id, duty_key = f.org_key, taken_by = NULL FROM found f WHERE f.id = s.id;
        GET DIAGNOSTICS counted = ROW_COUNT;
        RETURN counts || CASE WHEN counted > 0 THEN jsonb_build_object('review_step.restaffed', counted)
                              ELSE '{}'::jsonb END;
    END $body$;
    REVOKE ALL ON FUNCTION rekey_organisations FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION rekey_organisations TO huzhu_app;
"""

_REFUSE = """
    CREATE FUNCTION refuse_former_key() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
        IF EXISTS (SELECT FROM new_rows n JOIN organisation_former_key f ON f.former_key = n.org_key) THEN
            RAISE EXCEPTION 'the organisation moved while this was being written' USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN NULL;
    END $body$;
"""


def upgrade() -> None:
    op.add_column("organisation", sa.Column("credit_code", sa.Text(), nullable=True))
    op.add_column("organisation", sa.Column("merged_into", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=True))
    op.add_column("organisation", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("organisation_credit_code", "organisation", ["credit_code"], unique=True,
                    postgresql_where=sa.text("closed_on IS NULL"))
    _kinds(_KINDS)
    op.create_table(
        "organisation_change",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False), sa.Column("from_key", _KEY), sa.Column("to_key", _KEY, nullable=False),
        sa.Column("into_id", sa.Uuid(), sa.ForeignKey("organisation.id")), sa.Column("why", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid()), sa.Column("person_id", sa.Uuid()),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('opened', 'changed', 'moved', 'merged', 'closed')", name="kind_word"))
    op.create_index("organisation_change_org", "organisation_change", ["org_id"])
    op.create_table(
        "organisation_former_key",
        sa.Column("former_key", _KEY, primary_key=True),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False))
    op.create_index("ix_organisation_former_key_org_id", "organisation_former_key", ["org_id"])
    op.create_table(
        "liaison",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("area_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False), sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False), sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date()))
    op.create_index("liaison_area", "liaison", ["area_id"])
    op.execute("""
        GRANT SELECT, INSERT ON organisation_change TO huzhu_app;
        GRANT SELECT ON organisation_former_key TO huzhu_app;
        GRANT SELECT, INSERT, UPDATE ON liaison TO huzhu_app;
    """)
    # A record written before a move is read by whoever sees its claim (or run) today, and stays with who wrote it.
    # Named to sort after `<table>_scope`: policies are asked in order of names, and the range is the cheaper question.
    for table, subject in (("audit_record", "chain_id"), ("access_record", "claim_id")):
        runs = f" OR EXISTS (SELECT FROM payment_run r WHERE r.id = {table}.{subject})" if subject == "chain_id" else ""
        op.execute(f"""
            CREATE POLICY {table}_scope_moved ON {table} FOR SELECT USING (
                EXISTS (SELECT FROM claim c WHERE c.id = {table}.{subject}){runs});
        """)
    op.execute(_REKEY)
    op.execute(_REFUSE)
    for table in _GUARDED:
        op.execute(f"CREATE TRIGGER {table}_key_in_use AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
                   " FOR EACH STATEMENT EXECUTE FUNCTION refuse_former_key()")


def _kinds(words: str) -> None:
    op.execute(f"ALTER TABLE organisation DROP CONSTRAINT kind_word, ADD CONSTRAINT kind_word CHECK (kind IN ({words}))")


def downgrade() -> None:
    for table in _GUARDED:
        op.execute(f"DROP TRIGGER {table}_key_in_use ON {table}")
    op.execute("DROP FUNCTION refuse_former_key; DROP FUNCTION rekey_organisations;"
               " DROP POLICY audit_record_scope_moved ON audit_record; DROP POLICY access_record_scope_moved ON access_record")
    for table in ("liaison", "organisation_former_key", "organisation_change"):
        op.drop_table(table)
    _kinds(_OLD_KINDS)
    op.drop_index("organisation_credit_code", "organisation")
    for column in ("version", "merged_into", "credit_code"):
        op.drop_column("organisation", column)
