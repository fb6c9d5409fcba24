"""The one list of what is missing: everything proposed, asked once with a reason and a remedy each; a further list goes to a senior."""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.core.errors import HuzhuError
from services.evidence import further
from services.evidence import service as evidence
from services.evidence.asked import LONGEST, STOCK
from services.reporting import sight
from services.reporting.asking import Asking, asking
from services.reporting.claim_file import ClaimFile, book_of
from services.web.claim_context import address, context, moved_on, read_file
from services.web.desks.claim import STAFF
from services.web.door import Pages
from services.web.visit import Visit

pages = Pages()
_DONE = {"prepare": "prepared", "decline": "declined"}


@pages.get("/claims/{claim_no}/ask", roles=STAFF)
def missing(visit: Visit, claim_no: str) -> Response:
    """Everything that may be missing, what is surely so ticked, with a reason and a remedy each."""
    return _ask_page(visit, claim_no)


@pages.post("/claims/{claim_no}/ask", roles=STAFF)
def ask(visit: Visit, claim_no: str) -> Response:
    """Asked once and in full (保险法 22). A further list is prepared for a senior, who releases or declines it."""
    verdict = visit.field("verdict")
    items = [{"paper": kind, "reason": visit.field(f"why-{kind}"), "remedy": visit.field(f"how-{kind}")} for kind in visit.listed("want")]

    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        reason, actor, now = visit.field("reason"), visit.actor, visit.now
        if verdict == "prepare":
            evidence.prepare(session, claim_id=found.id, items=items, reason=reason, actor=actor, now=now)
        elif verdict == "decline":
            evidence.decline(session, claim_id=found.id, words=visit.field("declined"), actor=actor, now=now)
        elif verdict == "release":
            evidence.release(session, claim_id=found.id, version=visit.version(), items=items, reason=reason, actor=actor, now=now)
        else:
            evidence.ask(session, claim_id=found.id, version=visit.version(), items=items, reason=reason or None, actor=actor, now=now)
    return visit.attempt(verb, again=lambda problem: _ask_page(visit, claim_no, problem=problem), then=address(visit, claim_no),
                         done=_DONE.get(verdict, "asked"))


def _ask_page(visit: Visit, claim_no: str, *, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> tuple[ClaimFile, Asking]:
        file = read_file(visit, session, claim_no)
        return file, asking(session, file.view, file.findings, book_of(file.view))
    file, found = visit.note(read)
    prepared = found.waits.items if found.waits else {}
    ticked = visit.listed("want") if problem else list(prepared) or [one.kind for one in found.proposals if one.ticked]
    return visit.page("claim_ask.html", problem=problem, asking=found, ticked=ticked, prepared=prepared, stock=STOCK, longest=LONGEST,
                      senior=visit.actor.has(*further.SENIORS), news=moved_on(visit, file), **context(visit, file))
