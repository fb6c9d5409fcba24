"""Whether a cover's premium was given back is known wherever the next cover is: a renewal of it is none (A-13).

One function; no table is touched.
"""

from __future__ import annotations

from alembic import op

revision = "0068"
down_revision = "0067"

# The former cover may be another unit's, which row security hides. The owner is bound as well, so the function looks from the
# root of the caller's tree and puts the scope back; of the people asked for it names those, and nothing else.
_GIVEN_BACK = """
    CREATE FUNCTION premium_given_back(persons uuid[], wanted text, first_day date) RETURNS SETOF uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE
        scope text := current_setting('app.org_path');
    BEGIN
        PERFORM set_config('app.org_path', split_part(scope, '.', 1), true);
        RETURN QUERY SELECT DISTINCT v.person_id FROM cover v JOIN unnest(persons) AS p(id) ON p.id = v.person_id
            WHERE v.plan = wanted AND v.until = first_day - 1 AND EXISTS (
                SELECT FROM reservation r WHERE r.cover_id = v.id AND r.benefit = 'premium_refund' AND r.state IN ('reserved', 'paid'));
        PERFORM set_config('app.org_path', scope, true);
    END $body$;
    REVOKE ALL ON FUNCTION premium_given_back FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION premium_given_back TO huzhu_app;
"""


def upgrade() -> None:
    """The function."""
    op.execute(_GIVEN_BACK)


def downgrade() -> None:
    """As before."""
    op.execute("DROP FUNCTION premium_given_back")
