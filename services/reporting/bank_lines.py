"""What finance sees of a bank's line that matched nothing: the line, what was said of it, the payments it could be. No health data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.models import BankLine
from services.payment.settled_unmatched import candidate
from services.payment.unmatched import fitting
from services.reporting.sight import missing


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of a line, by whom, and whether another confirmed it."""

    verdict: str
    claim_no: str | None
    reason: str
    asked: str | None
    asked_person: uuid.UUID | None
    confirmed: str | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment of the line's sum that waits for such an answer."""

    id: uuid.UUID
    claim_no: str
    payee: str
    state: str
    run_no: str


@dataclass(frozen=True, slots=True)
class Line:
    """The line; `candidates` only while nothing is said of it."""

    id: uuid.UUID
    line_no: int
    reference: str
    kind: str
    amount_fen: int
    serial: str | None
    bank_time: datetime | None
    reason: str | None
    fault: str | None
    at: datetime
    verdict: Verdict | None
    candidates: list[Candidate]


_VERDICT = sa.text("""
    SELECT v.verdict, coalesce(c.claim_no, CASE WHEN v.settlement_payment_id IS NOT NULL THEN (SELECT l.reference FROM bank_line l
        WHERE l.id = v.line_id) END) AS claim_no, v.reason, a.name AS asked, v.asked_person, b.name AS confirmed, v.confirmed_at
    FROM line_verdict v LEFT JOIN payment p ON p.id = v.payment_id LEFT JOIN claim c ON c.id = p.claim_id
    LEFT JOIN account a ON a.id = v.asked_by LEFT JOIN account b ON b.id = v.confirmed_by
    WHERE v.line_id = :line AND v.withdrawn_at IS NULL""")
_CANDIDATES = sa.text("""
    SELECT p.id, c.claim_no, q.name AS payee, p.state, r.run_no FROM payment p JOIN claim c ON c.id = p.claim_id
    JOIN person q ON q.id = p.person_id JOIN payment_run r ON r.id = p.run_id WHERE p.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY c.claim_no, p.id""")


# A line that names one of a settlement's can be that one's answer alone.
_SETTLED = sa.text("""
    SELECT p.id, format('%s年%s季度结算', s.year, s.quarter) AS claim_no, q.name AS payee, p.state, r.run_no FROM settlement_payment p
    JOIN settlement s ON s.id = p.settlement_id JOIN person q ON q.id = p.person_id JOIN payment_run r ON r.id = p.run_id
    WHERE p.id = :id""")


def line(session: Session, line_id: uuid.UUID) -> Line:
    """One line from a bank. NotFound outside the caller's sight, and for what we sent ourselves."""
    row = session.get(BankLine, line_id)
    if row is None or row.kind == "sent":
        raise missing()
    said = session.execute(_VERDICT, {"line": line_id}).first()
    open_ = said is None and row.fault is not None
    settled = row.settlement_payment_id is not None
    ids = [payment.id for payment in fitting(session, row)] if open_ and not settled else []
    named = candidate(session, row) if open_ and settled else None
    if named:
        candidates = [Candidate(*found) for found in session.execute(_SETTLED, {"id": named})]
    else:
        candidates = [Candidate(*found) for found in session.execute(_CANDIDATES, {"ids": ids})] if ids else []
    return Line(row.id, row.line_no, row.reference, row.kind, row.amount_fen, row.serial, row.bank_time, row.reason, row.fault,
                row.at, Verdict(*said) if said else None, candidates)
