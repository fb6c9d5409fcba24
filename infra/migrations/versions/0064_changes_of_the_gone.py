"""What a person's record was before each change goes with the person: names and numbers of before outlived those of after.

One function; no table is touched.
"""

from __future__ import annotations

from alembic import op

revision = "0064"
down_revision = "0063"

# The history of changes is append-only for the application. Of a person who was erased it is blanked through this door alone.
_DISPOSE = """
    CREATE FUNCTION dispose_person_changes(most int) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE
        gone bigint;
    BEGIN
        WITH due AS (
            SELECT c.id FROM person_change c JOIN person p ON p.id = c.person_id
            WHERE p.erased_at IS NOT NULL AND (c.old_sealed IS NOT NULL OR c.new_sealed IS NOT NULL)
            LIMIT most)
        UPDATE person_change c SET old_sealed = NULL, new_sealed = NULL FROM due WHERE c.id = due.id;
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $body$;
    REVOKE ALL ON FUNCTION dispose_person_changes FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION dispose_person_changes TO huzhu_app;
"""


def upgrade() -> None:
    """The function."""
    op.execute(_DISPOSE)


def downgrade() -> None:
    """As before."""
    op.execute("DROP FUNCTION dispose_person_changes")
