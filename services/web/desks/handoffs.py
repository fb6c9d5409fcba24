"""The office's side of the insurer: each file handed over, its age, what was asked, and asking it back.

The insurer's own people work in their own system; here it is the twin or the insurer's program that speaks (issue of the port).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError, InputError, NotFound
from services.insurer import ageing
from services.insurer import service as insurer
from services.reporting import sight
from services.reporting.handoffs import bands, handoffs, officers
from services.review.queries import reasons
from services.web.claim_words import HANDOFFS
from services.web.door import Audience, Pages
from services.web.handoff_words import AGES, FOLLOWED, TOLD
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS = OFFICE | {Role.AUDITOR}
HEAD: Audience = frozenset({Role.HEAD})


@pages.get("/handoffs", roles=READERS, menu=Item(40, "保险公司办理"))
def listed(visit: Visit) -> Response:
    """Open files, or those of a state (`?state=`)."""
    return _listed(visit)


def _listed(visit: Visit, problem: HuzhuError | None = None) -> Response:
    state, band = visit.query.get("state", ""), visit.query.get("age", "")
    state, band = state if state in HANDOFFS else "", band if band in AGES else ""
    mine = visit.actor.account_id if visit.query.get("mine") else None
    rows = visit.read(lambda session: handoffs(session, state=state, after=visit.query.get("after", ""), band=band, owner=mine,
                                               today=visit.today))
    ages = visit.read(lambda session: bands(session, visit.today))
    others = visit.read(lambda session: officers(session, visit.actor)) if visit.actor.has(Role.HEAD) else []
    return visit.page("handoffs.html", problem=problem, rows=rows, state=state, states=HANDOFFS, names=plan_names(), today=visit.today,
                      may=visit.actor.has(*OFFICE), ages=AGES, counts=ages, band=band, mine=bool(mine), others=others, said=FOLLOWED,
                      reasons=reasons() | dict(TOLD))


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


@pages.post("/handoffs/{claim_no}/take", roles=OFFICE)
def take(visit: Visit, claim_no: str) -> Response:
    """Look after the file oneself."""
    return _follow(visit, claim_no, "taken", lambda session, claim: ageing.take(session, claim_id=claim, actor=visit.actor, now=visit.now))


@pages.post("/handoffs/{claim_no}/give-back", roles=OFFICE)
def give_back(visit: Visit, claim_no: str) -> Response:
    """Nobody looks after it any more."""
    return _follow(visit, claim_no, "given_back", lambda session, claim: ageing.give_back(
        session, claim_id=claim, actor=visit.actor, now=visit.now))


@pages.post("/handoffs/{claim_no}/assign", roles=HEAD)
def assign(visit: Visit, claim_no: str) -> Response:
    """The head gives it to one of the office."""
    return _follow(visit, claim_no, "assigned", lambda session, claim: ageing.assign(
        session, claim_id=claim, owner=_account(visit.field("owner")), actor=visit.actor, now=visit.now))


def _follow(visit: Visit, claim_no: str, done: str, verb: Callable[[Session, uuid.UUID], None]) -> Response:
    return visit.attempt(lambda session: verb(session, sight.claim(session, visit.actor, claim_no, lock=True).id),
                         again=lambda problem: _listed(visit, problem), then="/handoffs", done=done)


def _account(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("account_missing", "没有这一账号", remedy="从名单中选择", field="owner") from None
