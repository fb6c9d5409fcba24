"""The letters desk: what waits to be posted, came back, waits to be opened, arrived; one letter with all its ways. No health data:
a letter is listed by its kind and number, and opening its words is recorded elsewhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import NotFound
from services.models.delivery import CHANNELS
from services.notice.attempts import Attempt, attempts
from services.notice.delivery_sheet import MOST, Line

PAGE = 50
# Boxes of the desk: what is in each, and by which instant it is sorted.
_POSTED = """EXISTS (SELECT FROM delivery_attempt a JOIN delivery_event e ON e.attempt_id = a.id AND e.outcome = 'posted'
    WHERE a.notice_id = n.id AND a.n = n.attempt)"""
BOXES: Mapping[str, tuple[str, str]] = {
    "post": (f"n.state = 'dispatched' AND n.channel = 'paper' AND NOT {_POSTED}", "n.dispatched_at"),
    "posted": (f"n.state = 'dispatched' AND n.channel = 'paper' AND {_POSTED}", "n.dispatched_at"),
    "stuck": ("n.state = 'issued' AND n.attempt > 0", "n.dispatched_at"),
    "waiting": ("n.state = 'dispatched' AND n.channel <> 'paper'", "n.dispatched_at"),
    "delivered": ("n.state = 'delivered'", "n.delivered_at DESC")}


@dataclass(frozen=True, slots=True)
class Listed:
    """One letter of a box."""

    id: uuid.UUID
    claim_no: str
    code: str
    number: str
    recipient_name: str
    unit: str
    channel: str
    attempt: int
    dispatched_at: datetime | None
    delivered_at: datetime | None
    on: date | None
    tracking: str
    proof: str | None


_COLUMNS = """
    SELECT n.id, c.claim_no, n.code, coalesce(n.number, '') AS number, n.recipient_name, coalesce(u.name, '') AS unit,
        coalesce(n.channel, '') AS channel, n.attempt, n.dispatched_at, n.delivered_at,
        CAST(timezone('Asia/Shanghai', n.dispatched_at) AS date) AS on,
        coalesce((SELECT e.provider_id FROM delivery_attempt a JOIN delivery_event e ON e.attempt_id = a.id AND e.outcome = 'posted'
            WHERE a.notice_id = n.id AND a.n = n.attempt ORDER BY e.at DESC, e.id DESC LIMIT 1), '') AS tracking, n.proof
    FROM notice n JOIN claim c ON c.id = n.claim_id LEFT JOIN organisation u ON u.org_key = n.org_key"""


def box(session: Session, name: str, *, channel: str = "", number: str = "", past: int = 0) -> tuple[list[Listed], bool]:
    """A page of a box, and whether there is more. `number`: how the claim's or the letter's number begins."""
    where, order = BOXES[name]
    given: dict[str, object] = {"most": PAGE + 1, "past": past}
    if channel in CHANNELS:
        where, given["channel"] = f"{where} AND n.channel = :channel", channel
    if number:
        where += " AND (starts_with(c.claim_no, :number) OR starts_with(n.number, :number))"
        given["number"] = number
    rows = session.execute(sa.text(f"{_COLUMNS} WHERE {where} ORDER BY {order}, n.id LIMIT :most OFFSET :past"), given).all()
    return [Listed(**row._mapping) for row in rows[:PAGE]], len(rows) > PAGE


def counts(session: Session) -> dict[str, int]:
    """How many wait in each box that asks for something, at most 100."""
    wanted = [name for name in BOXES if name != "delivered"]
    parts = ", ".join(f"(SELECT count(*) FROM (SELECT FROM notice n WHERE {BOXES[name][0]} LIMIT 100) x) AS {name}" for name in wanted)
    return dict(session.execute(sa.text(f"SELECT {parts}")).one()._mapping)


def one(session: Session, notice_id: uuid.UUID) -> tuple[Listed, str, list[Attempt]]:
    """A letter, its state, its ways. NotFound also when it is out of scope."""
    row = session.execute(sa.text(f"{_COLUMNS} WHERE n.id = :id"), {"id": notice_id}).first()
    if row is None:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")
    state = session.execute(sa.text("SELECT state FROM notice WHERE id = :id"), {"id": notice_id}).scalar_one()
    return Listed(**row._mapping), state, attempts(session, [notice_id]).get(notice_id, [])


def lines(session: Session, titles: Mapping[str, str]) -> list[Line]:
    """Every paper letter that has not arrived, by unit, for the delivery sheet. `titles`: a letter's code in Chinese."""
    where = "n.state = 'dispatched' AND n.channel = 'paper'"
    rows = session.execute(sa.text(f"{_COLUMNS} WHERE {where} ORDER BY n.org_key, n.dispatched_at, n.id LIMIT :most"), {"most": MOST})
    return [Line(row.number, row.claim_no, titles.get(row.code, row.code), row.recipient_name, row.unit, row.on, row.tracking)
            for row in rows]
