"""What a settlement pays: a line for each member, carried by the same runs and proved by the same bank lines as claims' payments.

Lines come by the million, so they are COPYed as bills are (0049): into a partition without row security, where a trigger refuses
rows beyond the scope; all reading and changing goes through the table, which has it.

Locks: the columns added to `payment_run`, `bank_line` and `line_verdict` are empty, so no row is written anew; each takes a short
ACCESS EXCLUSIVE, and SHARE ROW EXCLUSIVE of what it refers to. The index on `bank_line` is over nothing yet. The program before this
one runs on with all of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0051"
down_revision = "0050"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The lines, the lists of messages taken from them, and where runs and bank lines name them."""
    # With the column itself: made afterwards the constraint would look through the table, which row security does not let it.
    op.execute("ALTER TABLE payment_run ADD COLUMN settlement_id uuid REFERENCES settlement (id)")
    op.create_index("payment_run_settlement", "payment_run", ["settlement_id"], postgresql_where=sa.text("settlement_id IS NOT NULL"))
    _lines()
    op.create_table(
        "settlement_telling", sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Uuid(), sa.ForeignKey("payment_run.id"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False), sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False), sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False), sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.CheckConstraint("channel IN ('list', 'sms')", name="channel_word"))
    op.create_index("settlement_telling_run", "settlement_telling", ["run_id"])
    scope(["settlement_payment"])
    scope(["settlement_telling"], append_only=True)
    for table in ("bank_line", "line_verdict"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN settlement_payment_id uuid")
    op.create_index("bank_line_settlement", "bank_line", ["settlement_payment_id"],
                    postgresql_where=sa.text("settlement_payment_id IS NOT NULL"))


def _lines() -> None:
    op.create_table(
        "settlement_payment", sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("org_key", sa.Text(collation="C"), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("settlement_id", "person_id")),
        sa.Column("part", sa.SmallInteger(), nullable=False), sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("card_id", "run_id")),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        *(sa.Column(name, sa.SmallInteger(), server_default="1", nullable=False) for name in ("attempt", "version")),
        sa.Column("serial", sa.Text(), nullable=True), sa.Column("credited_at", _INSTANT, nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("return_reason", "left_out")),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("proposed_card_id", "corrected_person")),
        sa.Column("waiting", sa.Boolean(), sa.Computed("state IN ('planned', 'returned')", persisted=True), nullable=False),
        sa.CheckConstraint("state IN ('planned', 'batched', 'sent', 'credited', 'returned', 'cancelled')", name="state_word"),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.CheckConstraint("(state IN ('planned', 'cancelled')) = (run_id IS NULL) AND (run_id IS NULL) = (line IS NULL)"
                           " AND (run_id IS NULL OR card_id IS NOT NULL)", name="carried"),
        sa.CheckConstraint("(state = 'credited') = (credited_at IS NOT NULL) AND (state = 'credited') = (serial IS NOT NULL)",
                           name="credit_proved"),
        sa.PrimaryKeyConstraint("settlement_id", "part", "person_id", name="settlement_payment_once"),
        postgresql_partition_by="HASH (settlement_id)")
    op.create_index("settlement_payment_waiting", "settlement_payment", ["settlement_id", "id"], postgresql_where=sa.text("waiting"))
    # One partition holds them all: what is unique in it is unique.
    op.execute("""
        CREATE TABLE settlement_payment_all PARTITION OF settlement_payment FOR VALUES WITH (MODULUS 1, REMAINDER 0)
            WITH (fillfactor = 45);
        CREATE UNIQUE INDEX settlement_payment_id ON settlement_payment_all (id);
        CREATE UNIQUE INDEX settlement_payment_line ON settlement_payment_all (run_id, line) WHERE run_id IS NOT NULL;
        GRANT INSERT ON settlement_payment_all TO huzhu_app;
        CREATE TRIGGER settlement_payment_in_scope AFTER INSERT ON settlement_payment FOR EACH ROW
            WHEN (NOT coalesce(NEW.org_key >= current_setting('app.org_path') || '.'
                               AND NEW.org_key < current_setting('app.org_path') || '/', false))
            EXECUTE FUNCTION refuse_beyond_scope();
    """)


def downgrade() -> None:
    """Without them."""
    op.drop_index("bank_line_settlement", "bank_line")
    for table in ("line_verdict", "bank_line"):
        op.drop_column(table, "settlement_payment_id")
    op.drop_table("settlement_telling")
    op.drop_table("settlement_payment")
    op.drop_column("payment_run", "settlement_id")
