"""Where somebody stands to a claim now: whose level is open, and what this person may do there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, REVIEWERS, Actor, Role
from services.lifecycle.facts import ACTOR, barred, bound, on_claimant_side
from services.reporting.views import ClaimView, StepView
from statemachines.states import ClaimState

VERIFIERS = frozenset({Role.UNIT_CLERK}) | REVIEWERS
_UNDER_CHECK = (ClaimState.REPORTED, ClaimState.SUPPLEMENTING)
_WITHDRAWN_FROM = (ClaimState.REPORTED, ClaimState.SUPPLEMENTING, ClaimState.VERIFIED, ClaimState.IN_REVIEW)
_OVER = (ClaimState.CLOSED, ClaimState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """The open level of a claim (None: none is open) as one actor meets it.

    `mine`: the actor has taken it, or the absent colleague whose work the actor does. `fits`: role and organisation are the
    level's; `heads`: the actor heads that organisation or one above. `barred`: separation of persons keeps the actor away from this level;
    `side`: because the actor is claimant, payee or of their family. `last`: nothing but this level is left to pass.
    """

    step: StepView | None
    mine: bool
    taken: bool
    fits: bool
    heads: bool
    barred: bool
    side: bool
    last: bool
    lower: tuple[StepView, ...]
    acts: frozenset[str]

    def may(self, *acts: str) -> bool:
        """Whether one of these acts is offered."""
        return not self.acts.isdisjoint(acts)


_SIDE = bound(on_claimant_side(ACTOR))
_WITHOUT_LEVEL = sa.text(f"SELECT {_SIDE} AS side FROM claim c WHERE c.id = :claim")
_AT_LEVEL = sa.text(f"""
    SELECT {_SIDE} AS side, s.duty_key, s.taken_by IS NOT NULL AS taken, {bound(barred("s", ACTOR))} AS barred,
        (t.id = :account OR coalesce(t.person_id = ANY(CAST(:persons AS uuid[])), false)) IS TRUE AS mine
    FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round LEFT JOIN account t ON t.id = s.taken_by
    WHERE s.id = :step""")


def standing(session: Session, view: ClaimView, actor: Actor, *, today: date) -> Standing:
    """What the actor may do on this claim at this moment. The verbs ask the machines again."""
    steps = [step for step in view.chain if step.round == view.claim.round and step.state != "void"]
    step = next((step for step in steps if step.state == "open"), None)
    persons = {"persons": list(actor.persons), "today": today}
    if step is None:
        side = bool(session.execute(_WITHOUT_LEVEL, {**persons, "claim": view.claim.id}).scalar_one())
        return Standing(None, False, False, False, False, side, side, False, (), _acts_without_level(view, actor, side))
    row = session.execute(_AT_LEVEL, {**persons, "step": step.id, "account": actor.account_id}).one()
    side = bool(row.side)
    found = Standing(
        step=step, mine=bool(row.mine), taken=bool(row.taken),
        fits=actor.person_id is not None and actor.has(step.role) and row.duty_key.startswith(actor.org_key),
        heads=actor.has(Role.HEAD) and row.duty_key.startswith(actor.org_key), barred=bool(row.barred), side=side,
        last=all(other.state == "passed" or other.id == step.id for other in steps),
        lower=tuple(other for other in steps if other.ordinal < step.ordinal and other.state == "passed"), acts=frozenset())
    return replace(found, acts=_acts_without_level(view, actor, side) | _acts_at_level(found, view, actor))


def _acts_without_level(view: ClaimView, actor: Actor, side: bool) -> frozenset[str]:
    """What hangs on state and role alone: the papers' stage, hold and unhold."""
    acts: set[str] = set()
    state = view.claim.state
    if actor.has(*REVIEWERS) and state not in _OVER:
        acts.add("unhold" if view.claim.held else "hold")
    if actor.has(*VERIFIERS) and not side:
        if state in _UNDER_CHECK:
            acts |= {"judge", "waive"} if actor.has(*OFFICE) else {"judge"}
        if state == ClaimState.REPORTED:
            acts |= {"verify", "facts"}
        if state in (ClaimState.REPORTED, ClaimState.VERIFIED, ClaimState.IN_REVIEW):
            acts.add("ask")
    return frozenset(acts) | _clerking(view, actor)


def _clerking(view: ClaimView, actor: Actor) -> frozenset[str]:
    """What is done for the member: letters and lists handed over and answered, consent, withdrawal, taking up again."""
    acts: set[str] = set()
    lists = {listed.state for listed in view.supplements}
    signed = any(paper.kind == "withdrawal" and paper.verdict != "rejected" for paper in view.papers)
    if actor.has(Role.UNIT_CLERK):
        acts |= {"delivered"} if any(letter.state == "dispatched" for letter in view.letters) else set()
        acts |= {"hand-list"} if "drafted" in lists else set()
        acts |= {"answer-list"} if "delivered" in lists else set()
        acts |= {"resume"} if view.claim.state == ClaimState.CLOSED and view.claim.outcome == "not_pursued" else set()
    if actor.has(Role.UNIT_CLERK, *OFFICE) and signed and view.claim.state in _WITHDRAWN_FROM:
        acts.add("withdraw")
    if actor.has(*VERIFIERS) and view.claim.route == "insurer" and "insurer" not in view.case.consents and view.claim.state not in _OVER:
        acts.add("consent")
    return frozenset(acts)


def _acts_at_level(found: Standing, view: ClaimView, actor: Actor) -> frozenset[str]:
    """What the open level lets this person do: nothing for another's level, nothing against separation, nothing on hold."""
    step = found.step
    if step is None or view.claim.held or view.claim.state != ClaimState.IN_REVIEW:
        return frozenset()
    acts = _handing(found, actor)
    if not found.fits or found.barred or (found.taken and not found.mine):
        return frozenset(acts)
    acts |= {"pass", "drop" if found.mine else "take"}
    if not actor.has(*REVIEWERS):
        return frozenset(acts)
    acts.add("send_back")
    if found.lower:
        acts.add("send_down")
    if view.claim.route == "office" and step.act == "review":
        acts |= {"refuse" if step.decides else "recommend", "regrade", "exclusion"}
        if step.decides and view.claim.round > 1:
            acts.add("uphold")
        if _manual(view):
            acts.add("amount")
    return frozenset(acts)


def _handing(found: Standing, actor: Actor) -> set[str]:
    """Who has taken a level hands it on; the head there hands on anybody's, and takes it over from a colleague."""
    heads = found.heads
    acts = {"delegate"} if found.mine or heads else set()
    return acts | {"take-over"} if heads and not found.mine and not found.barred and not (found.fits and not found.taken) else acts


def _manual(view: ClaimView) -> bool:
    """A line of the newest worksheet waits for a reviewer's amount, or has one already."""
    newest = next((sheet for sheet in view.worksheets if sheet.round == view.claim.round), None)
    if newest is None:
        return False
    lines = newest.output.get("lines")
    waits = isinstance(lines, list) and any(isinstance(line, dict) and line.get("manual") for line in lines)
    return waits or bool(newest.input.get("manual"))

