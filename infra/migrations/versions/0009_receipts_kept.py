"""Whether a plan's premium is entered here at all, answered alike in every region."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """One function for the application's role."""
    # A voucher stands at the organisation that paid, often above the one who asks: row security would hide it, and the same
    # claim would compute to two refunds. The function answers yes or no and nothing else; the owner is bound as well,
    # so it looks from the root of the caller's tree and puts the scope back.
    op.execute("""
        CREATE FUNCTION premium_entered(wanted text) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
        DECLARE
            entered boolean;
            scope text := current_setting('app.org_path');
        BEGIN
            PERFORM set_config('app.org_path', split_part(scope, '.', 1), true);
            SELECT EXISTS (SELECT FROM premium_voucher WHERE plan = wanted AND kind = 'received') INTO entered;
            PERFORM set_config('app.org_path', scope, true);
            RETURN entered;
        END $body$;
        REVOKE ALL ON FUNCTION premium_entered FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION premium_entered TO huzhu_app;
    """)


def downgrade() -> None:
    """Without it."""
    op.execute("DROP FUNCTION premium_entered")
