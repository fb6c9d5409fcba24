"""A settlement's payments as finance sees claims' payments: page by page, accounts masked, under the reference the bank knows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from services.core.money import show, to_yuan
from services.reporting.views import PaymentView

PAGE = 50
WAITING = ("planned", "returned")
_VIEW = """
    SELECT p.id, p.line, coalesce(n.run_no || '-' || lpad(p.line::text, 5, '0'), format('%s年%s季度结算', s.year, s.quarter)) AS named,
           q.name AS payee, p.amount_fen, CASE WHEN p.state = 'batched' AND n.state = 'released' THEN 'released' ELSE p.state END AS state,
           p.version, p.attempt, b.bank, b.last4, p.run_id, p.serial, p.credited_at, coalesce(p.return_reason, p.left_out) AS why,
           p.proposed_card_id IS NOT NULL AS proposed
    FROM settlement_payment p JOIN settlement s ON s.id = p.settlement_id JOIN person q ON q.id = p.person_id
    LEFT JOIN payment_run n ON n.id = p.run_id LEFT JOIN bank_card b ON b.id = p.card_id WHERE {} ORDER BY {} LIMIT :limit"""
_OF_RUN = sa.text(_VIEW.format("p.run_id = :run AND p.line > :after", "p.line"))
_ONE = sa.text(_VIEW.format("p.id = :id", "p.id"))
_THAT_WAIT = sa.text(_VIEW.format("p.waiting AND p.state = :state AND s.state = 'settled'", "p.id"))
_OF_DEAD = sa.text(_VIEW.format("""p.waiting AND s.state = 'settled' AND EXISTS (
    SELECT FROM person d WHERE d.id = coalesce(q.merged_into, q.id) AND d.died_on IS NOT NULL)""", "p.id"))
_SUM = sa.text("SELECT count(*) AS lines, coalesce(sum(amount_fen), 0)::bigint AS fen FROM settlement_payment WHERE run_id = :run")


@dataclass(frozen=True, slots=True)
class Part:
    """A page of a run's lines; `last` is the number to go on after, None at the end. `count`, `total_fen`: of the whole run."""

    lines: list[PaymentView]
    last: int | None
    count: int
    total_fen: int


def _views(rows: sa.Result[tuple[object, ...]]) -> list[tuple[int | None, PaymentView]]:
    return [(row.line, PaymentView(
        id=row.id, claim_no=row.named, payee=row.payee, purpose="settlement", channel="bank", amount=show(to_yuan(row.amount_fen)),
        state=row.state, version=row.version, attempt=row.attempt, bank=row.bank, account=f"****{row.last4}" if row.last4 else None,
        run_id=row.run_id, serial=row.serial, credited_at=row.credited_at, return_reason=row.why, proposed=row.proposed)) for row in rows]


def of_run(session: Session, run_id: uuid.UUID, *, after: int = 0, limit: int = PAGE) -> Part:
    """A run's lines in the order of its file; `after` is the last line's number of the page before."""
    found = _views(session.execute(_OF_RUN, {"run": run_id, "after": after, "limit": limit}))
    whole = session.execute(_SUM, {"run": run_id}).one()
    return Part([view for _, view in found], found[-1][0] if len(found) == limit else None, whole.lines, whole.fen)


def one(session: Session, payment_id: uuid.UUID) -> list[PaymentView]:
    """The line of this id, or none."""
    return [view for _, view in _views(session.execute(_ONE, {"id": payment_id, "limit": 1}))]


def that_wait(session: Session, state: str, *, limit: int = 200) -> list[PaymentView]:
    """Lines in no run (`planned`) or sent back (`returned`), oldest first; of the other states there are millions: none."""
    return [view for _, view in _views(session.execute(_THAT_WAIT, {"state": state, "limit": limit}))] if state in WAITING else []


def of_dead(session: Session, *, limit: int = 200) -> list[PaymentView]:
    """Lines that wait and will never be paid to their member, who died, oldest first: they are for the heirs to claim."""
    return [view for _, view in _views(session.execute(_OF_DEAD, {"limit": limit}))]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one settlement: lines in no run, `ready` of them with an account, and those the bank sent back; fen."""

    settlement_id: uuid.UUID
    plan: str
    year: int
    quarter: int
    planned: int
    planned_fen: int
    ready: int
    returned: int


_WAITING = sa.text("""
    SELECT s.id, s.plan, s.year, s.quarter, w.planned, w.planned_fen, w.ready, w.returned FROM (
        SELECT p.settlement_id, count(*) FILTER (WHERE p.state = 'planned') AS planned,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.state = 'planned'), 0)::bigint AS planned_fen,
               count(*) FILTER (WHERE p.state = 'planned' AND p.card_id IS NOT NULL) AS ready,
               count(*) FILTER (WHERE p.state = 'returned') AS returned
        FROM settlement_payment p WHERE p.waiting GROUP BY p.settlement_id) w
    JOIN settlement s ON s.id = w.settlement_id WHERE s.state = 'settled' ORDER BY s.year DESC, s.quarter DESC, s.plan, s.id""")


def waiting(session: Session) -> list[Waiting]:
    """Settlements with lines that are in no run or came back, newest first."""
    return [Waiting(*row) for row in session.execute(_WAITING)]
