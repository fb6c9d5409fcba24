"""Premium due, paid, refunded in a double-entry ledger; endorsements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from infra.migrations.security import scope

revision = "0007"
down_revision = "0006"

_TABLES = ("premium_voucher", "ledger_transaction", "ledger_entry", "endorsement")
_ACCOUNTS = "'cash', 'receivable', 'income', 'prepaid', 'refund_payable', 'refunds'"
_MEMOS = ", ".join(f"'memo_{word.strip()[1:-1]}'" for word in _ACCOUNTS.split(","))


def _key() -> list[sa.Column[object]]:
    return [sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("org_key", sa.Text(collation="C"), nullable=False)]


def _who() -> list[sa.Column[object]]:
    return [sa.Column("account_id", sa.Uuid()), sa.Column("at", sa.DateTime(timezone=True), nullable=False)]


def upgrade() -> None:
    op.create_table(
        "premium_voucher", *_key(), sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("voucher_no", sa.Text(), nullable=False, unique=True), sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=False),
        sa.Column("cover_id", sa.Uuid(), sa.ForeignKey("cover.id")), sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False), sa.Column("party", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False), sa.Column("reason", sa.Text()), *_who(),
        sa.CheckConstraint("kind IN ('received', 'returned')", name="kind_word"),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.UniqueConstraint("plan", "kind", "party", "reference", name="premium_voucher_once"))
    op.create_index("premium_voucher_org", "premium_voucher", ["org_key", "plan"])
    op.create_table(
        "ledger_transaction", *_key(), sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False), sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("voucher_id", sa.Uuid(), sa.ForeignKey("premium_voucher.id")),
        sa.Column("payment_id", sa.Uuid(), sa.ForeignKey("payment.id")), sa.Column("attempt", sa.Integer()),
        sa.Column("reason", sa.Text()), *_who(),
        sa.CheckConstraint("kind IN ('due', 'received', 'allocated', 'reduced', 'returned', 'refunded', 'refund_reversed')",
                           name="kind_word"))
    op.create_index("ledger_transaction_plan", "ledger_transaction", ["plan", "kind"])
    op.create_index("ledger_payment_once", "ledger_transaction", ["payment_id", "attempt", "kind"], unique=True,
                    postgresql_where=sa.text("payment_id IS NOT NULL"))
    op.create_table(
        "ledger_entry", *_key(),
        sa.Column("transaction_id", sa.Uuid(), sa.ForeignKey("ledger_transaction.id"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False), sa.Column("cover_id", sa.Uuid(), sa.ForeignKey("cover.id")),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"account IN ({_ACCOUNTS}, {_MEMOS})", name="account_word"),
        sa.CheckConstraint("amount_fen <> 0", name="amount_moves"))
    op.create_index("ledger_entry_cover", "ledger_entry", ["cover_id"], postgresql_where=sa.text("cover_id IS NOT NULL"))
    op.create_index("ledger_entry_transaction", "ledger_entry", ["transaction_id"])
    op.create_table(
        "endorsement", *_key(), sa.Column("cover_id", sa.Uuid(), sa.ForeignKey("cover.id"), nullable=False),
        sa.Column("number", sa.Text()), sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False), sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid()), *_who(),
        sa.CheckConstraint("kind IN ('add', 'remove', 'change')", name="kind_word"))
    op.create_index("endorsement_cover", "endorsement", ["cover_id"])
    op.add_column("cover", sa.Column("end_reason", sa.Text()))
    op.create_check_constraint("end_reason_word", "cover",
                               "end_reason IN ('transfer', 'retirement', 'death', 'benefit', 'withdrawn')")
    scope(_TABLES, append_only=True)
    # One statement writes the whole of a transaction, so the statement's rows are what must balance: one look for
    # a booking of 200,000 lines. Fund and memo accounts balance each for itself: no money passes between them.
    op.execute("""
        CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE off uuid;
        BEGIN
            SELECT transaction_id INTO off FROM added GROUP BY transaction_id, starts_with(account, 'memo_')
                HAVING sum(amount_fen) <> 0 LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'ledger transaction % does not balance', off
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balances';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER ledger_balances AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_balances();
    """)
    # Its lines come after the transaction itself, so whether it has any is asked at the commit: a few rows a booking.
    op.execute("""
        CREATE FUNCTION ledger_has_lines() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM ledger_entry WHERE transaction_id = NEW.id) THEN
                RAISE EXCEPTION 'ledger transaction % has no lines', NEW.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_has_lines';
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER ledger_has_lines AFTER INSERT ON ledger_transaction
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_has_lines();
    """)
    # A district's slip is placed on covers of its units: who sees a line sees what kind of booking it belongs to.
    op.execute("""
        CREATE POLICY ledger_transaction_of_lines ON ledger_transaction FOR SELECT USING (
            EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = ledger_transaction.id));
    """)
    # A cover that was taken back before its first day covers no day and stands in nobody's way.
    op.execute("""
        CREATE OR REPLACE FUNCTION cover_span(plan text, person uuid, effective date, until date) RETURNS text_range
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN CASE WHEN until < effective THEN 'empty'::text_range ELSE
                text_range(plan || '|' || person || '|' || lpad((effective - DATE '2000-01-01')::text, 6, '0'),
                           plan || '|' || person || '|' || lpad((until - DATE '2000-01-01')::text, 6, '0'), '[]') END;
    """)


def downgrade() -> None:
    op.execute("""
        CREATE OR REPLACE FUNCTION cover_span(plan text, person uuid, effective date, until date) RETURNS text_range
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            RETURN text_range(plan || '|' || person || '|' || lpad((effective - DATE '2000-01-01')::text, 6, '0'),
                              plan || '|' || person || '|' || lpad((until - DATE '2000-01-01')::text, 6, '0'), '[]');
    """)
    op.drop_column("cover", "end_reason")
    op.execute("DROP POLICY ledger_transaction_of_lines ON ledger_transaction")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION ledger_balances, ledger_has_lines")
