"""A payment enters a run only while the run is a draft: into one that was submitted or released nobody can slip another.

Submitted, a run's digest tells; released, only this does: the release asks each payment that is there. The run is held for the
moment, so that one who includes and one who submits or releases at the same time go one after the other. Only what takes a payment
into a run asks. Locks: the trigger is made under a short SHARE ROW EXCLUSIVE of `payment`.
"""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    """The trigger."""
    op.execute("""
        CREATE FUNCTION payment_run_draft() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM payment_run WHERE id = NEW.run_id AND state = 'draft' FOR SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'payment % enters run %, which is no draft', NEW.id, NEW.run_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_run_draft';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER payment_run_draft BEFORE UPDATE OF run_id ON payment FOR EACH ROW
            WHEN (NEW.run_id IS NOT NULL AND NEW.run_id IS DISTINCT FROM OLD.run_id) EXECUTE FUNCTION payment_run_draft();
    """)


def downgrade() -> None:
    """As before."""
    op.execute("DROP TRIGGER payment_run_draft ON payment; DROP FUNCTION payment_run_draft")
