"""A month of one's own organisation, told to the one above and to those beneath."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.core.errors import GuardFailed, HuzhuError, InputError
from services.core.months import month_of, months_on
from services.models import OfficeLetter
from services.notice import monthly, office_letters
from services.notice.month_figures import OUTCOMES, STAGES
from services.storage.service import PDF
from services.web.addresses import letter_of
from services.web.door import Pages
from services.web.downloads import saved
from services.web.language import N_
from services.web.menu import Item
from services.web.visit import Visit, whole

pages = Pages()
PAGE = 50
KINDS = {"report": N_("向上级的报告"), "notice": N_("给下级的通知")}
SAID = {"issued": N_("已签发。报告和通知可以下载、打印，收件人可以核验真伪。")}


@pages.get("/monthly", roles=monthly.READERS, menu=Item(23, N_("月度情况")))
def listed(visit: Visit) -> Response:
    """What would be said of a month now, and what was issued."""
    return _listed(visit, visit.query.get("month", ""))


def _listed(visit: Visit, text: str, problem: HuzhuError | None = None) -> Response:
    skip = whole(visit.query.get("skip", "")) or 0
    try:
        month = month_of(text) if text else months_on(visit.today, -1)
    except InputError as error:
        month, problem = months_on(visit.today, -1), problem or error

    def run(session: Session) -> tuple[list[OfficeLetter], dict[str, monthly.Draft | GuardFailed | InputError]]:
        rows = monthly.listed(session, actor=visit.actor, skip=skip, limit=PAGE + 1)
        drafts: dict[str, monthly.Draft | GuardFailed | InputError] = {}
        for kind in KINDS:
            try:
                drafts[kind] = monthly.draft(session, kind=monthly.kind_of(kind), month=month, actor=visit.actor, now=visit.now)
            except (GuardFailed, InputError) as error:
                drafts[kind] = error
        return rows, drafts
    rows, drafts = visit.read(run)
    return visit.page("monthly.html", problem=problem, month=month, rows=rows[:PAGE], drafts=drafts, kinds=KINDS, said=SAID,
                      later=skip + PAGE if len(rows) > PAGE else 0, outcomes=OUTCOMES, stages=STAGES,
                      may=visit.actor.has(*monthly.MAKERS))


@pages.post("/monthly", roles=monthly.MAKERS)
def issue(visit: Visit) -> Response:
    """Issued, or the one that stands and says the same."""
    month = visit.field("month")
    return visit.attempt(lambda session: monthly.issue(
        session, kind=monthly.kind_of(visit.field("kind")), month=month_of(month), why=visit.field("why"), actor=visit.actor,
        now=visit.now).id,
        again=lambda problem: _listed(visit, month, problem), then=f"/monthly?month={month}", done="issued")


@pages.get("/monthly/{letter_id}/file", roles=monthly.READERS)
def file(visit: Visit, letter_id: str) -> Response:
    """The PDF as it was issued."""
    def run(session: Session) -> tuple[str, bytes]:
        row = monthly.one(session, letter_of(letter_id), actor=visit.actor)
        return row.number, office_letters.content(session, row.id)
    number, content = visit.read(run)
    return saved(content, f"{number}.pdf", PDF)


@pages.get("/monthly/{letter_id}/table", roles=monthly.READERS)
def table(visit: Visit, letter_id: str) -> Response:
    """A report's table as it was frozen."""
    return saved(visit.read(lambda session: monthly.table(session, letter_of(letter_id), actor=visit.actor)), "各单位理赔情况表.xlsx")
