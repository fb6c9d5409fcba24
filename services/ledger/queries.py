"""Reads: balances of a plan's accounts, what each cover's premium came to, and the proof that it all agrees."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.ledger.accounts import WORDS, name_of
from services.models.ledger import MEMO


@dataclass(frozen=True, slots=True)
class Balance:
    """One account of one plan in the caller's region, fen. `balance_fen` is debit less credit."""

    plan: str
    account: str
    name: str
    debit_fen: int
    credit_fen: int

    @property
    def balance_fen(self) -> int:
        """Debit less credit."""
        return self.debit_fen - self.credit_fen


@dataclass(frozen=True, slots=True)
class Premium:
    """One cover's premium in fen. Due is net of what was taken off; open is still to be paid; owed_back not yet returned."""

    due_fen: int = 0
    paid_fen: int = 0
    open_fen: int = 0
    owed_back_fen: int = 0
    returned_fen: int = 0       # on vouchers, for a cover taken back or made smaller
    refunded_fen: int = 0       # on a claim, when the event fell into the waiting period


_BALANCES = sa.text("""
    SELECT t.plan, e.account, coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen > 0), 0)::bigint AS debit,
           -coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen < 0), 0)::bigint AS credit
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE (CAST(:plan AS text) IS NULL OR t.plan = :plan)
    AND t.plan IN (SELECT plan FROM ledger_transaction WHERE kind NOT IN ('opening', 'account_moved'))
    GROUP BY t.plan, e.account ORDER BY t.plan, e.account""")


def balances(session: Session, plan: str | None = None) -> list[Balance]:
    """The trial balance: within one plan the balances add up to zero (seen from where the whole plan is in sight)."""
    return [Balance(row.plan, row.account, name_of(row.account), row.debit, row.credit)
            for row in session.execute(_BALANCES, {"plan": plan})]


_OF_COVERS = sa.text("""
    SELECT e.cover_id,
      coalesce(sum(e.amount_fen) FILTER (WHERE t.kind IN ('due', 'reduced')), 0)::bigint AS due,
      -coalesce(sum(e.amount_fen) FILTER (WHERE t.kind = 'allocated'), 0)::bigint AS paid,
      coalesce(sum(e.amount_fen) FILTER (WHERE e.account IN ('receivable', 'memo_receivable')), 0)::bigint AS open,
      -coalesce(sum(e.amount_fen) FILTER (WHERE e.account IN ('refund_payable', 'memo_refund_payable')), 0)::bigint AS owed_back,
      coalesce(sum(e.amount_fen) FILTER (WHERE t.kind = 'returned'), 0)::bigint AS returned,
      coalesce(sum(CASE WHEN t.kind IN ('refunded', 'refund_reversed') AND e.account IN ('refunds', 'memo_refunds') THEN e.amount_fen
          WHEN t.kind IN ('credited', 'bounced') AND e.account IN ('cash', 'memo_cash') THEN -e.amount_fen END), 0)::bigint AS refunded
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE e.cover_id = ANY(CAST(:covers AS uuid[])) GROUP BY e.cover_id""")


def premiums(session: Session, cover_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Premium]:
    """Each cover's premium; one without any booking is all zeros."""
    found = {row.cover_id: Premium(*row[1:]) for row in session.execute(_OF_COVERS, {"covers": list(cover_ids)})}
    return {cover: found.get(cover, Premium()) for cover in cover_ids}


_BEHIND = sa.text("""
    SELECT EXISTS (SELECT 1 FROM fund f WHERE f.opening_fen > 0 AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.source_id = f.id))
        OR (EXISTS (SELECT 1 FROM decision WHERE amount_fen > 0) AND NOT EXISTS (SELECT 1 FROM ledger_entry WHERE step = 'decided'))""")


def behind(session: Session) -> bool:
    """Whether the house has funds or decisions from before they were booked."""
    return bool(session.execute(_BEHIND).scalar_one())


@dataclass(frozen=True, slots=True)
class Adequacy:
    """A plan's fund as the ledger has it, fen. Only what a union pays itself: an insured plan's money is the insurer's.

    `balance`: on the account; `in_transit`: sent and not yet answered by the bank; `committed`: decided and not yet sent,
    `gathered` of it in runs that are not sent.
    """

    plan: str
    balance_fen: int
    in_transit_fen: int
    committed_fen: int
    gathered_fen: int

    @property
    def free_fen(self) -> int:
        """What is left after all that is on its way or in a run: a run is released only while this is not below zero."""
        return self.balance_fen - self.in_transit_fen - self.gathered_fen

    @property
    def after_all_fen(self) -> int:
        """What is left when everything decided is paid."""
        return self.balance_fen - self.in_transit_fen - self.committed_fen


_ADEQUACY = sa.text("""
    SELECT f.plan, f.opening_fen + coalesce(b.cash, 0) AS balance, coalesce(b.transit, 0) AS transit, coalesce(b.payable, 0) AS payable,
           coalesce((SELECT sum(p.amount_fen)::bigint FROM payment p JOIN payment_run m ON m.id = p.run_id
                     WHERE m.plan = f.plan AND p.state IN ('batched', 'released')), 0)
           + (SELECT coalesce(sum(m.total_fen), 0)::bigint FROM payment_run m WHERE m.plan = f.plan AND m.settlement_id IS NOT NULL
              AND m.state IN ('draft', 'submitted', 'released')) AS gathered
    FROM fund f LEFT JOIN (
        SELECT t.plan, coalesce(sum(e.amount_fen) FILTER (WHERE e.account = 'cash'), 0)::bigint AS cash,
               -coalesce(sum(e.amount_fen) FILTER (WHERE e.account = 'in_transit'), 0)::bigint AS transit,
               -coalesce(sum(e.amount_fen) FILTER (WHERE e.account = 'payable'), 0)::bigint AS payable
        FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
        WHERE e.account IN ('cash', 'in_transit', 'payable') AND t.kind NOT IN ('opening', 'account_moved')
        GROUP BY t.plan) b ON b.plan = f.plan
    WHERE CAST(:plan AS text) IS NULL OR f.plan = :plan ORDER BY f.plan""")


def adequacy(session: Session, plan: str | None = None) -> list[Adequacy]:
    """The plans' funds in sight; a plan without a fund is not among them."""
    return [Adequacy(*row) for row in session.execute(_ADEQUACY, {"plan": plan})]


@dataclass(frozen=True, slots=True)
class Month:
    """One account of a plan over a month, fen; cash by the bank account it lies on. `before` and `after`: debit less credit."""

    plan: str
    account: str
    name: str
    bank_account: str
    before_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def after_fen(self) -> int:
        """The balance at the month's end."""
        return self.before_fen + self.debit_fen - self.credit_fen


_TRIAL = sa.text("""
    SELECT t.plan, e.account, coalesce(f.number, '') AS bank_account,
           coalesce(sum(e.amount_fen) FILTER (WHERE t.booked_on < :first), 0)::bigint AS before,
           coalesce(sum(e.amount_fen) FILTER (WHERE t.booked_on >= :first AND e.amount_fen > 0), 0)::bigint AS debit,
           -coalesce(sum(e.amount_fen) FILTER (WHERE t.booked_on >= :first AND e.amount_fen < 0), 0)::bigint AS credit
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id LEFT JOIN fund_account f ON f.id = e.bank_account_id
    WHERE (CAST(:plan AS text) IS NULL OR t.plan = :plan) AND t.booked_on < :end
    AND t.plan IN (SELECT plan FROM ledger_transaction WHERE kind NOT IN ('opening', 'account_moved'))
    GROUP BY t.plan, e.account, f.number ORDER BY t.plan, e.account, 3""")


def trial_balance(session: Session, *, first: date, end: date, plan: str | None = None) -> list[Month]:
    """Every account from `first` up to, and not with, `end`. Where a whole plan is in sight, each column's sum agrees."""
    rows = [Month(row.plan, row.account, name_of(row.account), masked(row.bank_account), row.before, row.debit, row.credit)
            for row in session.execute(_TRIAL, {"first": first, "end": end, "plan": plan})]
    order = {word: place for place, word in enumerate(WORDS)}
    return sorted(rows, key=lambda row: (row.plan, order[row.account.removeprefix(MEMO)], row.bank_account))


def masked(number: str) -> str:
    """An account's last four digits, as pages show it."""
    return f"尾号{number[-4:]}" if number else ""


_LATE = sa.text("""
    SELECT t.plan, t.kind, t.fact_on, t.booked_on, coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen > 0), 0)::bigint AS fen
    FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
    WHERE t.booked_on >= :first AND t.booked_on < :end AND t.fact_on < :first AND (CAST(:plan AS text) IS NULL OR t.plan = :plan)
    GROUP BY t.id ORDER BY t.fact_on, t.plan, t.id LIMIT 200""")


@dataclass(frozen=True, slots=True)
class Late:
    """Booked in a month although it happened in one that was closed."""

    plan: str
    kind: str
    fact_on: date
    booked_on: date
    fen: int


def late(session: Session, *, first: date, end: date, plan: str | None = None) -> list[Late]:
    """What a month holds of months before it."""
    return [Late(*row) for row in session.execute(_LATE, {"first": first, "end": end, "plan": plan})]
