"""What a settlement paid whom, and how far it is. Accounts are masked. A run's lines page by page: `reporting.settled_lines`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment.queries import masked_card
from services.models import BankCard, BankLine, PaymentRun, Person, SettlementPayment


@dataclass(frozen=True, slots=True)
class Line:
    """One line as finance sees it; fen. `account` masked; `why`: why it is in no run, or why the bank sent it back."""

    id: uuid.UUID
    settlement_id: uuid.UUID
    part: int
    person_id: uuid.UUID
    line: int | None
    payee: str
    bank: str | None
    account: str | None
    amount_fen: int
    state: str
    attempt: int
    version: int
    credited_at: datetime | None
    why: str | None
    proposed: bool
    run_no: str | None


def _lines(session: Session, *conditions: sa.ColumnElement[bool], limit: int = 1) -> list[Line]:
    rows = session.execute(
        sa.select(SettlementPayment, Person.name, BankCard, PaymentRun.run_no)         # type: ignore[call-overload]
        .join(Person, Person.id == SettlementPayment.person_id)
        .outerjoin(BankCard, BankCard.id == SettlementPayment.card_id).outerjoin(PaymentRun, PaymentRun.id == SettlementPayment.run_id)
        .where(*conditions).order_by(SettlementPayment.id).limit(limit)
        .execution_options(populate_existing=True)).all()
    return [Line(row.id, row.settlement_id, row.part, row.person_id, row.line, name, card.bank if card else None,
                 masked_card(card) if card else None, row.amount_fen, row.state, row.attempt, row.version, row.credited_at,
                 row.return_reason if row.state == "returned" else row.left_out, row.proposed_card_id is not None, run_no)
            for row, name, card, run_no in rows]


_row = SettlementPayment.__table__.c      # type: ignore[attr-defined]


def of_person(session: Session, settlement_id: uuid.UUID, person_id: uuid.UUID) -> Line | None:
    """What a settlement pays one person; None: nothing."""
    found = _lines(session, _row.settlement_id == settlement_id, _row.person_id == person_id)
    return found[0] if found else None


def bank_lines(session: Session, payment_id: uuid.UUID) -> list[BankLine]:
    """What went to and came from the bank for one line, in order."""
    line = BankLine.__table__.c         # type: ignore[attr-defined]
    return list(session.execute(sa.select(BankLine).where(line.settlement_payment_id == payment_id).order_by(line.at, line.id)).scalars())


@dataclass(frozen=True, slots=True)
class Paid:
    """How far a settlement's payments are, by state; fen."""

    state: str
    lines: int
    fen: int


_PAID = sa.text("""
    SELECT p.state, count(*) AS lines, sum(p.amount_fen)::bigint AS fen FROM settlement_payment p WHERE p.settlement_id = :id
    GROUP BY p.state ORDER BY p.state""")


def paid(session: Session, settlement_id: uuid.UUID) -> list[Paid]:
    """Counts and sums of a settlement's lines by state."""
    return [Paid(*row) for row in session.execute(_PAID, {"id": settlement_id})]


def runs(session: Session, settlement_id: uuid.UUID) -> Sequence[PaymentRun]:
    """A settlement's runs by number."""
    run = PaymentRun.__table__.c        # type: ignore[attr-defined]
    return session.execute(sa.select(PaymentRun).where(run.settlement_id == settlement_id).order_by(run.run_no)).scalars().all()
