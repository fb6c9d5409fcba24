"""The verifier's word on what the automatic checks found, said on the claim's page or on the paper's."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response
from sqlmodel import Session

from services.evidence import findings
from services.reporting import sight
from services.web.claim_context import address, back
from services.web.desks.claim import STAFF, identified, show
from services.web.door import Pages
from services.web.visit import Visit

pages = Pages()


@pages.post("/claims/{claim_no}/findings", roles=STAFF)
def answer(visit: Visit, claim_no: str) -> Response:
    """Confirmed or overridden, with the reason; back to where it was said."""
    def verb(session: Session) -> str:
        found = sight.claim(session, visit.actor, claim_no, lock=True)
        findings.answer(session, claim_id=found.id, key=visit.field("key"), verdict=visit.field("verdict"),
                        reason=visit.field("reason"), actor=visit.actor, now=visit.now)
        if not visit.field("paper"):
            return address(visit, claim_no)
        return f"/claims/{quote(claim_no)}/papers/{identified(visit.field('paper'))}{back(visit)}"
    return visit.attempt(verb, again=lambda problem: show(visit, claim_no, problem=problem), then=lambda to: to, done="finding")
