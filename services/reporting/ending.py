"""How a claim comes to an end that nobody decided, or to other receivers: cancellation asked for by one, a death noted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.intake.cancelling import CANCELLED_FROM, MAY_ASK
from services.models import Account, CancelRequest
from services.payment import queries as payment
from services.payment.queries import Succession
from services.reporting.views import ClaimView
from statemachines.states import ClaimState

_NOTES_DEATH = (Role.UNIT_CLERK, *sorted(REVIEWERS))
DEATH_PROOF = "death_proof"


@dataclass(frozen=True, slots=True)
class Ending:
    """The cancellation that waits for a second person (`by`: who asked; `own`: the reader), and what the reader is offered."""

    cancel: CancelRequest | None
    by: str
    own: bool
    acts: frozenset[str]


def ending(session: Session, view: ClaimView, actor: Actor, *, side: bool) -> Ending:
    """One select. `side`: the actor is on the claimant's side and does nothing here."""
    row = session.exec(select(CancelRequest, Account.name).join(Account, col(Account.id) == CancelRequest.asked_by, isouter=True).where(
        CancelRequest.claim_id == view.claim.id, col(CancelRequest.confirmed_at).is_(None),
        col(CancelRequest.withdrawn_at).is_(None))).first()
    asked, by = row or (None, "")
    own = asked is not None and asked.asked_person in actor.persons
    return Ending(asked, by or "", own, frozenset() if side else _acts(view, actor, asked, own))


def _acts(view: ClaimView, actor: Actor, asked: CancelRequest | None, own: bool) -> frozenset[str]:
    acts: set[str] = set()
    if actor.has(*_NOTES_DEATH) and view.claim.state != ClaimState.CANCELLED:
        acts.add("death")
    if actor.has(*MAY_ASK) and view.claim.state in CANCELLED_FROM:
        acts.add("drop-cancel" if asked else "ask-cancel")
        if asked and not own and actor.has(*OFFICE):
            acts.add("confirm-cancel")
    return frozenset(acts)


def succession(session: Session, view: ClaimView) -> Succession:
    """Who receives after the death and what that rests on; nobody while the member lives."""
    return payment.succession(session, view.claim.id) if view.claim.died else Succession([], {}, [])


def proved(view: ClaimView) -> bool:
    """A proof of death is on file and was not rejected."""
    return any(paper.kind == DEATH_PROOF and paper.verdict != "rejected" for paper in view.papers)
