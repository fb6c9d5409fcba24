"""The one list of what is missing: everything ticked, asked once with a reason each."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError
from services.evidence import service as evidence
from services.reporting import sight
from services.web.claim_context import address, context, moved_on, read_file
from services.web.desks.claim import STAFF
from services.web.door import Pages
from services.web.visit import Visit

pages = Pages()


@pages.get("/claims/{claim_no}/ask", roles=STAFF)
def missing(visit: Visit, claim_no: str) -> Response:
    """Everything that is missing, ticked, with a reason each."""
    return _ask_page(visit, claim_no)


@pages.post("/claims/{claim_no}/ask", roles=STAFF)
def ask(visit: Visit, claim_no: str) -> Response:
    """Asked once and in full (保险法 22); a second list needs a reason and a senior."""
    wanted = visit.listed("want")
    items = [{"paper": kind, "reason": visit.field(f"why-{kind}")} for kind in wanted]

    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        evidence.ask(session, claim_id=found.id, version=visit.version(), items=items, reason=visit.field("reason") or None,
                     actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _ask_page(visit, claim_no, problem=problem), then=address(visit, claim_no),
                         done="asked")


def _ask_page(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    file = visit.note(lambda session: read_file(visit, session, claim_no))
    first = not any(listed.source == "union" for listed in file.view.supplements)
    ticked = visit.listed("want") if problem else [need.kind for need in file.view.checklist if need.state in ("missing", "rejected")]
    faults = {row.kind: row.fault or "" for row in file.view.papers if row.verdict == "rejected"}
    return visit.page("claim_ask.html", problem=problem, first=first, ticked=ticked, faults=faults, news=moved_on(visit, file),
                      **context(visit, file))
