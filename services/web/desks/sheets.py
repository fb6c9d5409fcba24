"""Summary sheets up the tree: drafted, lines taken out, signed as one act, saved as a workbook, received above."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import quote, urlencode

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.errors import HuzhuError, InputError
from services.core.months import month_of
from services.reporting import sheets
from services.review import summary, summary_queries
from services.review.bulk import NotAllPassed, Result
from services.review.queries import reasons
from services.review.summary_book import workbook
from services.web.claim_words import STATES
from services.web.door import Pages
from services.web.downloads import saved
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import SHEET_SAID, SHEET_STATES, plan_names

pages = Pages()
MAKERS = frozenset(REVIEWERS)
READERS = MAKERS | {Role.AUDITOR}
PAGE = 50


@pages.get("/sheets", roles=READERS, menu=Item(40, "汇总表"))
def listed(visit: Visit) -> Response:
    """Sheets of the visitor's area, newest first."""
    plan, status, month = (visit.query.get(name, "") for name in ("plan", "status", "month"))
    found = visit.read(lambda session: summary_queries.listed(
        session, plan=plan or None, month=month_of(month) if month else None, statuses=[status] if status in SHEET_STATES else (),
        after=_cursor(visit.query.get("after", "")), limit=PAGE + 1))
    kept = {name: value for name, value in (("plan", plan), ("status", status), ("month", month)) if value}
    more = f"/sheets?{urlencode({**kept, 'after': found[PAGE - 1].id})}" if len(found) > PAGE else ""
    return visit.page("sheets.html", sheets=found[:PAGE], more=more, asked={"plan": plan, "status": status, "month": month},
                      filtered=bool(kept), states=SHEET_STATES, names=plan_names(), makes=visit.actor.has(*MAKERS), said=SHEET_SAID)


def _cursor(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise InputError("cursor_wrong", "翻页位置不对", remedy="从第一页重新开始", field="after") from None


@pages.get("/sheets/new", roles=MAKERS)
def new(visit: Visit) -> Response:
    """Which claims to collect."""
    return _new(visit)


def _new(visit: Visit, problem: HuzhuError | None = None) -> Response:
    levels = visit.read(lambda session: sheets.open_levels(session, visit.actor))
    return visit.page("sheet_new.html", problem=problem, levels=levels, names=plan_names(), month=f"{visit.today:%Y-%m}")


@pages.post("/sheets/new", roles=MAKERS)
def draft(visit: Visit) -> Response:
    """A numbered draft; what could not be collected is named once, with the reason."""
    made: dict[str, list[Result]] = {}

    def verb(session: Session) -> str:
        done = summary.draft(session, plan=visit.field("plan"), month=month_of(visit.field("month")), level=visit.field("level") or None,
                             actor=visit.actor, now=visit.now)
        made[done.sheet.sheet_no] = list(done.left_out)
        return done.sheet.sheet_no
    answer = visit.attempt(verb, again=lambda problem: _new(visit, problem), then=lambda sheet_no: f"/sheets/{quote(sheet_no)}",
                           done="drafted")
    left = next(((sheet_no, out) for sheet_no, out in made.items() if out), None)
    return show(visit, left[0], left_out=left[1]) if left and answer.status_code == 303 else answer


@pages.get("/sheets/{sheet_no}", roles=READERS)
def sheet(visit: Visit, sheet_no: str) -> Response:
    """One sheet with its lines; the look is recorded."""
    return show(visit, sheet_no)


def show(visit: Visit, sheet_no: str, *, problem: HuzhuError | None = None, left_out: list[Result] | None = None) -> Response:
    """The sheet as it now stands, with what was refused or left out."""
    found = visit.note(lambda session: sheets.read(session, sheet_no, what="汇总表", actor=visit.actor, now=visit.now))
    own = found.head.org_key == visit.actor.org_key and visit.actor.has(*MAKERS)
    results = [result for result in problem.results if not result.passed] if isinstance(problem, NotAllPassed) else left_out or []
    return visit.page("sheet.html", problem=problem, sheet=found, head=found.head, own=own, results=results, refused=problem is not None,
                      states=SHEET_STATES, claim_states=STATES, names=plan_names(), reasons=reasons(), said=SHEET_SAID,
                      makes=visit.actor.has(*MAKERS), kept=[line for line in found.lines if line.left is None])


@pages.get("/sheets/{sheet_no}/workbook", roles=READERS)
def book(visit: Visit, sheet_no: str) -> Response:
    """To print, sign on paper and keep."""
    found = visit.note(lambda session: sheets.read(session, sheet_no, what="导出汇总表", actor=visit.actor, now=visit.now))
    return saved(workbook(found), f"汇总表 {found.head.sheet_no}.xlsx")


@pages.post("/sheets/{sheet_no}/take-out", roles=MAKERS)
def take_out(visit: Visit, sheet_no: str) -> Response:
    """The ticked claims leave the draft."""
    return _change(visit, sheet_no, "taken_out", lambda session, sheet_id: summary.take_out(
        session, sheet_id=sheet_id, version=visit.version(), claim_nos=visit.listed("claim"), actor=visit.actor, now=visit.now))


@pages.post("/sheets/{sheet_no}/refresh", roles=MAKERS)
def refresh(visit: Visit, sheet_no: str) -> Response:
    """Every line read again."""
    left: list[Result] = []
    answer = _change(visit, sheet_no, "refreshed", lambda session, sheet_id: left.extend(summary.refresh(
        session, sheet_id=sheet_id, version=visit.version(), actor=visit.actor, now=visit.now).left_out))
    return show(visit, sheet_no, left_out=left) if left and answer.status_code == 303 else answer


@pages.post("/sheets/{sheet_no}/discard", roles=MAKERS)
def discard(visit: Visit, sheet_no: str) -> Response:
    """The draft is given up; its claims are free for another."""
    return _change(visit, sheet_no, "discarded", lambda session, sheet_id: summary.discard(
        session, sheet_id=sheet_id, version=visit.version(), actor=visit.actor, now=visit.now))


@pages.post("/sheets/{sheet_no}/sign", roles=MAKERS)
def sign(visit: Visit, sheet_no: str) -> Response:
    """One signature passes every claim, or none: each in the way is named."""
    def verb(session: Session, sheet_id: uuid.UUID) -> object:
        if visit.field("confirmed") != "yes":
            raise InputError("confirm_needed", "尚未确认已逐件核对", remedy="核对明细后勾选确认，再签署", field="confirmed")
        return summary.sign(session, sheet_id=sheet_id, version=visit.version(), actor=visit.actor, now=visit.now)
    return _change(visit, sheet_no, "signed", verb)


@pages.post("/sheets/{sheet_no}/receive", roles=MAKERS)
def receive(visit: Visit, sheet_no: str) -> Response:
    """The level above takes the sheet in as one unit."""
    return _change(visit, sheet_no, "received", lambda session, sheet_id: summary.receive(
        session, sheet_id=sheet_id, version=visit.version(), actor=visit.actor, now=visit.now))


def _change(visit: Visit, sheet_no: str, done: str, verb: Callable[[Session, uuid.UUID], object]) -> Response:
    return visit.attempt(lambda session: verb(session, sheets.identified(session, sheet_no)),
                         again=lambda problem: show(visit, sheet_no, problem=problem), then=f"/sheets/{quote(sheet_no)}", done=done)
