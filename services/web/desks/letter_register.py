"""发文登记簿: the numbers of an office by series and year, letters taken back or replaced, and drafts that could not be issued."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError, NotFound
from services.models import OfficeLetter
from services.notice import office_letters, replacing
from services.notice.queries import letter
from services.reporting import letter_register as register
from services.storage.service import PDF
from services.web import claim_words as words
from services.web.addresses import letter_of
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit, whole

pages = Pages()
READERS = OFFICE | {Role.AUDITOR}
PAGE = 100
MOST = 100_000      # lines of a workbook
STATES = {"replaced": (N_("已被替换"), "quiet")}
SAID = {"voided": N_("已作废。号码保留在登记簿中，不再使用。"), "replaced": N_("新的文书已经签发，原文书已失效；新文书正在发出。"),
        "again": N_("已重新提交签发。")}


@pages.get("/letter-register", roles=READERS, menu=Item(23, N_("发文登记簿")))
def listed(visit: Visit) -> Response:
    """One series and year; first the drafts that wait for somebody."""
    skip = whole(visit.query.get("skip", "")) or 0

    def run(session: Session) -> tuple[object, ...]:
        found = register.series(session)
        chosen = _chosen(visit, found)
        rows = register.entries(session, chosen.series, chosen.year, skip=skip, limit=PAGE + 1) if chosen else []
        gaps = register.missing(session, chosen.series, chosen.year) if chosen and not chosen.whole else []
        return found, chosen, rows[:PAGE], gaps, register.stuck(session), skip + PAGE if len(rows) > PAGE else 0
    found, chosen, rows, gaps, stuck, later = visit.read(run)
    return visit.page("letter_register.html", all=found, chosen=chosen, rows=rows, gaps=gaps, stuck=stuck, later=later,
                      states={**words.LETTER_STATES, **STATES}, said=SAID, may=visit.actor.has(*OFFICE))


def _chosen(visit: Visit, found: list[register.Series]) -> register.Series | None:
    name, year = visit.query.get("series", ""), whole(visit.query.get("year", ""))
    return next((one for one in found if (one.series, one.year) == (name, year)), found[0] if found else None)


@pages.get("/letter-register/workbook", roles=READERS)
def workbook(visit: Visit) -> Response:
    """The series and year as XLSX."""
    def run(session: Session) -> tuple[register.Series, bytes]:
        chosen = _chosen(visit, register.series(session))
        if chosen is None:
            raise NotFound("register_empty", "还没有发文", remedy="签发文书后再导出")
        return chosen, register.workbook(chosen, register.entries(session, chosen.series, chosen.year, limit=MOST),
                                         register.missing(session, chosen.series, chosen.year))
    chosen, content = visit.read(run)
    return saved(content, f"发文登记簿{chosen.series}{chosen.year}.xlsx")


@pages.get("/letter-register/{notice_id}", roles=READERS)
def one(visit: Visit, notice_id: str) -> Response:
    """One number, with what may be done about it."""
    return _one(visit, notice_id)


def _one(visit: Visit, notice_id: str, problem: HuzhuError | None = None) -> Response:
    row = visit.read(lambda session: register.entry(session, letter_of(notice_id)))
    return visit.page("letter_registered.html", problem=problem, row=row, states={**words.LETTER_STATES, **STATES}, said=SAID,
                      may=visit.actor.has(*OFFICE))


@pages.get("/letter-register/{notice_id}/file", roles=READERS)
def file(visit: Visit, notice_id: str) -> Response:
    """A letter about no claim, as it was issued; a claim's is opened with the claim, where the look is recorded."""
    def run(session: Session) -> tuple[str, bytes]:
        row = office_letters.letter(session, letter_of(notice_id))
        if row.claim_id is not None:
            raise office_letters.missing()
        return row.number, office_letters.content(session, row.id)
    number, content = visit.read(run)
    return saved(content, f"{number}.pdf", PDF)


@pages.post("/letter-register/{notice_id}/void", roles=OFFICE)
def void(visit: Visit, notice_id: str) -> Response:
    """Taken back, the number stays used. A letter on a claim only while it is not sent."""
    def run(session: Session) -> str | None:
        key, reason = letter_of(notice_id), visit.field("reason")
        if session.get(OfficeLetter, key) is not None:
            return office_letters.void(session, letter_id=key, reason=reason, actor=visit.actor, now=visit.now).number
        return replacing.void(session, notice_id=key, version=visit.version(), reason=reason, actor=visit.actor, now=visit.now).number
    return _do(visit, notice_id, "voided", run)


@pages.post("/letter-register/{notice_id}/replace", roles=OFFICE)
def replace(visit: Visit, notice_id: str) -> Response:
    """Written anew under a number of its own."""
    return _do(visit, notice_id, "replaced", lambda session: replacing.replace(
        session, notice_id=letter_of(notice_id), version=visit.version(), reason=visit.field("reason"), actor=visit.actor,
        now=visit.now).number)


@pages.post("/letter-register/{notice_id}/again", roles=OFFICE)
def again(visit: Visit, notice_id: str) -> Response:
    """What was missing is there now."""
    return visit.attempt(lambda session: replacing.again(session, notice_id=letter_of(notice_id), actor=visit.actor, now=visit.now).id,
                         again=lambda problem: _draft(visit, notice_id, problem), then="/letter-register", done="again")


def _do(visit: Visit, notice_id: str, done: str, verb: Callable[[Session], str | None]) -> Response:
    """A draft has no number and goes back to the list."""
    return visit.attempt(verb, again=lambda problem: _draft(visit, notice_id, problem),
                         then=lambda number: f"/letter-register/{notice_id}" if number else "/letter-register", done=done)


def _draft(visit: Visit, notice_id: str, problem: HuzhuError) -> Response:
    """The numbered letter's page; of a draft the refusal itself."""
    def number(session: Session) -> str | None:
        key = letter_of(notice_id)
        found = session.get(OfficeLetter, key)
        return found.number if found else letter(session, key).number
    if visit.read(number) is None:
        raise problem
    return _one(visit, notice_id, problem)
