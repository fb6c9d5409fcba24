"""The unit's book: its members with their covers, one cover with its money and changes, the summary of the tree."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.core.errors import HuzhuError, InputError
from services.enrolment import covers, group_summary
from services.reporting import book
from services.web import book_words as words
from services.web.acts import day_of
from services.web.claim_words import PEOPLE
from services.web.door import Audience, Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit, whole
from services.web.work_words import plan_names

pages = Pages()
KEEPERS: Audience = frozenset({Role.UNIT_CLERK, *REVIEWERS})
READERS: Audience = frozenset({Role.UNIT_CLERK, Role.AUDITOR, *REVIEWERS})


@pages.get("/book", roles=READERS, menu=Item(30, N_("参保名册")))
def members(visit: Visit) -> Response:
    """The people covered at an organisation, page by page; above a unit, the way down to it. Filters stand in the address."""
    asked = {name: visit.query.get(name, "").strip() for name in ("org", "plan", "standing")}

    def run(session: Session) -> tuple[book.Place, list[book.Member], uuid.UUID | None]:
        here = book.place(session, visit.actor, asked["org"])
        found, after = book.members(session, org_key=here.org.org_key, plan=asked["plan"], standing=asked["standing"],
                                    after=row_id(visit.query.get("after", "")), today=visit.today)
        return here, found, after
    here, found, after = visit.read(run)
    kept = {name: value for name, value in asked.items() if value}
    return visit.page("book.html", here=here, members=found, asked=asked, found=None, **_names(),
                      next=f"/book?{urlencode({**kept, 'after': str(after)})}" if after else "",
                      filtered=bool(asked["plan"] or asked["standing"]))


@pages.post("/book", roles=READERS)
def find(visit: Visit) -> Response:
    """Somebody by exact name or identity number, at and under the organisation; what is typed never stands in an address."""
    typed = visit.field("words")

    def run(session: Session) -> tuple[book.Place, list[book.Member]]:
        here = book.place(session, visit.actor, visit.field("org"))
        return here, book.find(session, org_key=here.org.org_key, words=typed, today=visit.today) if typed else []
    here, found = visit.read(run)
    problem = None if typed else InputError("search_empty", "没有填写要查的内容", remedy="填写姓名或身份证号", field="words")
    return visit.page("book.html", problem=problem, here=here, members=found, asked={"org": here.org.org_key, "plan": "", "standing": ""},
                      found=typed, next="", filtered=True, **_names())


def row_id(text: str) -> uuid.UUID | None:
    """A row's id from an address; None when it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _names() -> dict[str, Any]:     # a template's values are of every kind
    return {"words": words, "names": plan_names(), "people": PEOPLE}


@pages.get("/book/summary", roles=READERS)
def summary(visit: Visit) -> Response:
    """Per unit and plan: how many, how much, under which policies."""
    try:
        rows = _summary(visit)
    except InputError as error:
        return visit.page("book_summary.html", problem=error, rows=[], totals=(), asked=visit.query, query="", **_names())
    query = urlencode({name: visit.query[name] for name in ("plan", "from", "to") if visit.query.get(name)})
    return visit.page("book_summary.html", rows=rows, totals=group_summary.totals(rows), asked=visit.query,
                      query=f"?{query}" if query else "", **_names())


@pages.get("/book/summary/file", roles=READERS)
def summary_file(visit: Visit) -> Response:
    """The same as a workbook."""
    return saved(group_summary.workbook(_summary(visit), title=f"参保汇总表（{visit.today}）"), "参保汇总表.xlsx")


def _summary(visit: Visit) -> list[group_summary.UnitSummary]:
    first, last = (_day(visit, name) for name in ("from", "to"))
    return visit.read(lambda session: group_summary.summary(
        session, org_key=visit.actor.org_key, plan=visit.query.get("plan") or None, first=first, last=last))


def _day(visit: Visit, name: str) -> date | None:
    text = visit.query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("date_wrong", "不是日期", remedy="写成 2026-05-01", field=name) from None


@pages.get("/book/covers/{certificate_no}", roles=READERS)
def cover(visit: Visit, certificate_no: str) -> Response:
    """One cover: days, money, benefits, endorsements."""
    return _cover(visit, certificate_no)


def _cover(visit: Visit, certificate_no: str, *, problem: HuzhuError | None = None) -> Response:
    sheet = visit.read(lambda session: book.cover(session, certificate_no, today=visit.today))
    return visit.page("book_cover.html", problem=problem, sheet=sheet, may=visit.actor.has(*KEEPERS), **_names())


@pages.post("/book/covers/{certificate_no}/end", roles=KEEPERS)
def end(visit: Visit, certificate_no: str) -> Response:
    """An early end, or the cover taken back."""
    def verb(session: Session) -> None:
        covers.end(session, certificate_no=certificate_no, reason=visit.field("reason"), last_day=day_of(visit, "last_day"),
                   number=visit.field("number") or None, actor=visit.actor, now=visit.now)
    return _change(visit, certificate_no, verb, "ended")


@pages.post("/book/covers/{certificate_no}/shares", roles=KEEPERS)
def shares(visit: Visit, certificate_no: str) -> Response:
    """More or fewer shares, before the cover begins."""
    def verb(session: Session) -> None:
        typed = whole(visit.field("shares"))
        if typed is None:
            raise InputError("shares", "份数须为整数", remedy="改正份数", field="shares")
        covers.change_shares(session, certificate_no=certificate_no, shares=typed, actor=visit.actor, now=visit.now)
    return _change(visit, certificate_no, verb, "shares")


def _change(visit: Visit, certificate_no: str, verb: Callable[[Session], None], done: str) -> Response:
    return visit.attempt(verb, again=lambda problem: _cover(visit, certificate_no, problem=problem),
                         then=f"/book/covers/{quote(certificate_no)}", done=done)
