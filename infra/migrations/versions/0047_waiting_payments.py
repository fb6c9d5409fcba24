"""What waits for an office to pay is found by an index; a run is not released without each of its payments.

Locks: adding the column writes `payment` anew, under ACCESS EXCLUSIVE: payments wait meanwhile (a million: some seconds), claims
do not. The trigger is made under a short SHARE ROW EXCLUSIVE of `payment_run`. The program before this one runs on with it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """A column that the moves of a run leave alone, and the index over it; the trigger."""
    op.add_column("payment", sa.Column("waiting", sa.Boolean(), sa.Computed("state IN ('planned', 'returned')", persisted=True),
                                       nullable=False))
    op.create_index("payment_waiting", "payment", ["org_key"], postgresql_where=sa.text("waiting"))
    op.execute("ANALYZE payment (waiting)")           # else half the table is thought to wait, until much of it has changed
    # The run's own facts leave it to each payment's move whether maker and checker are apart from its claim. The payments move
    # after the run, so it is asked at the commit: once a run.
    op.execute("""
        CREATE FUNCTION payment_run_whole() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM payment WHERE run_id = NEW.id AND state = 'batched') THEN
                RAISE EXCEPTION 'payment run % is released without each of its payments', NEW.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_run_whole';
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER payment_run_whole AFTER UPDATE ON payment_run DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.state = 'released' AND OLD.state <> 'released') EXECUTE FUNCTION payment_run_whole();
    """)


def downgrade() -> None:
    """As before."""
    op.execute("DROP TRIGGER payment_run_whole ON payment_run; DROP FUNCTION payment_run_whole")
    op.drop_index("payment_waiting", "payment")
    op.drop_column("payment", "waiting")
