"""The ledger books what claims' money does, step by step; months are closed by two persons and nothing is booked into them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"

_OLD_ACCOUNTS = ("cash", "receivable", "income", "prepaid", "refund_payable", "refunds")
_ACCOUNTS = (*_OLD_ACCOUNTS, "opening", "benefits", "payable", "in_transit", "advances", "recoverable", "written_off")
_OLD_KINDS = ("due", "received", "allocated", "reduced", "returned", "refunded", "refund_reversed")
_KINDS = (*_OLD_KINDS, "opening", "account_moved", "decided", "lapsed", "advanced", "dropped", "deducted", "sent", "credited",
          "bounced", "owed", "recovered", "written_off")


def _words(table: str, column: str, name: str, words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({listed})")


def _accounts(words: tuple[str, ...]) -> None:
    _words("ledger_entry", "account", "account_word", (*words, *(f"memo_{word}" for word in words)))


def upgrade() -> None:
    """Columns that need no rewrite. No foreign key on a line's source: it is a row of one of four tables, and never deleted."""
    _words("ledger_transaction", "kind", "kind_word", _KINDS)
    _accounts(_ACCOUNTS)
    op.add_column("ledger_transaction", sa.Column("fact_on", sa.Date()))
    op.execute("ALTER TABLE ledger_entry NO FORCE ROW LEVEL SECURITY")      # the new key is looked through by the owner
    op.add_column("ledger_entry", sa.Column("bank_account_id", sa.Uuid(), sa.ForeignKey("fund_account.id")))
    op.execute("ALTER TABLE ledger_entry FORCE ROW LEVEL SECURITY")
    op.add_column("ledger_entry", sa.Column("source_id", sa.Uuid()))
    op.add_column("ledger_entry", sa.Column("step", sa.Text()))
    op.add_column("ledger_entry", sa.Column("attempt", sa.Integer()))
    op.create_index("ledger_entry_once", "ledger_entry", ["source_id", "step", "attempt"], unique=True,
                    postgresql_where=sa.text("source_id IS NOT NULL"))
    op.create_table(
        "ledger_closing", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False), sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_person", sa.Uuid(), nullable=False), sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.Uuid()), sa.Column("answered_person", sa.Uuid()),
        sa.Column("agreed_at", sa.DateTime(timezone=True)), sa.Column("declined_at", sa.DateTime(timezone=True)),
        sa.Column("why", sa.Text()), sa.Column("balances", JSONB(), nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name="month_first"),
        sa.CheckConstraint("agreed_at IS NULL OR declined_at IS NULL", name="one_answer"),
        sa.CheckConstraint("answered_person IS DISTINCT FROM asked_person OR answered_person IS NULL", name="two_persons"))
    op.create_index("ledger_closing_once", "ledger_closing", ["plan", "month"], unique=True,
                    postgresql_where=sa.text("declined_at IS NULL"))
    # A plan's months are no secret of an organisation, and whoever books must see them: no row security.
    op.execute("""
        REVOKE ALL ON ledger_closing FROM huzhu_app;
        GRANT SELECT, INSERT ON ledger_closing TO huzhu_app;
        GRANT UPDATE (answered_by, answered_person, agreed_at, declined_at, why, balances) ON ledger_closing TO huzhu_app;
        CREATE FUNCTION ledger_closing_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.agreed_at IS NOT NULL OR OLD.declined_at IS NOT NULL THEN
                RAISE EXCEPTION 'an answered closing stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_closing_stays';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER ledger_closing_stays BEFORE UPDATE ON ledger_closing FOR EACH ROW EXECUTE FUNCTION ledger_closing_stays();
    """)
    # Whatever books, and however: a fact of a closed month is booked on the day it is entered, its own day kept beside it.
    # The lock is shared among those who book and is held alone by who closes, so no booking slips in while a month is closed.
    op.execute("""
        CREATE FUNCTION ledger_month_open() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE closed date;
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger-closing:' || NEW.plan, 0));
            NEW.fact_on := coalesce(NEW.fact_on, NEW.booked_on);
            SELECT max(month) INTO closed FROM ledger_closing WHERE plan = NEW.plan AND agreed_at IS NOT NULL;
            IF closed IS NOT NULL AND NEW.booked_on < closed + interval '1 month' THEN
                NEW.booked_on := greatest((closed + interval '1 month')::date, (NEW.at AT TIME ZONE 'Asia/Shanghai')::date);
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER ledger_month_open BEFORE INSERT ON ledger_transaction FOR EACH ROW EXECUTE FUNCTION ledger_month_open();
    """)
    # What a fund began with was entered for the whole plan: it is seen by the nation and its offices, by nobody below.
    op.execute("""
        CREATE POLICY ledger_transaction_fund ON ledger_transaction FOR SELECT USING (
            kind IN ('opening', 'account_moved') AND current_setting('app.org_path') NOT LIKE '%.%.%');
        CREATE POLICY ledger_entry_fund ON ledger_entry FOR SELECT USING (
            step = 'fund' AND current_setting('app.org_path') NOT LIKE '%.%.%');
    """)


def downgrade() -> None:
    """Without them: the bookings of the new kinds go, those before them stay."""
    op.execute("DROP POLICY ledger_transaction_fund ON ledger_transaction; DROP POLICY ledger_entry_fund ON ledger_entry;"
               "DROP TRIGGER ledger_month_open ON ledger_transaction; DROP FUNCTION ledger_month_open")
    op.drop_table("ledger_closing")
    op.execute("DROP FUNCTION ledger_closing_stays")
    kept = ", ".join(f"'{kind}'" for kind in _OLD_KINDS)
    op.execute(f"""
        ALTER TABLE ledger_entry NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE ledger_transaction NO FORCE ROW LEVEL SECURITY;
        DELETE FROM ledger_entry e USING ledger_transaction t WHERE t.id = e.transaction_id AND t.kind NOT IN ({kept});
        DELETE FROM ledger_transaction WHERE kind NOT IN ({kept});
        ALTER TABLE ledger_entry FORCE ROW LEVEL SECURITY;
        ALTER TABLE ledger_transaction FORCE ROW LEVEL SECURITY;
    """)
    op.drop_index("ledger_entry_once", "ledger_entry")
    for column in ("attempt", "step", "source_id", "bank_account_id"):
        op.drop_column("ledger_entry", column)
    op.drop_column("ledger_transaction", "fact_on")
    _accounts(_OLD_ACCOUNTS)
    _words("ledger_transaction", "kind", "kind_word", _OLD_KINDS)
