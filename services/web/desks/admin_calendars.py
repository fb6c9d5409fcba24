"""The calendar an office counts by: years as pictures, own days off, a new year proposed with what it would change, what it changed."""

from __future__ import annotations

from datetime import date

from fastapi import Response
from sqlmodel import Session
from starlette.datastructures import UploadFile

from services.access.actor import Role
from services.core.errors import HuzhuError, InputError
from services.enrolment import tree
from services.releases import service as releases
from services.reporting import calendars as reading
from services.sla import calendars
from services.web import claim_words as words
from services.web.desks.admin import ADMINISTRATORS
from services.web.door import Pages
from services.web.downloads import saved
from services.web.visit import Visit, whole
from services.workdays import regional
from services.workdays.years import LONGEST, Year, parse, written

pages = Pages()
READERS = frozenset({Role.HEAD, Role.AUDITOR})
MOST_ROWS = 50_000


@pages.get("/admin/calendars", roles=ADMINISTRATORS)
def years(visit: Visit) -> Response:
    """A year's days off and make-up working days, and the form for another."""
    return _page(visit)


@pages.post("/admin/calendars", roles=ADMINISTRATORS)
def propose(visit: Visit) -> Response:
    """First what it would change; then, with the same file, the proposal that another person releases."""
    if not visit.field("text"):
        try:
            year = _written(visit)
            return _page(visit, year=year)
        except HuzhuError as error:
            return _page(visit, problem=error)

    def run(session: Session) -> str:
        year = parse(_text(visit))
        made = releases.propose(session, kind="calendar", payload={"year": str(year.number), "text": year.text},
                                effective_on=date(year.number, 1, 1), note=visit.field("note"),
                                org_id=tree.find(session, visit.actor.org_key).id, actor=visit.actor, now=visit.now)
        return f"/releases/{made.id}"
    return visit.attempt(run, again=lambda error: _again(visit, error), then=str, done="proposed")


@pages.get("/calendar-changes", roles=READERS)
def changes(visit: Visit) -> Response:
    """The promised days that a released year has moved, a page at a time."""
    skip = whole(visit.query.get("skip", "")) or 0
    totals, rows = visit.read(lambda session: (reading.totals(session), reading.moved(session, skip=skip)))
    return visit.page("calendar_changes.html", totals=totals, rows=rows, clocks=words.CLOCKS, states=words.LETTER_STATES, skip=skip,
                      more=skip + reading.PAGE < totals.moved, size=reading.PAGE)


@pages.get("/calendar-changes/list.xlsx", roles=READERS)
def listing(visit: Visit) -> Response:
    """The same as a workbook."""
    rows = visit.read(lambda session: reading.moved(session, limit=MOST_ROWS))
    return saved(reading.workbook(rows), f"期限变更清单-{visit.today:%Y%m%d}.xlsx")


def _written(visit: Visit) -> Year:
    """The file, or the year of the form's lines."""
    given = visit.form.get("file")
    if isinstance(given, UploadFile) and given.filename:
        try:
            return parse(given.file.read(LONGEST * 4).decode())
        except UnicodeDecodeError:
            raise InputError("calendar_malformed", "文件不是 UTF-8 文字", remedy="另存为 UTF-8", field="file") from None
        except InputError as error:
            raise InputError(error.code, f"{error.message}（{error.field}）", remedy=error.remedy, field="file") from None
    number = whole(visit.field("year"))
    if number is None:
        raise InputError("calendar_malformed", "没有填写年份", remedy="写四位年份", field="year")
    try:
        return parse(written(number, visit.field("status"), visit.field("source"), visit.field("why"), visit.field("holidays"),
                             visit.field("workdays")))
    except InputError as error:
        raise InputError(error.code, error.message, remedy=error.remedy, field=(error.field or "").split(".")[0]) from None


def _again(visit: Visit, error: HuzhuError) -> Response:
    try:
        return _page(visit, year=parse(_text(visit)), problem=error)
    except InputError:
        return _page(visit, problem=error)


def _page(visit: Visit, *, year: Year | None = None, problem: HuzhuError | None = None) -> Response:
    key = visit.actor.org_key
    cal, totals, foreseen = visit.read(lambda session: (
        calendars.calendar_for(session, key), reading.totals(session), reading.preview(session, key, year) if year else None))
    asked = whole(visit.query.get("year", ""))
    near = min(max(visit.today.year, min(cal.years)), max(cal.years))
    number = asked if asked is not None and asked in cal.years else near
    draft = next((one for one in regional.drafts(key) if one.year == whole(visit.query.get("draft", ""))), None)
    return visit.page(
        "admin_calendars.html", problem=problem, year=cal.years[number], years=sorted(cal.years), alarms=cal.alarms(visit.today),
        version=cal.version, months=reading.shown(cal, number), extras=[one for one in cal.extras if one.number == number],
        totals=totals, proposed=year, foreseen=foreseen, clocks=words.CLOCKS, drafts=regional.drafts(key), draft=draft,
        next_year=max(cal.years) if not cal.years[max(cal.years)].official else max(cal.years) + 1, here="calendars")


def _text(visit: Visit) -> str:
    """The file that was previewed, as the form carries it along; browsers send other line ends."""
    return visit.secret("text").replace("\r\n", "\n")
