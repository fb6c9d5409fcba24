"""When a report reached whom: who still has to be told today (安康保: committee and insurer), and which day counts.

The hand-over protocol has no first notice: the insurer is told by telephone or letter, and the clock `first_notice` of the
claim is the task; at the latest the acknowledged dossier stops it, kept or missed.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, InputError
from services.intake.planning import Counted
from services.intake.queries import case_of, claims_by_case, claims_of
from services.intake.rules import Told
from services.models import Case, Claim
from services.rulebook.parts import ClockRule
from services.sla.service import FIRST_NOTICE, REPORT, LastDay, NewClock, Stopped, stop

ADDRESSEES = {"committee": "单位工会女职工委员会", "insurer": "保险公司"}
_MAY_TELL = (Role.UNIT_CLERK, Role.INSURER, Role.SYSTEM, *sorted(REVIEWERS))


def first_notices(claims: Sequence[Claim], counted: Sequence[Counted], told: Told, now: datetime) -> list[NewClock]:
    """A clock due today for each addressee of an insured plan that the report did not reach (reading A-15)."""
    today = business_day(now)
    missing = [name for name, at in (("committee", told.committee_at), ("insurer", told.insurer_at)) if at is None]
    return [_due_today(claim, item.rule, name, today) for claim, item in zip(claims, counted, strict=True)
            if claim.route == "insurer" and item.rule for name in missing]


def _due_today(claim: Claim, rule: ClockRule, name: str, today: date) -> NewClock:
    """Whatever day it is: who is told on a Sunday is told in time, who is told on the Monday after is not."""
    words = f"报案未同时告知{ADDRESSEES[name]}，须于当日（{today}）转告"
    today_only = ClockRule(days=0, kind="calendar", clause=rule.clause, origin=rule.origin, start="reported")
    return NewClock(claim.id, claim.org_key, claim.round, FIRST_NOTICE, name, today_only, today, LastDay(today, words))


def tell(session: Session, *, case_id: uuid.UUID, addressee: str, at: datetime, words: str, actor: Actor, now: datetime) -> Case:
    """Record that the missing addressee was told, when and how (`words`: who was spoken to, which number)."""
    actor.require(*_MAY_TELL, what="登记转告")
    if addressee not in ADDRESSEES:
        raise InputError("addressee", f"不认识的告知对象“{addressee}”", remedy=f"可用：{'、'.join(ADDRESSEES)}", field="addressee")
    if not words.strip():
        raise InputError("told_words", "须写明向谁、怎样转告", remedy="补上向谁、怎样转告", field="words")
    case = case_of(session, case_id)
    session.refresh(case, with_for_update=True)
    if case.joined_into:
        raise Conflict("case_joined", f"报案 {case.case_no} 已并入另一报案", remedy="在现存的报案上登记")
    if at > now or business_day(at) < case.reported_on:
        raise InputError("told_at", "转告时间不能早于报案，也不能晚于现在", remedy="核对时间", field="at")
    if (case.insurer_told_at if addressee == "insurer" else case.committee_told_at) is not None:
        raise Conflict("already_told", f"{ADDRESSEES[addressee]}已经知道这一报案", remedy="不必再登记")
    if addressee == "insurer":
        case.insurer_told_at = at
    else:
        case.committee_told_at = at
    session.add(case)
    session.flush()
    claims = claims_of(session, case.id)
    stop(session, [Stopped(claim.id, FIRST_NOTICE, business_day(at), addressee) for claim in claims])
    audit.append(session, [Entry(claim.id, claim.org_key, "case", case.id, "told", reason=words.strip(),
                                 details={"addressee": addressee, "at": at.isoformat()}) for claim in claims],
                 account=actor.account_id, person=actor.person_id, at=now)
    return case


@dataclass(frozen=True, slots=True)
class ToTell:
    """Somebody who still has to be told of a report."""

    case_no: str
    claim_no: str
    plan: str
    policy_no: str | None
    addressee: str
    due_on: date
    late: bool


_OPEN = sa.text(f"""
    SELECT f.case_no, c.claim_no, c.plan, v.policy_no, k.subject, k.due_on, k.due_on < :today AS late
    FROM sla_clock k JOIN claim c ON c.id = k.claim_id JOIN case_file f ON f.id = c.case_id JOIN cover v ON v.id = c.cover_id
    WHERE k.kind = '{FIRST_NOTICE}' AND k.state = 'running' ORDER BY k.due_on, c.claim_no LIMIT :limit""")


def to_tell(session: Session, *, today: date, limit: int = 200) -> list[ToTell]:
    """The work list of the caller's scope, oldest first."""
    return [ToTell(*row) for row in session.execute(_OPEN, {"today": today, "limit": limit})]


def earlier(session: Session, cases: Sequence[tuple[Case, Told]]) -> None:
    """Further reports may have come first: the earliest makes the case's day, and late may turn into timely.

    Claims that came over with a further report count from the earliest too. The cases are locked by the caller.
    """
    for case, told in cases:
        case.committee_told_at = _first(case.committee_told_at, told.committee_at)
        case.insurer_told_at = _first(case.insurer_told_at, told.insurer_at)
        if told.first < case.reported_on:
            case.reported_on = told.first
            case.late = case.late and case.reported_on > case.last_timely_day
            case.late_reason = case.late_reason if case.late else None
        session.add(case)
    session.flush()
    of_case = claims_by_case(session, [case.id for case, _ in cases])
    stop(session, [one for case, _ in cases for claim in of_case[case.id] for one in _stops(case, claim)])


def _stops(case: Case, claim: Claim) -> list[Stopped]:
    told = (("committee", case.committee_told_at), ("insurer", case.insurer_told_at))
    return [Stopped(claim.id, REPORT, case.reported_on),
            *(Stopped(claim.id, FIRST_NOTICE, business_day(at), name) for name, at in told if at)]


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at), default=None)
