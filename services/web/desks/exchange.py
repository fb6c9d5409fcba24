"""Between office and insurer: the period's report by two persons, what was done together, reserves, and the daily comparison."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from fastapi import Response
from sqlmodel import Session

from services.access.actor import FINANCE, OFFICE, Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.core.settings import settings
from services.insurer import exchange, exchange_queries
from services.insurer.exchange_changes import told
from services.insurer.exchange_facts import insurers
from services.insurer.exchange_words import liability_name
from services.insurer.reserves import reserves
from services.models.exchange import COOPERATION
from services.storage import service as storage
from services.storage.kinds import PDF
from services.web.door import Pages
from services.web.downloads import saved
from services.web.exchange_words import DONE, DUTIES, ENDED, KINDS, SIDES, STATUS
from services.web.menu import Item
from services.web.visit import Visit, whole
from services.web.work_words import plan_names

pages = Pages()
READERS = OFFICE | {Role.AUDITOR}
SENIORS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})
MONEY = READERS | FINANCE
PAGE = 50
NEWER = 7           # days after the one looked at, among those to choose from


@pages.get("/exchange", roles=READERS, menu=Item(42, "与保险公司往来"))
def listed(visit: Visit) -> Response:
    """Reports, newest period first; the form for the next one; what was entered."""
    return _listed(visit)


def _listed(visit: Visit, problem: HuzhuError | None = None) -> Response:
    skip = whole(visit.query.get("skip", "")) or 0
    found = visit.read(lambda session: (exchange_queries.reports(session, skip=skip, limit=PAGE + 1), exchange_queries.entries(session)))
    first, last = exchange.last_period(settings().exchange_period, visit.today)
    return visit.page("exchange.html", problem=problem, reports=found[0][:PAGE], entries=found[1], insurers=list(insurers()),
                      older=skip + PAGE if len(found[0]) > PAGE else 0, first=first, last=last, states=STATUS, duties=DUTIES,
                      codes=COOPERATION, said=DONE, may=visit.actor.has(*OFFICE))


@pages.post("/exchange", roles=OFFICE)
def prepare(visit: Visit) -> Response:
    """Prepared, or the one that is there already."""
    return visit.attempt(lambda session: exchange.prepare(
        session, insurer=visit.field("insurer"), from_on=_day(visit.field("from_on"), "from_on"),
        until_on=_day(visit.field("until_on"), "until_on"), actor=visit.actor, now=visit.now).id,
        again=lambda problem: _listed(visit, problem), then=lambda report_id: f"/exchange/{report_id}", done="prepared")


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("day_wrong", "日期写法不对", remedy="写成 2026-03-01", field=field) from None


@pages.post("/exchange/acts", roles=OFFICE)
def enter(visit: Visit) -> Response:
    """A lecture, a meeting: on its day."""
    return visit.attempt(lambda session: exchange.enter(
        session, insurer=visit.field("insurer"), code=visit.field("code"), held_on=_day(visit.field("held_on"), "held_on"),
        note=visit.field("note"), actor=visit.actor, now=visit.now), again=lambda problem: _listed(visit, problem), then="/exchange",
        done="entered")


@pages.post("/exchange/acts/{act_id}/withdraw", roles=OFFICE)
def withdraw(visit: Visit, act_id: str) -> Response:
    """Entered in error."""
    return visit.attempt(lambda session: exchange.withdraw(session, act_id=_id(act_id), why=visit.field("why"), actor=visit.actor,
                                                           now=visit.now),
                         again=lambda problem: _listed(visit, problem), then="/exchange", done="withdrawn")


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("report_missing", "没有这一报告，或不在您的管辖范围内", remedy="核对编号") from None


@pages.get("/exchange/{report_id}", roles=READERS)
def report(visit: Visit, report_id: str) -> Response:
    """One report."""
    return _report(visit, report_id)


def _report(visit: Visit, report_id: str, problem: HuzhuError | None = None) -> Response:
    found = visit.read(lambda session: exchange_queries.report(session, _id(report_id)))
    own = found.head.org_key == visit.actor.org_key
    other = found.row.prepared_person not in visit.actor.persons
    plans = insurers().get(found.head.insurer, ())
    return visit.page("exchange_report.html", problem=problem, head=found.head, row=found.row, contents=found.contents, intact=found.intact,
                      states=STATUS, sides=SIDES, duties=DUTIES, ended=ENDED, names=plan_names(), said=DONE,
                      changes=told(found.row.changes, plans),
                      liability=lambda code: liability_name(code, plans),
                      issues=own and found.head.status == "prepared" and visit.actor.has(*SENIORS), other=other,
                      corrects=own and found.head.status == "issued" and found.head.newest and visit.actor.has(*OFFICE))


@pages.post("/exchange/{report_id}/issue", roles=SENIORS)
def issue(visit: Visit, report_id: str) -> Response:
    """Numbered and frozen, as it was shown."""
    return _act(visit, report_id, "issued", lambda session: exchange.issue(
        session, report_id=_id(report_id), seen=visit.field("seen"), actor=visit.actor, now=visit.now).id)


@pages.post("/exchange/{report_id}/correct", roles=OFFICE)
def correct(visit: Visit, report_id: str) -> Response:
    """The next version."""
    return _act(visit, report_id, "corrected", lambda session: exchange.correct(
        session, report_id=_id(report_id), why=visit.field("why"), actor=visit.actor, now=visit.now).id)


def _act(visit: Visit, report_id: str, done: str, verb: object) -> Response:
    assert callable(verb)
    return visit.attempt(verb, again=lambda problem: _report(visit, report_id, problem), then=lambda found: f"/exchange/{found}", done=done)


@pages.get("/exchange/{report_id}/workbook", roles=READERS)
def workbook(visit: Visit, report_id: str) -> Response:
    """The frozen workbook."""
    return _frozen(visit, report_id, "workbook_sha256", "合作情况明细", "xlsx")


@pages.get("/exchange/{report_id}/letter", roles=READERS)
def letter(visit: Visit, report_id: str) -> Response:
    """The frozen letter."""
    return _frozen(visit, report_id, "letter_sha256", "合作情况函", "pdf")


def _frozen(visit: Visit, report_id: str, column: str, name: str, ending: str) -> Response:
    row = visit.read(lambda session: exchange_queries.report(session, _id(report_id)).row)
    sha256 = getattr(row, column)
    if sha256 is None:
        raise NotFound("not_issued", "报告还没有签发", remedy="签发后再下载")
    content = storage.get(sha256)
    file = f"{name} {row.number}.{ending}"
    return saved(content, file, PDF) if ending == "pdf" else saved(content, file)


@pages.get("/reserves", roles=MONEY, menu=Item(44, "未决赔款准备"))
def reserved(visit: Visit) -> Response:
    """Open claims by plan and age, at the end of a day (`?on=`), yesterday at first."""
    asked = visit.query.get("on", "")
    on = _day(asked, "on") if asked else visit.today - timedelta(days=1)
    if on > visit.today:
        raise InputError("day_to_come", f"{on} 还没有到", remedy="选择今天或以前的日期", field="on")
    rows = visit.read(lambda session: reserves(session, on=on))
    return visit.page("reserves.html", rows=rows, on=on, names=plan_names())


@pages.get("/reconciliation", roles=MONEY, menu=Item(43, "每日对账"))
def compared(visit: Visit) -> Response:
    """The last compared day, or one of them (`?day=`); of the files the visitor looks after only when asked (`?mine=1`)."""
    asked, mine = visit.query.get("day", ""), bool(visit.query.get("mine"))
    wanted = _day(asked, "day") if asked else None
    owner = visit.actor.account_id if mine else None
    found = visit.read(lambda session: _compared(session, wanted, owner))
    return visit.page("reconciliation.html", days=found[0], row=found[1], rows=found[2], kinds=KINDS, mine=mine,
                      claims=visit.actor.has(*READERS))


def _compared(session: Session, wanted: date | None, owner: uuid.UUID | None) -> tuple[object, object, object]:
    days = exchange_queries.days(session, until=wanted + timedelta(days=NEWER) if wanted else None)
    row = exchange_queries.day(session, wanted) if wanted else next(iter(days), None)
    return days, row, exchange_queries.differences(session, row.day, owner=owner) if row else []
