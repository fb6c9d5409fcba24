"""Hospitals' windows: each day of each hospital against its own list, the differences by name, and the day's payment by two persons."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from fastapi import Response
from sqlmodel import Session

from services.access import standing
from services.access.actor import FINANCE, OFFICE, Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.settlement.window import queries, reconciling
from services.settlement.window.day_book import workbook
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit

pages = Pages()
READERS = FINANCE | OFFICE | {Role.AUDITOR}
MAKER, CHECKER = frozenset({Role.FINANCE_MAKER}), frozenset({Role.FINANCE_CHECKER})
SPAN, MOST = timedelta(days=30), timedelta(days=92)
STATES = {"open": (N_("未对账"), "quiet"), "differs": (N_("有差异"), "stop"), "agreed": (N_("相符，待拨付"), "wait"),
          "paying": (N_("拨付待复核"), "wait"), "paid": (N_("已拨付"), "good")}
PAY_TO = {"hospital": N_("医院"), "fund": N_("医保基金")}
KINDS = {"only_theirs": N_("只在医院的清单中"), "only_ours": N_("只在我方账上"), "amount": N_("金额不同"),
         "reversed": N_("我方已冲正，医院仍计入"), "other_day": N_("我方计入另一日")}
SAID = {"entered": N_("已登记拨付，等待复核。"), "confirmed": N_("已复核并记账。"), "sent_back": N_("已退回登记。")}
Span = tuple[date, date]


@pages.get("/window", roles=READERS, menu=Item(37, "一单结算"))
def listed(visit: Visit) -> Response:
    """Today's bills and the days before, of every hospital in sight."""
    try:
        first, last = _span(visit)
    except InputError as problem:
        return _listed(visit, visit.today - SPAN, visit.today, problem)
    return _listed(visit, first, last, None)


def _listed(visit: Visit, first: date, last: date, problem: HuzhuError | None) -> Response:
    days = visit.read(lambda session: queries.days(session, first=first, last=last))
    owed = {code: sum(one.our_fen for one in days if one.pay_to == code and one.state in ("agreed", "paying")) for code in PAY_TO}
    return visit.page("window.html", problem=problem, days=days, first=first, last=last, states=STATES, pay_to=PAY_TO, owed=owed,
                      today=visit.today)


def _span(visit: Visit) -> Span:
    last = _day(visit.query.get("last", ""), "last") or visit.today
    first = _day(visit.query.get("first", ""), "first") or last - SPAN
    if not first <= last <= first + MOST:
        raise InputError("span_wrong", "起止日期不对，一次最多 92 天", remedy="改正起止日期", field="last")
    return first, last


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError("day_wrong", "日期写法不对", remedy="写成 2026-03-01", field=field) from None


@pages.get("/window/workbook", roles=READERS)
def book(visit: Visit) -> Response:
    """The days and every difference on them."""
    first, last = _span(visit)

    def run(session: Session) -> bytes:
        days = queries.days(session, first=first, last=last)
        return workbook(days, {place: queries.differences(session, hospital_id=one.hospital_id, day=one.day)
                               for place, one in enumerate(days) if one.state == "differs"})
    return saved(visit.read(run), f"一单结算对账{first}至{last}.xlsx")


@pages.get("/window/{day_id}", roles=READERS)
def day(visit: Visit, day_id: str) -> Response:
    """One day of one hospital, its differences, its payment."""
    return _one(visit, day_id)


def _one(visit: Visit, day_id: str, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> tuple[queries.Day, list[queries.Difference], list[queries.DayLine], bool]:
        found = queries.one_day(session, _id(day_id))
        own = found.id is not None and not standing.is_second(session, found.id, found.made_person, actor=visit.actor)
        return (found, queries.differences(session, hospital_id=found.hospital_id, day=found.day) if found.state == "differs" else [],
                queries.day_lines(session, hospital_id=found.hospital_id, day=found.day), own)
    found, differing, lines, own = visit.read(run)
    return visit.page("window_day.html", problem=problem, one=found, differing=differing, lines=lines, states=STATES, pay_to=PAY_TO,
                      kinds=KINDS, said=SAID, pays=found.state == "agreed" and found.our_fen and visit.actor.has(*MAKER),
                      checks=found.state == "paying" and visit.actor.has(*CHECKER), own=own)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("window_day_missing", "没有这一对账日，或不在您的管辖范围内", remedy="核对编号") from None


@pages.post("/window/{day_id}/payment", roles=MAKER)
def pay(visit: Visit, day_id: str) -> Response:
    """From the bank's slip."""
    def verb(session: Session) -> object:
        paid_on = _day(visit.field("paid_on"), "paid_on")
        if paid_on is None:
            raise InputError("paid_on", "没有填写拨付日期", remedy="按银行回单填写", field="paid_on")
        return reconciling.pay(session, day_id=_id(day_id), reference=visit.field("reference"), paid_on=paid_on, actor=visit.actor,
                               now=visit.now)
    return visit.attempt(verb, again=lambda problem: _one(visit, day_id, problem), then=f"/window/{day_id}", done="entered")


@pages.post("/window/{day_id}/confirm", roles=CHECKER)
def confirm(visit: Visit, day_id: str) -> Response:
    """By another person; booked."""
    return visit.attempt(lambda session: reconciling.confirm(session, day_id=_id(day_id), actor=visit.actor, now=visit.now),
                         again=lambda problem: _one(visit, day_id, problem), then=f"/window/{day_id}", done="confirmed")


@pages.post("/window/{day_id}/send-back", roles=CHECKER)
def send_back(visit: Visit, day_id: str) -> Response:
    """To be entered anew."""
    return visit.attempt(lambda session: reconciling.send_back(session, day_id=_id(day_id), actor=visit.actor),
                         again=lambda problem: _one(visit, day_id, problem), then=f"/window/{day_id}", done="sent_back")
