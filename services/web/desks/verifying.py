"""The verifier's work on a claim: each paper judged, facts corrected from the papers, verified."""

from __future__ import annotations

import uuid

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE
from services.core.errors import HuzhuError
from services.evidence import service as evidence
from services.intake import service as intake
from services.reporting import sight
from services.reporting.claim_file import ClaimFile, book_of
from services.reporting.views import PaperView
from services.web.acts import Act, register
from services.web.claim_context import address, back, context, read_file
from services.web.desks.claim import STAFF, identified
from services.web.door import Pages
from services.web.fact_form import facts_page, send_facts
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()


def _verify(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    evidence.verify(session, claim_id=claim_id, version=visit.version(), actor=visit.actor, now=visit.now)


def _waive(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    evidence.waive(session, claim_id=claim_id, kind=visit.field("kind"), reason=visit.field("reason"), actor=visit.actor, now=visit.now)


register(pages, Act("verify", "verify", N_("核验"), N_("材料齐全，核验通过"), "verified", _verify, shows="checklist", roles=STAFF,
                    explain=N_("核验后给付时限自次日起算，案件进入核算和审核。核验人不再审核本案。")))
register(pages, Act("waive", "waive", N_("免交材料"), N_("免交"), "waived", _waive, ("waivable", "words"), roles=OFFICE,
                    explain=N_("免交须写明理由；身份证明不能免交。")))


# --- one paper --------------------------------------------------------------------------------------------------------

@pages.get("/claims/{claim_no}/papers/{paper_id}", roles=STAFF)
def paper(visit: Visit, claim_no: str, paper_id: str) -> Response:
    """One paper beside the facts it proves, to be accepted or sent back."""
    return _paper_page(visit, claim_no, paper_id)


@pages.post("/claims/{claim_no}/papers/{paper_id}", roles=STAFF)
def judge(visit: Visit, claim_no: str, paper_id: str) -> Response:
    """Accepted, or rejected with what is wrong; then on to the next that waits."""
    wanted = identified(paper_id)

    def verb(session: Session) -> str:
        found = sight.claim(session, visit.actor, claim_no, lock=True)
        evidence.judge(session, paper_id=wanted, accept=visit.field("verdict") == "accept", fault=visit.field("fault"),
                       actor=visit.actor, now=visit.now)
        rest = [row.id for row in read_file(visit, session, found.claim_no).view.papers if row.verdict == "waiting"]
        return f"/claims/{claim_no}/papers/{rest[0]}{back(visit)}" if rest else address(visit, claim_no)
    return visit.attempt(verb, again=lambda problem: _paper_page(visit, claim_no, paper_id, problem=problem),
                         then=lambda to: to, done="judged")


def _paper_page(visit: Visit, claim_no: str, paper_id: str, *, problem: HuzhuError | None = None) -> Response:
    wanted = identified(paper_id)
    file = visit.note(lambda session: read_file(visit, session, claim_no))
    row = next((row for row in file.view.papers if row.id == wanted), None)
    if row is None:
        raise sight.missing()
    waiting = [other for other in file.view.papers if other.verdict == "waiting" and other.id != wanted]
    return visit.page("paper.html", problem=problem, paper=row, proves=_proves(file, row), waiting=waiting, **context(visit, file))


def _proves(file: ClaimFile, row: PaperView) -> list[object]:
    """The facts that this kind of paper proves, with what was stated."""
    names = {paper.kind: paper.name for paper in book_of(file.view).papers}
    return [line for line in file.facts if names.get(row.kind) in line.proved_by]


# --- facts ------------------------------------------------------------------------------------------------------------

@pages.get("/claims/{claim_no}/facts", roles=STAFF)
def facts(visit: Visit, claim_no: str) -> Response:
    """The event's facts, to be completed or corrected from the papers."""
    return facts_page(visit, claim_no, decided=False)


@pages.post("/claims/{claim_no}/facts", roles=STAFF)
def amend(visit: Visit, claim_no: str) -> Response:
    """With a reason; kind and day of the event stay."""
    return send_facts(visit, claim_no, lambda session, found, event: intake.amend(
        session, claim_id=found, version=visit.version(), event=event, reason=visit.field("reason"), actor=visit.actor, now=visit.now),
        decided=False, done="amended")
