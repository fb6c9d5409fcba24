"""Double entry per plan fund: vouchers of premium in and out, transactions that balance, their entries, months closed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Bytes, Fen, Instant, Json, Row, Scoped, instant, one_of

# Accounts of a plan's fund (专户专款专用). Those of an insured plan are memo accounts: the money is the insurer's.
ACCOUNTS = ("cash", "receivable", "income", "prepaid", "refund_payable", "refunds", "opening", "benefits", "payable", "in_transit",
            "advances", "recoverable", "written_off")
MEMO = "memo_"
# `refunded` and `refund_reversed`: how refunds were booked before claims' money was booked step by step.
KINDS = ("due", "received", "allocated", "reduced", "returned", "refunded", "refund_reversed", "opening", "account_moved", "decided",
         "lapsed", "advanced", "dropped", "deducted", "sent", "credited", "bounced", "owed", "recovered", "written_off")


class PremiumVoucher(Scoped, table=True):
    """Money that came in for premiums or was given back (收款、退款凭证), as the bank's slip says it. Append-only."""

    __tablename__ = "premium_voucher"
    __table_args__ = (one_of("kind", ("received", "returned")), CheckConstraint("amount_fen > 0", name="amount_positive"),
                      UniqueConstraint("plan", "kind", "party", "reference", name="premium_voucher_once"),
                      Index("premium_voucher_org", "org_key", "plan"))

    kind: str = Field(sa_type=Text)
    voucher_no: str = Field(sa_type=Text, unique=True)
    plan: str = Field(sa_type=Text)
    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    cover_id: uuid.UUID | None = Field(default=None, foreign_key="cover.id")    # given back for one cover
    amount_fen: int = Field(sa_type=Fen)
    dated_on: date                       # the bank's day
    party: str = Field(sa_type=Text)     # who paid, or who was paid back
    reference: str = Field(sa_type=Text)                     # the bank's serial, its own only with the party
    reason: str | None = Field(default=None, sa_type=Text)
    account_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class LedgerTransaction(Scoped, table=True):
    """One booking of one plan. Append-only; its entries are written by one statement and add up to zero."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (one_of("kind", KINDS), Index("ledger_transaction_plan", "plan", "kind"),
                      Index("ledger_transaction_ahead", "org_key", "plan",
                            postgresql_where=text("kind IN ('received', 'allocated', 'returned')")),
                      Index("ledger_payment_once", "payment_id", "attempt", "kind", unique=True,
                            postgresql_where=text("payment_id IS NOT NULL")))

    plan: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    booked_on: date                      # in a month that is open: the database moves it there
    fact_on: date | None = None          # the fact's own day
    voucher_id: uuid.UUID | None = Field(default=None, foreign_key="premium_voucher.id")
    payment_id: uuid.UUID | None = Field(default=None, foreign_key="payment.id")
    attempt: int | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    account_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class LedgerEntry(Scoped, table=True):
    """One line: debit above zero, credit below, in fen. Receivable, owed back and refunded are kept cover by cover.

    What a claim's money did has its source: the decision, reopening, payment or receivable whose `step` it books, once for
    each attempt. `bank_account_id`: of cash, the fund's account it lies on.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (one_of("account", (*ACCOUNTS, *(MEMO + word for word in ACCOUNTS))),
                      CheckConstraint("amount_fen <> 0", name="amount_moves"),
                      Index("ledger_entry_cover", "cover_id", postgresql_where=text("cover_id IS NOT NULL")),
                      Index("ledger_entry_transaction", "transaction_id"),
                      Index("ledger_entry_once", "source_id", "step", "attempt", unique=True,
                            postgresql_where=text("source_id IS NOT NULL")))

    transaction_id: uuid.UUID = Field(foreign_key="ledger_transaction.id")
    account: str = Field(sa_type=Text)
    cover_id: uuid.UUID | None = Field(default=None, foreign_key="cover.id")
    amount_fen: int = Field(sa_type=Fen)
    bank_account_id: uuid.UUID | None = Field(default=None, foreign_key="fund_account.id")
    source_id: uuid.UUID | None = None
    step: str | None = Field(default=None, sa_type=Text)
    attempt: int | None = None


class LedgerClosing(Row, table=True):
    """A month of a plan's books: closing asked by one person, agreed or declined by another. An agreed one never changes.

    `balances`: the trial balance at the end of the month, account to [debit, credit] in fen over all time until then.
    """

    __tablename__ = "ledger_closing"
    __table_args__ = (Index("ledger_closing_once", "plan", "month", unique=True, postgresql_where=text("declined_at IS NULL")),
                      CheckConstraint("extract(day FROM month) = 1", name="month_first"),
                      CheckConstraint("agreed_at IS NULL OR declined_at IS NULL", name="one_answer"),
                      CheckConstraint("answered_person IS DISTINCT FROM asked_person OR answered_person IS NULL", name="two_persons"))

    plan: str = Field(sa_type=Text)
    month: date
    asked_by: uuid.UUID
    asked_person: uuid.UUID
    asked_at: datetime = Field(sa_type=Instant)
    answered_by: uuid.UUID | None = None
    answered_person: uuid.UUID | None = None
    agreed_at: datetime | None = instant()
    declined_at: datetime | None = instant()
    why: str | None = Field(default=None, sa_type=Text)      # of a decline
    balances: dict[str, list[int]] = Field(default_factory=dict, sa_type=Json)


class MoneyProof(Scoped, table=True):
    """A day's proof of an office's money: approved = sent = credited, or open with its age, or named as a breach. Append-only.

    `sha256`: of the kept report. `signature`: keyed, over office, day and report. `books`: digest of the bookings entered that day.
    """

    __tablename__ = "money_proof"
    __table_args__ = (UniqueConstraint("org_key", "day", name="money_proof_once"),)

    day: date
    office: str = Field(sa_type=Text)
    claims: int
    open: int
    breaches: int
    sha256: str = Field(sa_type=Text)
    signature: bytes = Field(sa_type=Bytes)
    books: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=Instant)
