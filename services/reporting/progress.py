"""Where a claim is, what comes next, by when and how that was counted: what its number and code open to anybody.

No name, plan, diagnosis or amount: whoever finds the letter learns only that a claim moves.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.clock import business_day
from services.models import AuditRecord, Case, Claim, Handoff, SlaClock, Supplement
from services.rulebook.schema import ClockRule
from services.sla.calendars import calendar_for
from services.sla.service import count
from services.workdays.calendar import Calendar
from services.workdays.count import Count, working_days_between
from statemachines.states import ClaimState, HandoffState, SupplementState

# The stations of a walk, in order; the insurer's route has one more.
OFFICE_WALK = (ClaimState.REPORTED, ClaimState.VERIFIED, ClaimState.IN_REVIEW, ClaimState.PAYABLE, ClaimState.PAID)
INSURER_WALK = (*OFFICE_WALK[:3], ClaimState.WITH_INSURER, *OFFICE_WALK[3:])

# Where the next step's own clock is, by state; the first that exists is shown.
_STEP_CLOCKS: dict[str, tuple[str, ...]] = {
    ClaimState.REPORTED: ("verification",), ClaimState.SUPPLEMENTING: ("supplement",), ClaimState.IN_REVIEW: ("level",),
    ClaimState.WITH_INSURER: ("assessment",), ClaimState.PAYABLE: ("agreement",),
    ClaimState.REFUSED: ("objection", "refusal_letter"), ClaimState.PAID: ("objection",)}
_PROMISED = frozenset({ClaimState.VERIFIED, ClaimState.IN_REVIEW, ClaimState.WITH_INSURER, ClaimState.PAYABLE,
                       ClaimState.SUPPLEMENTING, ClaimState.PAID})


@dataclass(frozen=True, slots=True)
class Promise:
    """A clock: its day, how it was counted, whether it is paused, kept or late (working days past due)."""

    kind: str
    due_on: date
    words: str
    counted: Count | None
    day_kind: str
    pauses: tuple[tuple[date, date | None], ...]
    paused: bool
    provisional: bool
    kept: bool | None
    late_days: int


@dataclass(frozen=True, slots=True)
class Station:
    """A state of the walk and the day it was reached; None: still to come."""

    state: str
    on: date | None
    here: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """One claim as the public page shows it. `asks_member`: papers are wanted from the claimant now."""

    claim_no: str
    state: str
    route: str
    round: int
    held: bool
    asks_member: bool
    walk: tuple[Station, ...]
    reported_on: date
    report_due: date
    report_words: str
    late: bool
    step: Promise | None
    promise: Promise | None


def normal(text: str) -> str:
    """A number or code as people type it: blanks and what cannot be read dropped, letters large."""
    return "".join(sign for sign in text.upper() if sign.isprintable() and not sign.isspace())


def progress(session: Session, claim_no: str, code: str, *, today: date) -> Progress | None:
    """The claim behind a number and its code. None for an unknown number as for a wrong code."""
    claim = session.exec(select(Claim).where(Claim.claim_no == normal(claim_no))).first()
    known = claim.code if claim else "-" * 8
    # Compared in constant time, also when there is no such claim.
    if not hmac.compare_digest(normal(code).encode(), known.encode()) or claim is None:
        return None
    case = session.get_one(Case, claim.case_id)
    clocks = session.exec(select(SlaClock).where(SlaClock.claim_id == claim.id, SlaClock.round == claim.round)
                          .order_by(col(SlaClock.start_on), col(SlaClock.id))).all()
    cal = calendar_for(session, claim.org_key)
    return Progress(
        claim_no=claim.claim_no, state=claim.state, route=claim.route, round=claim.round, held=claim.held,
        asks_member=_asks_member(session, claim), walk=_walk(session, claim), reported_on=case.reported_on,
        report_due=case.last_timely_day, report_words=case.count_words, late=case.late,
        step=_chosen(clocks, _STEP_CLOCKS.get(claim.state, ()), today, cal),
        promise=_chosen(clocks, ("pay",), today, cal, stopped_too=True) if claim.state in _PROMISED else None)


def _asks_member(session: Session, claim: Claim) -> bool:
    """A list of the union's, or a question of the insurer's, is in the claimant's hands."""
    if claim.state == ClaimState.SUPPLEMENTING:
        return True
    asked = session.exec(select(Supplement.id).where(
        Supplement.claim_id == claim.id, Supplement.source == "insurer",
        col(Supplement.state).in_([SupplementState.DRAFTED, SupplementState.DELIVERED]))).first()
    questioned = session.exec(select(Handoff.id).where(
        Handoff.claim_id == claim.id, Handoff.state == HandoffState.QUESTIONED)).first()
    return claim.state == ClaimState.WITH_INSURER and bool(asked and questioned)


def _walk(session: Session, claim: Claim) -> tuple[Station, ...]:
    """The stations with the day each was last entered; what lies after the present one is still to come."""
    walk: tuple[ClaimState, ...] = INSURER_WALK if claim.route == "insurer" else OFFICE_WALK
    entered = _entered(session, claim.id)
    if claim.state == ClaimState.SUPPLEMENTING:
        walk = (walk[0], ClaimState.SUPPLEMENTING, *walk[1:])
    elif claim.state == ClaimState.REFUSED:
        walk = (*walk[:walk.index(ClaimState.PAYABLE)], ClaimState.REFUSED)
    elif claim.state == ClaimState.CANCELLED or (claim.state == ClaimState.CLOSED and ClaimState.PAID not in entered):
        walk = (*(state for state in walk if state in entered), ClaimState(claim.state))
    place = _place(walk, claim.state)
    return tuple(Station(state, entered.get(state) if index <= place else None, index == place)
                 for index, state in enumerate(walk))


def _place(walk: Sequence[ClaimState], state: str) -> int:
    """Where the claim stands; a closed one is at its end."""
    return walk.index(ClaimState(state)) if state in walk else len(walk) - 1


def _entered(session: Session, claim_id: uuid.UUID) -> dict[str, date]:
    """The day each state was last entered, from the record."""
    rows = session.execute(
        sa.select(col(AuditRecord.record)["to"].astext, col(AuditRecord.at), col(AuditRecord.record)["from"].astext)
        .where(col(AuditRecord.chain_id) == claim_id, col(AuditRecord.machine) == "claim").order_by(col(AuditRecord.seq)))
    entered: dict[str, date] = {}
    for target, at, source in rows:
        if target and target != source:
            entered[target] = business_day(at)
    return entered


def _chosen(clocks: Sequence[SlaClock], kinds: Sequence[str], today: date, cal: Calendar, *, stopped_too: bool = False) -> Promise | None:
    """The newest running (or paused) clock of the first kind that has one."""
    for kind in kinds:
        found = [clock for clock in clocks if clock.kind == kind and (stopped_too or clock.state != "stopped")]
        if found:
            return _promise(found[-1], today, cal)
    return None


def _promise(clock: SlaClock, today: date, cal: Calendar) -> Promise:
    pauses = tuple((date.fromisoformat(first or ""), date.fromisoformat(last) if last else None)
                   for first, last in clock.pauses)
    running = clock.state == "running"
    late = working_days_between(clock.due_on, today, cal) if running and today > clock.due_on else 0
    return Promise(kind=clock.kind, due_on=clock.due_on, words=clock.words, counted=_counted(clock, pauses, cal),
                   day_kind=clock.day_kind, pauses=pauses, paused=clock.state == "paused", provisional=clock.provisional,
                   kept=clock.kept, late_days=late)


def _counted(clock: SlaClock, pauses: Sequence[tuple[date, date | None]], cal: Calendar) -> Count | None:
    """The same count in parts, for other languages; None when the calendar has changed since."""
    rule = ClockRule(days=clock.budget, kind="working" if clock.day_kind == "working" else "calendar", start="counted",
                     clause=clock.clause, origin="ours")
    if clock.budget < 1:
        return None
    counted = count(rule, clock.start_on, [(first, last) for first, last in pauses if last], cal)
    return counted if counted.due == clock.due_on else None
