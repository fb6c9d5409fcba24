"""The premium's double entry: vouchers of money in and out, transactions that balance, their entries."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Fen, Instant, Scoped, one_of

# Accounts of a plan's fund (专户专款专用). Those of an insured plan are memo accounts: the money is the insurer's.
ACCOUNTS = ("cash", "receivable", "income", "prepaid", "refund_payable", "refunds")
MEMO = "memo_"
KINDS = ("due", "received", "allocated", "reduced", "returned", "refunded", "refund_reversed")


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
                      Index("ledger_payment_once", "payment_id", "attempt", "kind", unique=True,
                            postgresql_where=text("payment_id IS NOT NULL")))

    plan: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    booked_on: date
    voucher_id: uuid.UUID | None = Field(default=None, foreign_key="premium_voucher.id")
    payment_id: uuid.UUID | None = Field(default=None, foreign_key="payment.id")
    attempt: int | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    account_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class LedgerEntry(Scoped, table=True):
    """One line: debit above zero, credit below, in fen. Receivable, owed back and refunded are kept cover by cover."""

    __tablename__ = "ledger_entry"
    __table_args__ = (one_of("account", (*ACCOUNTS, *(MEMO + word for word in ACCOUNTS))),
                      CheckConstraint("amount_fen <> 0", name="amount_moves"),
                      Index("ledger_entry_cover", "cover_id", postgresql_where=text("cover_id IS NOT NULL")),
                      Index("ledger_entry_transaction", "transaction_id"))

    transaction_id: uuid.UUID = Field(foreign_key="ledger_transaction.id")
    account: str = Field(sa_type=Text)
    cover_id: uuid.UUID | None = Field(default=None, foreign_key="cover.id")
    amount_fen: int = Field(sa_type=Fen)
