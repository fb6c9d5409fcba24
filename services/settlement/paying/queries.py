"""What is seen of a settlement's payments: a run's lines page by page, what came back, what waits. Accounts are masked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment.queries import masked_card
from services.models import BankCard, BankLine, PaymentRun, Person, Settlement, SettlementPayment

PAGE = 50


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one settlement: lines in no run, and those the bank sent back; fen."""

    settlement_id: uuid.UUID
    plan: str
    year: int
    quarter: int
    planned: int
    planned_fen: int
    ready: int
    returned: int
    returned_fen: int


def _lines(session: Session, *conditions: sa.ColumnElement[bool], limit: int = PAGE, by: sa.Column[object] | None = None) -> list[Line]:
    rows = session.execute(
        sa.select(SettlementPayment, Person.name, BankCard, PaymentRun.run_no)         # type: ignore[call-overload]
        .join(Person, Person.id == SettlementPayment.person_id)
        .outerjoin(BankCard, BankCard.id == SettlementPayment.card_id).outerjoin(PaymentRun, PaymentRun.id == SettlementPayment.run_id)
        .where(*conditions).order_by(SettlementPayment.line if by is None else by, SettlementPayment.id).limit(limit)
        .execution_options(populate_existing=True)).all()
    return [Line(row.id, row.settlement_id, row.part, row.person_id, row.line, name, card.bank if card else None,
                 masked_card(card) if card else None, row.amount_fen, row.state, row.attempt, row.version, row.credited_at,
                 row.return_reason if row.state == "returned" else row.left_out, row.proposed_card_id is not None, run_no)
            for row, name, card, run_no in rows]


_row = SettlementPayment.__table__.c      # type: ignore[attr-defined]


def of_run(session: Session, run_id: uuid.UUID, *, after: int = 0, limit: int = PAGE) -> list[Line]:
    """A page of a run's lines in their order; `after` is the last line number of the page before."""
    return _lines(session, _row.run_id == run_id, _row.line > after, limit=limit)


def one(session: Session, payment_id: uuid.UUID) -> Line | None:
    """One line."""
    found = _lines(session, _row.id == payment_id)
    return found[0] if found else None


def waiting_lines(session: Session, settlement_id: uuid.UUID, *, state: str, after: uuid.UUID | None = None,
                  limit: int = PAGE) -> list[Line]:
    """A settlement's lines that wait: `planned` (in no run) or `returned`; `after` is the last id of the page before."""
    beyond = [_row.id > after] if after else []
    return _lines(session, _row.settlement_id == settlement_id, _row.waiting, _row.state == state, *beyond, limit=limit, by=_row.id)


def of_person(session: Session, settlement_id: uuid.UUID, person_id: uuid.UUID) -> Line | None:
    """What a settlement pays one person; None: nothing."""
    found = _lines(session, _row.settlement_id == settlement_id, _row.person_id == person_id)
    return found[0] if found else None


def bank_lines(session: Session, payment_id: uuid.UUID) -> list[BankLine]:
    """What went to and came from the bank for one line, in order."""
    line = BankLine.__table__.c         # type: ignore[attr-defined]
    return list(session.execute(sa.select(BankLine).where(line.settlement_payment_id == payment_id).order_by(line.at, line.id)).scalars())


_WAITING = sa.text("""
    SELECT s.id, s.plan, s.year, s.quarter, w.planned, w.planned_fen, w.ready, w.returned, w.returned_fen FROM (
        SELECT p.settlement_id, count(*) FILTER (WHERE p.state = 'planned') AS planned,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.state = 'planned'), 0)::bigint AS planned_fen,
               count(*) FILTER (WHERE p.state = 'planned' AND p.card_id IS NOT NULL) AS ready,
               count(*) FILTER (WHERE p.state = 'returned') AS returned,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.state = 'returned'), 0)::bigint AS returned_fen
        FROM settlement_payment p WHERE p.waiting GROUP BY p.settlement_id) w
    JOIN settlement s ON s.id = w.settlement_id WHERE s.state = 'settled' ORDER BY s.year DESC, s.quarter DESC, s.plan, s.id""")


def waiting(session: Session) -> list[Waiting]:
    """Settlements with lines that are in no run or came back, newest first."""
    return [Waiting(*row) for row in session.execute(_WAITING)]


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


def settlement_of(session: Session, run: PaymentRun) -> Settlement | None:
    """The settlement that a run pays; None for a run of claims."""
    return session.get(Settlement, run.settlement_id) if run.settlement_id else None
