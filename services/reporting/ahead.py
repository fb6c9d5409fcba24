"""What of a claim may be paid ahead of its decision: the proposal that waits, and what the reader is offered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor
from services.models import Account, Advance
from services.payment.advance import CONFIRMS
from services.reporting.views import ClaimView
from statemachines.states import ClaimState

# 保险法第二十五条: from the day request and proofs came in.
DAYS = 60


@dataclass(frozen=True, slots=True)
class Ahead:
    """The proposal that waits for a second person (`by`: whose it is; `own`: the reader's). `due_on`: the day by which what is
    certain is paid when the rest still cannot be determined; none once it is paid ahead or decided.
    """

    asked: Advance | None
    by: str
    own: bool
    due_on: date | None
    acts: frozenset[str]


NOTHING = Ahead(None, "", False, None, frozenset())


def ahead(session: Session, view: ClaimView, actor: Actor, *, side: bool) -> Ahead:
    """One select, for a claim in review that the office decides."""
    claim = view.claim
    if claim.state != ClaimState.IN_REVIEW or claim.route != "office" or view.decisions:
        return NOTHING
    if any(payment.purpose == "advance" and payment.state != "cancelled" for payment in view.payments):
        return NOTHING
    due = claim.verified_on + timedelta(days=DAYS) if claim.verified_on else None
    asked, by = session.exec(select(Advance, Account.name).join(Account, col(Account.id) == Advance.asked_by, isouter=True).where(
        Advance.claim_id == claim.id, col(Advance.confirmed_at).is_(None), col(Advance.withdrawn_at).is_(None))).first() or (None, "")
    own = asked is not None and asked.asked_person in actor.persons
    acts: set[str] = set()
    if not side and actor.has(*REVIEWERS):
        if asked is not None:
            acts.add("drop-advance")
            if not own and not claim.held and actor.has(*CONFIRMS):
                acts.add("confirm-advance")
        elif not claim.held and view.worksheets:
            acts.add("propose-advance")
    return Ahead(asked, by or "", own, due, frozenset(acts))
