"""Where the insurer's amount is not ours: the list, both computations side by side, and what may be done about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import Response
from sqlmodel import Session

from services.access.actor import OFFICE, Role
from services.core.errors import HuzhuError
from services.insurer import disagreements as verbs
from services.reporting import disagreements, sight
from services.reporting.disagreements import Compared
from services.review.queries import reasons
from services.rulebook import registry
from services.web import claim_words as words
from services.web.door import Pages
from services.web.handoff_words import DISAGREED, DISAGREEMENTS, TOLD
from services.web.menu import Item
from services.web.visit import Visit
from services.web.work_words import plan_names

pages = Pages()
READERS = OFFICE | {Role.AUDITOR}
SENIORS = frozenset({Role.SENIOR_REVIEWER, Role.HEAD})


@pages.get("/disagreements", roles=READERS, menu=Item(41, "金额不一致"))
def listed(visit: Visit) -> Response:
    """What is unfinished, the earliest day first."""
    rows, after = visit.read(lambda session: disagreements.waiting(session, after=visit.query.get("after", "")))
    return visit.page("disagreements.html", rows=rows, after=after, stages=DISAGREEMENTS, names=plan_names(), today=visit.today)


@pages.get("/disagreements/{claim_no}", roles=READERS)
def one(visit: Visit, claim_no: str) -> Response:
    """Both computations of one claim."""
    return _one(visit, claim_no)


def _one(visit: Visit, claim_no: str, problem: HuzhuError | None = None) -> Response:
    def read(session: Session) -> Compared:
        found = sight.claim(session, visit.actor, claim_no)
        sight.looked(session, visit.actor, found, "disagreement", visit.now)
        return disagreements.compared(session, found.id, visit.actor)
    found = visit.note(read)
    book = registry.version(found.view.claim.plan, found.view.plan_version)
    return visit.page("disagreement.html", problem=problem, found=found, view=found.view, words=words, stages=DISAGREEMENTS,
                      said=DISAGREED, reasons=reasons() | dict(TOLD), chosen=visit.listed("liability"), today=visit.today,
                      names={code: benefit.name for code, benefit in book.benefits.items()} | {verbs.REFUND: visit.say("退还费用")},
                      may=visit.actor.has(*OFFICE), senior=visit.actor.has(*SENIORS))


@pages.post("/disagreements/{claim_no}/accept", roles=OFFICE)
def ask_accept(visit: Visit, claim_no: str) -> Response:
    """One person's word; another agrees."""
    return _do(visit, claim_no, "accept", lambda session, claim: verbs.ask_accept(
        session, claim_id=claim, liabilities=visit.listed("liability"), reason=visit.field("reason"), actor=visit.actor, now=visit.now))


@pages.post("/disagreements/{claim_no}/agree", roles=SENIORS)
def agree(visit: Visit, claim_no: str) -> Response:
    """By another person than who asked."""
    return _do(visit, claim_no, "accepted", lambda session, claim: verbs.accept(
        session, claim_id=claim, actor=visit.actor, now=visit.now))


@pages.post("/disagreements/{claim_no}/take-back", roles=OFFICE)
def take_back(visit: Visit, claim_no: str) -> Response:
    """The word to accept is withdrawn."""
    return _do(visit, claim_no, "open", lambda session, claim: verbs.withdraw(
        session, claim_id=claim, reason=visit.field("why"), actor=visit.actor, now=visit.now))


@pages.post("/disagreements/{claim_no}/insist", roles=OFFICE)
def insist(visit: Visit, claim_no: str) -> Response:
    """Asked for as a correction; when another person has confirmed it, a new round goes to the insurer."""
    return _do(visit, claim_no, "insist", lambda session, claim: verbs.insist(
        session, claim_id=claim, liabilities=visit.listed("liability"), reason=visit.field("reason"), actor=visit.actor, now=visit.now))


@pages.post("/disagreements/{claim_no}/close", roles=SENIORS)
def close(visit: Visit, claim_no: str) -> Response:
    """Ended otherwise, with the reason."""
    return _do(visit, claim_no, "closed", lambda session, claim: verbs.close(
        session, claim_id=claim, liabilities=visit.listed("liability"), reason=visit.field("reason"), actor=visit.actor, now=visit.now))


def _do(visit: Visit, claim_no: str, done: str, verb: Callable[[Session, uuid.UUID], object]) -> Response:
    """On the version of the claim that was seen."""
    def run(session: Session) -> object:
        return verb(session, sight.claim(session, visit.actor, claim_no, lock=True, version=visit.version()).id)
    return visit.attempt(run, again=lambda problem: _one(visit, claim_no, problem), then=f"/disagreements/{claim_no}", done=done)
