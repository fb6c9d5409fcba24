"""Workbooks that a unit uploads: rosters that make covers, reports in bulk; what became of each, and the rows to mend."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.access.actor import REVIEWERS, Role
from services.audit import service as audit
from services.core.errors import HuzhuError, InputError, NotFound
from services.enrolment import sending
from services.enrolment import workbook as templates
from services.enrolment.enrolling import Asked
from services.enrolment.thresholds import Numbers
from services.intake import service as intake
from services.intake import sheet
from services.models import Organisation, ReportImport, RosterImport
from services.reporting import book, sight, units
from services.rulebook import registry
from services.storage import service as storage
from services.web import book_words as words
from services.web.acts import day_of, picked
from services.web.desks.book import row_id
from services.web.door import Audience, Pages
from services.web.downloads import saved
from services.web.uploading import files, limits
from services.web.visit import Visit, whole
from services.web.work_words import plan_names

pages = Pages()
KEEPERS = frozenset({Role.UNIT_CLERK, *REVIEWERS})
LOOKERS: Audience = KEEPERS | {Role.AUDITOR}
REPORTERS: Audience = frozenset({Role.UNIT_CLERK})
SEEN = 200      # faults shown on a page; the workbook has every one


@pages.get("/book/rosters", roles=LOOKERS)
def rosters(visit: Visit) -> Response:
    """A place to upload one, and what was uploaded before."""
    return _rosters(visit)


def _rosters(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    def run(session: Session) -> tuple[Choice, list[tuple[RosterImport, str]], uuid.UUID | None]:
        return _choice(visit, session), *book.rosters(session, after=row_id(visit.query.get("after", "")))
    choice, rows, after = visit.read(run)
    return visit.page("rosters.html", problem=_beside(problem), choice=choice, rows=rows, after=after, words=words, names=plan_names(),
                      uploads=visit.actor.has(*KEEPERS),
                      **limits())


@dataclass(frozen=True, slots=True)
class Choice:
    """The unit a roster is for: `all` to choose from when they are few, else what a search `found`, until one is `chosen`."""

    all: list[Organisation]
    chosen: Organisation | None
    asked: str
    found: list[Organisation]
    more: bool


def _choice(visit: Visit, session: Session) -> Choice:
    every, asked = units.few(session, visit.actor), visit.query.get("unit", "").strip()[:50]
    wanted = row_id(visit.field("org_id") or visit.query.get("org", ""))
    chosen = units.unit(session, visit.actor, wanted) if wanted and len(every) != 1 else None
    if len(every) == 1:
        chosen = every[0]
    return Choice(every, chosen, asked, *(units.search(session, visit.actor, asked) if not chosen else ([], False)))


def _beside(problem: HuzhuError | None) -> HuzhuError | None:
    """A fault of the bytes stands beside the field they came by."""
    if problem and problem.field == "content":
        problem.field = "file"
    return problem


@pages.post("/book/rosters", roles=KEEPERS)
def upload(visit: Visit) -> Response:
    """All or nothing, or the rows without fault; a large one is worked after the answer."""
    def verb(session: Session) -> uuid.UUID:
        file = _file(visit)
        asked = Asked(file[0], visit.field("plan"), picked(visit, "org_id"), day_of(visit, "effective"), visit.field("payer_kind"),
                      visit.field("payer_name") or None, visit.field("policy_no") or None, visit.field("keep") == "good",
                      Numbers(*(_count(visit, name) for name in ("staff", "women", "parents"))))
        return sending.upload(session, content=file[1], asked=asked, actor=visit.actor, now=visit.now).id
    return visit.attempt(verb, again=lambda problem: _rosters(visit, problem=problem), then=lambda made: f"/book/rosters/{made}")


def _file(visit: Visit) -> tuple[str, bytes]:
    """Name and bytes of the one file. InputError without one."""
    visit.upload("file")
    sent = files(visit, "file")[0]
    return sent.name, sent.content


def _count(visit: Visit, name: str) -> int | None:
    typed, count = visit.field(name), whole(visit.field(name))
    if typed and count is None:
        raise InputError("count_wrong", "人数须为整数", remedy="改正人数，或留空", field=name)
    return count


@pages.get("/book/rosters/template", roles=KEEPERS)
def template(visit: Visit) -> Response:
    """The published form's four columns (`layout=seed`), or all that a plan asks."""
    plan = visit.query.get("plan", "")
    asked = registry.latest(plan) if plan else None
    return saved(templates.template(asked, seed=visit.query.get("layout") == "seed"), f"{asked.name if asked else ''}参保人员名单.xlsx")


@pages.get("/book/rosters/{roster_id}", roles=LOOKERS)
def roster(visit: Visit, roster_id: str) -> Response:
    """How far it is, or what became of it; the page asks again by itself where scripts run."""
    def run(session: Session) -> tuple[RosterImport, str]:
        row = _roster(session, roster_id)
        unit = session.get(Organisation, row.org_id) if row.org_id else None
        return row, unit.name if unit else ""
    row, unit = visit.read(run)
    return visit.page("roster.html", row=row, unit=unit, words=words, names=plan_names(), seen=SEEN,
                      uploads=visit.actor.has(*KEEPERS),
                      state="refused" if row.refused else "done" if row.done_at else "waiting")


def _roster(session: Session, roster_id: str) -> RosterImport:
    found = row_id(roster_id)
    row = session.get(RosterImport, found) if found else None
    if row is None:
        raise sight.missing()
    return row


@pages.get("/book/rosters/{roster_id}/errors", roles=LOOKERS)
def errors(visit: Visit, roster_id: str) -> Response:
    """The faulty rows as uploaded, numbers in full: who opens it is recorded."""
    def run(session: Session) -> str:
        row = _roster(session, roster_id)
        if row.errors_sha256 is None:
            raise NotFound("roster_without_faults", "这份名册没有错误", remedy="无须下载")
        assert visit.actor.account_id is not None
        audit.looked(session, org_key=row.org_key, account=visit.actor.account_id, claim_id=None, what=f"roster_errors:{row.id}",
                     reason=None, at=visit.now)
        return row.errors_sha256
    return saved(storage.get(visit.note(run)), "名册错误清单.xlsx")


@pages.get("/book/reports", roles=REPORTERS)
def reports(visit: Visit) -> Response:
    """Reports by workbook, and what was uploaded before."""
    return _reports(visit)


def _reports(visit: Visit, *, problem: HuzhuError | None = None) -> Response:
    rows, after = visit.read(lambda session: book.report_files(session, after=row_id(visit.query.get("after", ""))))
    return visit.page("report_files.html", problem=_beside(problem), rows=rows, after=after, words=words, **limits())


@pages.post("/book/reports", roles=REPORTERS)
def upload_reports(visit: Visit) -> Response:
    """Every row a report of its own."""
    def verb(session: Session) -> uuid.UUID:
        name, content = _file(visit)
        return intake.report_file(session, content=content, file_name=name, keep_good=visit.field("keep") == "good",
                                  actor=visit.actor, now=visit.now).id
    return visit.attempt(verb, again=lambda problem: _reports(visit, problem=problem),
                         then=lambda made: f"/book/reports/{quote(str(made))}")


@pages.get("/book/reports/template", roles=REPORTERS)
def report_template(visit: Visit) -> Response:
    """With instructions."""
    return saved(sheet.template(), "批量报案样表.xlsx")


@pages.get("/book/reports/{import_id}", roles=REPORTERS)
def report_file(visit: Visit, import_id: str) -> Response:
    """What each row became."""
    found = row_id(import_id)
    row = visit.read(lambda session: session.get(ReportImport, found) if found else None)
    if row is None:
        raise sight.missing()
    return visit.page("report_file.html", row=row, words=words, seen=SEEN)


@pages.get("/book/reports/{import_id}/errors", roles=REPORTERS)
def report_errors(visit: Visit, import_id: str) -> Response:
    """The faulty rows as uploaded; recorded."""
    found = row_id(import_id)
    if found is None:
        raise sight.missing()
    content = visit.note(lambda session: intake.errors_of(session, import_id=found, actor=visit.actor, now=visit.now))
    return saved(content, "报案错误清单.xlsx")
