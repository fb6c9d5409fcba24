"""What settlements gave one member, for the member alone: sums, account, when it came, and the worksheet behind each.

A settlement and its runs stand at the office, and earlier quarters at the units the member belonged to then: out of the sight of a
member's account. So these are read in the house's scope, and the member is in every condition.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.benefit.settled import lying
from services.core.errors import NotFound
from services.models import Settlement, SettlementLine
from services.rulebook import registry
from services.settlement.city import queries

YEARS = 3           # that are shown; a claim for an earlier one is stale
_LIMIT = 24
_OWN = f"""
    SELECT l.settlement_id, l.part, l.person_id, l.year, l.due_fen, l.receivable_fen, l.outcome, l.why_unpaid, s.quarter, s.year AS of_year,
           s.plan, s.plan_from, s.ended_at, p.credited_at,
           CASE WHEN p.state = 'batched' AND n.state = 'released' THEN 'released' ELSE p.state END AS state,
           p.return_reason, b.bank, b.last4
    FROM {lying("CAST(:own AS uuid)")} m
    JOIN settlement_line l ON l.part = m.part AND l.person_id = m.id AND l.year BETWEEN :first AND :last
    JOIN settlement s ON s.id = l.settlement_id AND s.state = 'settled'
    LEFT JOIN settlement_payment p ON p.settlement_id = l.settlement_id AND p.part = l.part AND p.person_id = l.person_id
    LEFT JOIN payment_run n ON n.id = p.run_id LEFT JOIN bank_card b ON b.id = p.card_id
    WHERE {{}} ORDER BY s.ended_at DESC, l.year DESC LIMIT {_LIMIT}"""
_ALL = sa.text(_OWN.format("true"))
_ONE = sa.text(_OWN.format("l.settlement_id = :settlement"))


@dataclass(frozen=True, slots=True)
class Own:
    """A member's year in one settled quarter; fen. `state`: of its payment, None when nothing is paid. `account`: only its end."""

    settlement_id: uuid.UUID
    part: int
    person_id: uuid.UUID
    year: int
    quarter: int
    of_year: int
    plan_name: str
    settled_at: datetime
    due_fen: int
    receivable_fen: int
    outcome: str
    why_unpaid: str | None
    state: str | None
    credited_at: datetime | None
    return_reason: str | None
    bank: str | None
    account: str | None


def of_member(session: Session, person_id: uuid.UUID | None, *, today: date) -> list[Own]:
    """The newest first; `person_id` is the visitor's own."""
    return _own(session, _ALL, {"own": person_id, "first": today.year - YEARS, "last": today.year}) if person_id else []


def sheet(session: Session, person_id: uuid.UUID | None, *, settlement_id: uuid.UUID,
          year: int) -> tuple[Own, SettlementLine, dict[str, object]]:
    """One of the member's with its line and worksheet. NotFound for anybody else's."""
    found = _own(session, _ONE, {"own": person_id, "first": year, "last": year, "settlement": settlement_id}) if person_id else []
    if not found:
        raise NotFound("settlement_line_missing", "没有这一次结算的明细", remedy="从“我的保障”打开")
    one = found[0]
    line = session.get_one(SettlementLine, (one.year, one.part, one.person_id, one.settlement_id))
    return one, line, queries.worksheet(session.get_one(Settlement, settlement_id), line)


def _own(session: Session, query: sa.TextClause, given: dict[str, object]) -> list[Own]:
    return [Own(row.settlement_id, row.part, row.person_id, row.year, row.quarter, row.of_year,
                registry.version(row.plan, row.plan_from).name, row.ended_at, row.due_fen, row.receivable_fen, row.outcome,
                row.why_unpaid, row.state, row.credited_at, row.return_reason if row.state == "returned" else None, row.bank,
                f"****{row.last4}" if row.last4 else None) for row in session.execute(query, given)]
