"""The office's side of the insurer: each file handed over, its age, what was asked, and asking it back.

The insurer's own people work in their own system; here it is the twin or the insurer's program that speaks (issue of the port).
"""

from __future__ import annotations

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError, InputError
from services.insurer import service as insurer
from services.reporting import sight
from services.reporting.handoffs import handoffs
from services.web.claim_words import HANDOFFS
from services.web.door import Pages
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS = OFFICE | {Role.AUDITOR}


@pages.get("/handoffs", roles=READERS, menu=Item(40, "保险公司办理"))
def listed(visit: Visit) -> Response:
    """Open files, or those of a state (`?state=`)."""
    return _listed(visit)


def _listed(visit: Visit, problem: HuzhuError | None = None) -> Response:
    state = visit.query.get("state", "")
    state = state if state in HANDOFFS else ""
    rows = visit.read(lambda session: handoffs(session, state=state, after=visit.query.get("after", "")))
    return visit.page("handoffs.html", problem=problem, rows=rows, state=state, states=HANDOFFS, names=plan_names(), today=visit.today,
                      may=visit.actor.has(*OFFICE))


@pages.post("/handoffs/{claim_no}/recall", roles=OFFICE)
def recall(visit: Visit, claim_no: str) -> Response:
    """Asked for; the claim comes back when the insurer agrees. Recorded first, so asking again is harmless."""
    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        if not visit.field("reason"):
            raise InputError("reason_missing", "须写明理由", remedy="写明为什么请保险公司退回案卷", field="reason")
        insurer.recall(session, claim_id=found.id, reason=visit.field("reason"), actor=visit.actor, now=visit.now)
    answer = visit.attempt(verb, again=lambda problem: _listed(visit, problem), then="/handoffs", done="asked_back")
    if answer.status_code == 303:
        for request in visit.read(lambda session: insurer.recalls(
                session, claim_ids=[sight.claim(session, visit.actor, claim_no).id], now=visit.now)):
            visit.wiring.insurer.recall(request)
    return answer


@pages.post("/handoffs/{claim_no}/resend", roles=OFFICE)
def resend(visit: Visit, claim_no: str) -> Response:
    """After the insurer refused the package: a new version of it."""
    def verb(session: Session) -> None:
        found = sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version())
        insurer.resend(session, claim_id=found.id, actor=visit.actor, now=visit.now)
    return visit.attempt(verb, again=lambda problem: _listed(visit, problem), then="/handoffs", done="resent")
