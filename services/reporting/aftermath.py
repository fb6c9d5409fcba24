"""What came after a claim's decision, and its originals: as shown on the claim page, with what the reader may do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.evidence import originals
from services.evidence.originals import Original
from services.models import Objection, Receivable, Reopening
from services.reporting.ahead import Ahead, ahead
from services.reporting.ending import Ending, ending
from services.reporting.views import ClaimView
from services.review import after_queries as after
from statemachines.states import ClaimState, ObjectionState

_DECIDED = (ClaimState.PAYABLE, ClaimState.REFUSED, ClaimState.PAID, ClaimState.CLOSED)
_OPEN = (ObjectionState.LODGED, ObjectionState.ACCEPTED)
_SENIORS = (Role.SENIOR_REVIEWER, Role.HEAD)
STAFF = (Role.UNIT_CLERK, *sorted(REVIEWERS))


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Objections, later rounds and corrections, money asked back, originals; its end undecided, what is
    paid ahead; `acts` the reader is offered."""

    objections: Sequence[Objection]
    rounds: Sequence[Reopening]
    receivables: Sequence[Receivable]
    originals: Sequence[Original]
    ending: Ending
    ahead: Ahead
    acts: frozenset[str]

    @property
    def lodged(self) -> Objection | None:
        """The objection that nobody has taken up yet."""
        return next((row for row in self.objections if row.state == ObjectionState.LODGED), None)

    @property
    def open(self) -> Objection | None:
        """The objection that is not decided yet."""
        return next((row for row in self.objections if row.state in _OPEN), None)

    @property
    def asked(self) -> Reopening | None:
        """The correction that waits for its second person."""
        return next((row for row in self.rounds if row.confirmed_at is None and row.withdrawn_at is None), None)


def aftermath(session: Session, view: ClaimView, actor: Actor, *, side: bool, today: date) -> Aftermath:
    """Five selects. `side`: the actor is on the claimant's side and does nothing here."""
    claim_id = view.claim.id
    found = Aftermath(
        after.objections_of(session, claim_id), after.reopenings_of(session, claim_id), after.receivables_of(session, claim_id),
        originals.originals_of(session, claim_id=claim_id, actor=actor, today=today),
        ending(session, view, actor, side=side), ahead(session, view, actor, side=side), frozenset())
    acts = frozenset() if side or not actor.has(*STAFF) else _objecting(found, view, actor) | _originals(found, view, actor)
    return replace(found, acts=acts | found.ending.acts | found.ahead.acts)


def _objecting(found: Aftermath, view: ClaimView, actor: Actor) -> frozenset[str]:
    decided = view.claim.state in _DECIDED and any(decision.round == view.claim.round for decision in view.decisions)
    acts: set[str] = set()
    if decided and found.open is None and actor.has(Role.UNIT_CLERK, *sorted(OFFICE)):
        acts.add("object")
    if found.open is not None and actor.has(Role.UNIT_CLERK):
        acts.add("withdraw-objection")
    if found.lodged is not None and actor.has(*(_SENIORS if not found.lodged.late else (Role.HEAD,))):
        acts.add("accept-objection")
    if found.lodged is not None and found.lodged.late and actor.has(Role.HEAD):
        acts.add("dismiss-objection")
    if decided and found.asked is None and found.lodged is None:
        acts.add("correct")
    if found.asked is not None:
        acts.add("drop-correction")
        if actor.has(*_SENIORS) and found.asked.asked_person not in actor.persons:
            acts.add("confirm-correction")
    return frozenset(acts)


def _originals(found: Aftermath, view: ClaimView, actor: Actor) -> frozenset[str]:
    states = {original.state for original in found.originals}
    acts: set[str] = set()
    if states & {"asked", "overdue"}:
        acts.add("receive-original")
        if actor.has(*REVIEWERS):
            acts.add("drop-original")
    if "received" in states:
        acts.add("return-original")
    if actor.has(*REVIEWERS) and view.papers and view.claim.state != ClaimState.CANCELLED:
        acts.add("ask-original")
    return frozenset(acts)
