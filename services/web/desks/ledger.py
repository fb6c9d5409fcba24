"""The books: a plan's fund, the trial balance of a month, months closed by two persons. No health data here."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any

from fastapi import Response
from sqlmodel import Session

from services.access import standing
from services.access.actor import Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.core.months import month_of, months_on
from services.ledger import closing, queries
from services.ledger.trial_book import sums, workbook
from services.models import LedgerClosing
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
ASKS, ANSWERS = frozenset(closing.ASKS), frozenset(closing.ANSWERS)
READERS = ASKS | ANSWERS | {Role.AUDITOR}
SAID = {"asked": N_("已提出结账，请另一人确认。"), "agreed": N_("已结账，这个月不再记账。"), "declined": N_("已退回，可再次提出。")}


@pages.get("/ledger", roles=READERS, menu=Item(35, "账簿与专户"))
def books(visit: Visit) -> Response:
    """A month's trial balance plan by plan."""
    return _books(visit)


def _books(visit: Visit, problem: HuzhuError | None = None) -> Response:
    asked = visit.query.get("month", "") or visit.field("shown")
    try:
        month = month_of(asked or f"{visit.today:%Y-%m}")
    except InputError as error:
        month, problem = visit.today.replace(day=1), problem or error

    def run(session: Session) -> dict[str, Any]:
        end = months_on(month, 1)
        rows = queries.trial_balance(session, first=month, end=end)
        plans = sorted({row.plan for row in rows})
        asked = closing.closings(session, plans)
        return {"plans": [(plan, group, sums(group)) for plan, group in _grouped(rows)],
                "funds": [fund for fund in queries.adequacy(session) if fund.plan in plans],
                "late": queries.late(session, first=month, end=end), "closings": asked,
                "own": {row.id for row in asked if not row.agreed_at and not row.declined_at
                        and not standing.is_second(session, row.id, row.asked_person, actor=visit.actor)}}
    found = visit.read(run)
    closed = {row.plan for row in found["closings"] if row.agreed_at and row.month >= month}
    waiting = {row.plan for row in found["closings"] if row.month == month and not row.agreed_at and not row.declined_at}
    return visit.page("ledger.html", problem=problem, month=month, names=plan_names(), said=SAID, closed=closed, waiting=waiting,
                      over=months_on(month, 1) <= visit.today, asks=visit.actor.has(*ASKS), answers=visit.actor.has(*ANSWERS), **found)


def _grouped(rows: list[queries.Month]) -> list[tuple[str, list[queries.Month]]]:
    return [(plan, list(group)) for plan, group in groupby(rows, key=lambda row: row.plan)]


@pages.get("/ledger/workbook", roles=READERS)
def book(visit: Visit) -> Response:
    """The same as a workbook."""
    month = month_of(visit.query.get("month", "") or f"{visit.today:%Y-%m}")
    rows = visit.read(lambda session: queries.trial_balance(session, first=month, end=months_on(month, 1)))
    return saved(workbook(rows, month=month, names=plan_names()), f"试算平衡表{month:%Y-%m}.xlsx")


@pages.post("/ledger/closings", roles=ASKS)
def ask(visit: Visit) -> Response:
    """A month that is over, to be closed by another person."""
    return visit.attempt(
        lambda session: closing.ask(session, plan=visit.field("plan"), month=month_of(visit.field("month")), actor=visit.actor,
                                    now=visit.now),
        again=lambda problem: _books(visit, problem), then=f"/ledger?month={visit.field('month')}", done="asked")


@pages.post("/ledger/closings/{closing_id}/agree", roles=ANSWERS)
def agree(visit: Visit, closing_id: str) -> Response:
    """By another person than who asked."""
    return visit.attempt(lambda session: closing.agree(session, closing_id=_id(closing_id), actor=visit.actor, now=visit.now),
                         again=lambda problem: _books(visit, problem), then=_address, done="agreed")


@pages.post("/ledger/closings/{closing_id}/decline", roles=ANSWERS)
def decline(visit: Visit, closing_id: str) -> Response:
    """With what is not right yet."""
    return visit.attempt(lambda session: closing.decline(session, closing_id=_id(closing_id), why=visit.field("why"), actor=visit.actor,
                                                         now=visit.now),
                         again=lambda problem: _books(visit, problem), then=_address, done="declined")


def _address(row: LedgerClosing) -> str:
    return f"/ledger?month={row.month:%Y-%m}"


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("closing_missing", "没有这一结账申请", remedy="核对编号") from None
