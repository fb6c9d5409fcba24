"""The board told upwards: reports that were signed, and the next one."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError
from services.core.months import month_of, months_on
from services.notice import office_letters
from services.reporting.boards import report
from services.storage.service import PDF
from services.web.addresses import letter_of
from services.web.door import Pages
from services.web.downloads import saved
from services.web.visit import Visit

pages = Pages()


@pages.get("/boards/reports", roles=report.READERS)
def listed(visit: Visit) -> Response:
    """Reports in sight, and the form for the next."""
    return _listed(visit)


def _listed(visit: Visit, problem: HuzhuError | None = None) -> Response:
    rows = visit.read(lambda session: report.listed(session, actor=visit.actor))
    return visit.page("boards_reports.html", problem=problem, rows=rows, month=months_on(visit.today, -1),
                      may=visit.actor.has(*report.MAKERS))


@pages.post("/boards/reports", roles=report.MAKERS)
def issue(visit: Visit) -> Response:
    """Signed, or the one that stands and says the same."""
    return visit.attempt(lambda session: report.issue(session, month=month_of(visit.field("month")), why=visit.field("why"),
                                                      actor=visit.actor, now=visit.now).id,
                         again=lambda problem: _listed(visit, problem), then="/boards/reports", done="issued")


@pages.get("/boards/reports/{letter_id}/file", roles=report.READERS)
def file(visit: Visit, letter_id: str) -> Response:
    """The PDF as it was issued."""
    def run(session: Session) -> tuple[str, bytes]:
        row = report.one(session, letter_of(letter_id), actor=visit.actor)
        return row.number, office_letters.content(session, row.id)
    number, content = visit.read(run)
    return saved(content, f"{number}.pdf", PDF)
