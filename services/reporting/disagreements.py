"""Where the insurer decided on another amount than ours: what is open, and both computations side by side."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.errors import InputError
from services.core.money import to_fen
from services.insurer.disagreements import REFUND
from services.reporting import claim_parts
from services.reporting.claim_facts import Sheet, sheet_of
from services.reporting.claim_file import book_of
from services.reporting.views import ClaimView

PAGE = 50
# What stands with an unfinished line: nothing asked, acceptance or insistence asked and waiting for the second person, or the
# insurer's answer in the new round. An insistence that was taken back, or whose claim was cancelled, leaves the line open.
_STAGE = """CASE WHEN d.closed_at IS NOT NULL THEN d.result WHEN d.asked = 'accept' THEN 'accept'
    WHEN d.asked IS NULL OR q.withdrawn_at IS NOT NULL OR (SELECT e.state FROM claim e WHERE e.id = d.claim_id) = 'cancelled' THEN 'open'
    WHEN q.confirmed_at IS NOT NULL THEN 'insisted' ELSE 'insist' END"""
_OWNER = """LEFT JOIN LATERAL (SELECT o.owner FROM handoff_owner o WHERE o.handoff_id = d.handoff_id
        ORDER BY o.at DESC, o.id DESC LIMIT 1) w ON true LEFT JOIN account a ON a.id = w.owner"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One claim with unfinished lines; fen over these lines. `stages`: what stands with them."""

    claim_no: str
    plan: str
    round: int
    lines: int
    ours_fen: int
    theirs_fen: int
    opened_at: datetime
    due_on: date
    owner: str | None
    stages: list[str]

    def days(self, today: date) -> int:
        """Calendar days since the oldest line was opened."""
        return (today - business_day(self.opened_at)).days


@dataclass(frozen=True, slots=True)
class Line:
    """One liability as it was opened, what was asked and how it ended; names of those who did. `own`: the reader asked."""

    round: int
    liability: str
    ours_fen: int
    theirs_fen: int
    reason: str | None
    clause: str
    stage: str
    why: str | None
    asked_by: str | None
    asked_at: datetime | None
    note: str | None
    closed_by: str | None
    closed_at: datetime | None
    opened_at: datetime
    due_on: date
    due_words: str
    own: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One liability of a round: fen of ours (None: nobody has set an amount) and of theirs, with their words."""

    liability: str
    ours_fen: int | None
    theirs_fen: int
    reason: str | None
    clause: str


@dataclass(frozen=True, slots=True)
class Round:
    """One decision of the insurer beside the worksheet frozen then. `letter`: number of the insurer's own letter."""

    round: int
    kind: str
    at: datetime
    amount_fen: int
    letter: str
    rows: tuple[Row, ...]
    sheet: Sheet | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The claim, every round the insurer decided, newest first, and every line that was ever opened."""

    view: ClaimView
    rounds: tuple[Round, ...]
    lines: tuple[Line, ...]
    owner: str | None

    def of_stage(self, stage: str) -> list[Line]:
        """The lines that stand so."""
        return [line for line in self.lines if line.stage == stage]


_WAITING = sa.text(f"""
    SELECT c.claim_no, c.plan, d.round, count(*) AS lines, sum(d.ours_fen)::bigint AS ours_fen, sum(d.theirs_fen)::bigint AS theirs_fen,
           min(d.opened_at) AS opened_at, min(d.due_on) AS due_on, min(a.name) AS owner, array_agg(DISTINCT {_STAGE}) AS stages
    FROM disagreement d JOIN claim c ON c.id = d.claim_id LEFT JOIN reopening q ON q.id = d.reopening_id {_OWNER}
    WHERE d.closed_at IS NULL GROUP BY c.claim_no, c.plan, d.round
    HAVING CAST(:after AS text) = '' OR (min(d.due_on), c.claim_no) > (CAST(:day AS date), CAST(:number AS text))
    ORDER BY min(d.due_on), c.claim_no LIMIT :limit""")


def waiting(session: Session, *, after: str = "") -> tuple[list[Waiting], str]:
    """Claims with unfinished lines in the caller's sight, the earliest day first; and the place of the next page, if any."""
    day, _, number = after.partition("/")
    try:
        first = date.fromisoformat(day) if after else date.min
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None
    rows = [Waiting(**row._mapping) for row in session.execute(
        _WAITING, {"after": after, "day": first, "number": number, "limit": PAGE + 1})]
    more = f"{rows[PAGE - 1].due_on.isoformat()}/{rows[PAGE - 1].claim_no}" if len(rows) > PAGE else ""
    return rows[:PAGE], more


_LINES = sa.text(f"""
    SELECT d.round, d.liability, d.ours_fen, d.theirs_fen, d.reason, d.clause, {_STAGE} AS stage, d.why, b.name AS asked_by, d.asked_at,
           d.note, e.name AS closed_by, d.closed_at, d.opened_at, d.due_on, d.due_words,
           coalesce(d.asked_person = ANY(CAST(:persons AS uuid[])), false) AS own
    FROM disagreement d LEFT JOIN reopening q ON q.id = d.reopening_id LEFT JOIN account b ON b.id = d.asked_by
    LEFT JOIN account e ON e.id = d.closed_by WHERE d.claim_id = :claim ORDER BY d.round DESC, d.id""")
_DECISIONS = sa.text("""
    SELECT d.round, d.kind, d.at, d.amount_fen, d.answer, d.worksheet_id FROM decision d
    WHERE d.claim_id = :claim AND d.source = 'insurer' ORDER BY d.round DESC""")
_LOOKS_AFTER = sa.text("""
    SELECT a.name FROM handoff h JOIN handoff_owner o ON o.handoff_id = h.id LEFT JOIN account a ON a.id = o.owner
    WHERE h.claim_id = :claim ORDER BY h.round DESC, o.at DESC, o.id DESC LIMIT 1""")


def lines_of(session: Session, claim_id: uuid.UUID, actor: Actor) -> tuple[Line, ...]:
    """Every line ever opened of a claim, newest round first."""
    return tuple(Line(**row._mapping) for row in session.execute(_LINES, {"claim": claim_id, "persons": list(actor.persons)}))


def compared(session: Session, claim_id: uuid.UUID, actor: Actor) -> Compared:
    """Both sides of a claim. Who looks is recorded by the caller (`sight.looked`)."""
    view = claim_parts.whole(session, claim_id).view
    sheets = {sheet.id: sheet_of(book_of(view), sheet, view.case.last_timely_day) for sheet in view.worksheets if sheet.frozen}
    rounds = tuple(_round(row, sheets.get(row.worksheet_id)) for row in session.execute(_DECISIONS, {"claim": claim_id}))
    owner = session.execute(_LOOKS_AFTER, {"claim": claim_id}).scalar_one_or_none()
    return Compared(view, rounds, lines_of(session, claim_id, actor), owner)


def _round(row: sa.Row[tuple[object, ...]], sheet: Sheet | None) -> Round:
    answer: Mapping[str, object] = row.answer
    ours = _ours(sheet)
    told = [Row(str(item["liability"]), ours.get(str(item["liability"]), 0), _fen(item["amount"]), item["reason"], str(item["clause"]))
            for item in _list(answer.get("liabilities"))]
    back = _fen(answer.get("refund") or "0.00")
    if back or ours.get(REFUND):
        told.append(Row(REFUND, ours.get(REFUND, 0), back, None, ""))
    letter = answer.get("letter")
    number = str(letter.get("number", "")) if isinstance(letter, dict) else ""
    return Round(row.round, row.kind, row.at, row.amount_fen, number, tuple(told), sheet)


def _ours(sheet: Sheet | None) -> dict[str, int | None]:
    if sheet is None:
        return {}
    lines = {str(line["benefit"]): None if line.get("manual") else _fen(line["amount"]) for line in _list(sheet.stored.output["lines"])}
    return {**lines, REFUND: _fen(sheet.stored.refund)}


def _fen(yuan: object) -> int:
    return to_fen(Decimal(str(yuan)))


def _list(value: object) -> list[dict[str, str]]:
    return value if isinstance(value, list) else []
