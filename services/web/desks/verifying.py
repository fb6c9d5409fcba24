"""The verifier's work on a claim: facts corrected from the papers, what need not come, verified. The papers: desks/reading.py."""

from __future__ import annotations

import uuid

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE
from services.evidence import service as evidence
from services.intake import service as intake
from services.web.acts import Act, register
from services.web.desks.claim import STAFF
from services.web.door import Pages
from services.web.fact_form import facts_page, send_facts
from services.web.language import N_
from services.web.visit import Visit

pages = Pages()


def _verify(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    evidence.verify(session, claim_id=claim_id, version=visit.version(), reason=visit.field("reason"), actor=visit.actor,
                    now=visit.now)


def _waive(visit: Visit, session: Session, claim_id: uuid.UUID) -> None:
    evidence.waive(session, claim_id=claim_id, kind=visit.field("kind"), reason=visit.field("reason"), actor=visit.actor, now=visit.now)


register(pages, Act("verify", "verify", N_("核验"), N_("材料齐全，核验通过"), "verified", _verify, ("unread",),
                    shows="checklist", roles=STAFF,
                    explain=N_("核验后给付时限自次日起算，案件进入核算和审核。核验人不再审核本案。")))
register(pages, Act("waive", "waive", N_("免交材料"), N_("免交"), "waived", _waive, ("waivable", "words"), roles=OFFICE,
                    explain=N_("免交须写明理由；身份证明不能免交。")))


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
