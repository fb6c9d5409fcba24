"""The chain's rows: laid out when routed, grown when an amount rises, opened one after another."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.core.ids import uuidv7
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import ReviewStep
from services.review import staffing
from services.review.ladder import Org, Post, missing_levels, own_place
from services.review.staffing import Opening
from services.rulebook.registry import version
from services.rulebook.schema import RuleBook

NOBODY = "nobody_eligible"


@dataclass(frozen=True, slots=True)
class Routable:
    """A locked claim as the chain sees it."""

    id: uuid.UUID
    org_key: str
    state: str
    held: bool
    plan: str
    plan_from: date
    route: str
    round: int
    digest: str

    @property
    def book(self) -> RuleBook:
        """The wording the claim has pinned."""
        return version(self.plan, self.plan_from)


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the present round. `path` runs from the claim's organisation to the root."""

    id: uuid.UUID
    claim_id: uuid.UUID
    org_key: str
    ordinal: int
    level: str
    act: str
    role: str
    state: str
    duty_key: str
    seen_digest: str | None

    def opening(self, path: Sequence[Org], *, above: bool = False) -> Opening:
        """This level to be staffed anew from where it stands; `above`: from the parent organisation on."""
        at = next((i for i, org in enumerate(path) if org.key == self.duty_key), len(path) - 1)
        return Opening(self.id, self.claim_id, self.act, self.org_key, path, at + 1 if above else at, self.role)


def locked(session: Session, claim_ids: Collection[uuid.UUID]) -> list[Routable]:
    """The claims, locked in order."""
    session.flush()
    rows = session.execute(sa.text(
        "SELECT id, org_key, state, held, plan, plan_from, route, round, digest FROM claim"
        " WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"), {"ids": list(claim_ids)})
    return [Routable(*row) for row in rows]


def steps_of(session: Session, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Step]]:
    """The rows of the present round by claim, in order; voided ones left out."""
    session.flush()
    rows = session.execute(sa.text(
        "SELECT s.id, s.claim_id, s.org_key, s.ordinal, s.level, s.act, s.role, s.state, s.duty_key, s.seen_digest"
        " FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round AND s.state <> 'void'"
        " WHERE c.id = ANY(CAST(:ids AS uuid[])) ORDER BY s.claim_id, s.ordinal"), {"ids": list(claim_ids)})
    found: dict[uuid.UUID, list[Step]] = defaultdict(list)
    for row in rows:
        found[row.claim_id].append(Step(*row))
    return found


def grow(session: Session, claims: Sequence[Routable], amounts: Mapping[uuid.UUID, Decimal], *, actor: Actor,
         now: datetime) -> set[uuid.UUID]:
    """Add the levels that the amounts (yuan) ask for and the chains lack; gives the claims whose chain grew.

    A level goes to the first post with an eligible person; with nobody anywhere it waits at its own.
    """
    present = steps_of(session, [claim.id for claim in claims])
    paths = staffing.paths(session, [claim.org_key for claim in claims])
    rows: list[ReviewStep] = []
    openings: list[Opening] = []
    true_places: dict[uuid.UUID, bool] = {}
    for claim in claims:
        path = paths[claim.org_key]
        for ordinal, level in missing_levels(claim.book, amounts[claim.id], [s.level for s in present[claim.id]]):
            start, own = own_place(path, level.role, claim.book.office)
            row = ReviewStep(
                id=uuidv7(), org_key=claim.org_key, state="waiting", claim_id=claim.id, round=claim.round,
                ordinal=ordinal, level=level.level, name=level.name, act=level.act, role=level.role, days=level.days,
                duty_org=path[start].id, duty_key=path[start].key, created_at=now)
            rows.append(row)
            true_places[row.id] = own
            openings.append(Opening(row.id, claim.id, level.act, claim.org_key, path, start, level.role))
    create(session, "review_step", rows, actor=actor, now=now)
    grown = {row.claim_id for row in rows}
    _mark_decider(session, grown)
    _hand_up_where_needed(session, openings, actor=actor, now=now, own=true_places)
    return grown


def _mark_decider(session: Session, claim_ids: Collection[uuid.UUID]) -> None:
    """On the office's route the last reviewing level decides; on the insurer's route none does."""
    session.execute(sa.text("""
        UPDATE review_step s SET decides = (c.route = 'office' AND s.act = 'review' AND s.ordinal = (
            SELECT max(o.ordinal) FROM review_step o WHERE o.claim_id = s.claim_id AND o.round = s.round))
        FROM claim c WHERE c.id = s.claim_id AND s.round = c.round AND c.id = ANY(CAST(:ids AS uuid[]))"""),
        {"ids": list(claim_ids)})


def _hand_up_where_needed(session: Session, openings: Sequence[Opening], *, actor: Actor, now: datetime,
                          own: Mapping[uuid.UUID, bool] | None = None) -> set[uuid.UUID]:
    """Staff the openings; gives the steps without anybody."""
    found = staffing.staff(session, openings, business_day(now))
    moved: list[tuple[Opening, Post]] = []
    nobody: set[uuid.UUID] = set()
    for opening in openings:
        post = found[opening.step_id]
        if post is None:
            nobody.add(opening.step_id)      # it stays where it is, and is staffed at the next call
            continue
        here = opening.path[min(opening.start, len(opening.path) - 1)]
        if (post.org.key, post.role) != (here.key, opening.role) or not (own or {}).get(opening.step_id, True):
            moved.append((opening, post))
    staffing.hand_up(session, moved, why=NOBODY, actor=actor, now=now)
    return nobody


def restaff(session: Session, claims: Sequence[Routable], *, actor: Actor, now: datetime) -> set[uuid.UUID]:
    """Hand up every open or waiting level that has nobody any more; gives the claims that still have such a level."""
    steps = [step for rows in steps_of(session, [claim.id for claim in claims]).values() for step in rows
             if step.state in ("waiting", "open")]
    paths = staffing.paths(session, [step.org_key for step in steps])
    openings = [step.opening(paths[step.org_key]) for step in steps]
    nobody = _hand_up_where_needed(session, openings, actor=actor, now=now)
    return {step.claim_id for step in steps if step.id in nobody}


def refresh(session: Session, claims: Sequence[Routable], *, actor: Actor, now: datetime) -> None:
    """A claim comes back from papers: passed levels stand unless the facts changed; an open one waits.

    Its days did not run while the file was away: when its turn comes it opens with all of them.
    """
    digests = {claim.id: claim.digest for claim in claims}
    reset: list[Move] = []
    down: list[Move] = []
    for claim_id, rows in steps_of(session, list(digests)).items():
        for step in rows:
            if step.state == "passed" and step.seen_digest != digests[claim_id]:
                reset.append(Move(step.id, reason="papers_changed"))
            elif step.state == "open":
                down.append(Move(step.id, reason="papers_changed"))
    fire(session, "review_step", "reset", reset, actor=actor, now=now)
    fire(session, "review_step", "send_down", down, actor=actor, now=now)


def open_next(session: Session, claim_ids: Collection[uuid.UUID], *, actor: Actor, now: datetime) -> dict[uuid.UUID, Step]:
    """Open the first level not passed of each claim, handed up when nobody there may act; gives it by claim.

    A level with nobody up to the root stays waiting and opens at the next call.
    """
    first = {claim_id: next((step for step in rows if step.state != "passed"), None)
             for claim_id, rows in steps_of(session, claim_ids).items()}
    waiting = [step for step in first.values() if step and step.state == "waiting"]
    paths = staffing.paths(session, [step.org_key for step in waiting])
    nobody = _hand_up_where_needed(session, [step.opening(paths[step.org_key]) for step in waiting], actor=actor, now=now)
    fire(session, "review_step", "open", [Move(step.id) for step in waiting if step.id not in nobody],
         actor=actor, now=now)
    return {claim_id: step for claim_id, step in first.items() if step}
