"""Who had to be told of a report (安康保: the unit's women's committee and the insurer) and who still has to be, today.

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
from services.intake.queries import case_of, claims_of
from services.intake.rules import Told
from services.models import Case, Claim, SlaClock
from services.workdays.calendar import calendar

KIND = "first_notice"
ADDRESSEES = {"committee": "单位工会女职工委员会", "insurer": "保险公司"}
_MAY_TELL = (Role.UNIT_CLERK, Role.INSURER, Role.SYSTEM, *sorted(REVIEWERS))


def first_notices(claims: Sequence[Claim], counted: Sequence[Counted], told: Told, now: datetime) -> list[SlaClock]:
    """A clock due today for each addressee of an insured plan that the report did not reach (reading A-15)."""
    today = business_day(now)
    missing = [name for name, at in (("committee", told.committee_at), ("insurer", told.insurer_at)) if at is None]
    return [SlaClock(org_key=claim.org_key, claim_id=claim.id, round=claim.round, kind=KIND, subject=name, budget=0,
                     day_kind="calendar", clause=item.rule.clause, origin=item.rule.origin, start_on=today, due_on=today,
                     words=f"报案未同时告知{ADDRESSEES[name]}，须于当日（{today}）转告", calendar=calendar().version, state="running")
            for claim, item in zip(claims, counted, strict=True) if claim.route == "insurer" and item.rule
            for name in missing]


def tell(session: Session, *, case_id: uuid.UUID, addressee: str, at: datetime, words: str, actor: Actor, now: datetime) -> Case:
    """Record that the missing addressee was told, when and how (`words`: who was spoken to, which number)."""
    actor.require(*_MAY_TELL, what="登记转告")
    if addressee not in ADDRESSEES:
        raise InputError("addressee", f"不认识的告知对象“{addressee}”", remedy=f"可用：{'、'.join(ADDRESSEES)}", field="addressee")
    if not words.strip():
        raise InputError("told_words", "须写明向谁、怎样转告", remedy="补上 words", field="words")
    case = case_of(session, case_id)
    session.refresh(case, with_for_update=True)
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
    stop(session, case.id, [addressee], business_day(at))
    audit.append(session, [Entry(claim.id, claim.org_key, "case", case.id, "told", reason=words.strip(),
                                 details={"addressee": addressee, "at": at.isoformat()}) for claim in claims_of(session, case.id)],
                 account=actor.account_id, person=actor.person_id, at=now)
    return case


_STOP = sa.text(f"""
    UPDATE sla_clock k SET state = 'stopped', stopped_on = :day, kept = :day <= k.due_on FROM claim c
    WHERE c.id = k.claim_id AND c.case_id = :case AND k.kind = '{KIND}' AND k.state <> 'stopped'
      AND k.subject = ANY(CAST(:names AS text[]))""")


def stop(session: Session, case_id: uuid.UUID, names: Sequence[str], day: date) -> None:
    """The addressees knew on that day: their clocks stand."""
    session.execute(_STOP, {"case": case_id, "names": list(names), "day": day})


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
    WHERE k.kind = '{KIND}' AND k.state = 'running' ORDER BY k.due_on, c.claim_no LIMIT :limit""")


def to_tell(session: Session, *, today: date, limit: int = 200) -> list[ToTell]:
    """The work list of the caller's scope, oldest first."""
    return [ToTell(*row) for row in session.execute(_OPEN, {"today": today, "limit": limit})]


_REPORT_CLOCKS = sa.text("""
    UPDATE sla_clock k SET stopped_on = :day, kept = :day <= k.due_on FROM claim c
    WHERE c.id = k.claim_id AND c.case_id = :case AND k.kind = 'report' AND k.stopped_on > :day""")


def earlier(session: Session, case: Case, told: Told) -> None:
    """A further report of the event may have come first: the earliest makes the day, and late may turn into timely.

    Claims that came over with the further report count from the earliest too.
    """
    case.committee_told_at = _first(case.committee_told_at, told.committee_at)
    case.insurer_told_at = _first(case.insurer_told_at, told.insurer_at)
    if told.first < case.reported_on:
        case.reported_on = told.first
        case.late = case.late and case.reported_on > case.last_timely_day
        case.late_reason = case.late_reason if case.late else None
    session.add(case)
    session.flush()
    session.execute(_REPORT_CLOCKS, {"case": case.id, "day": case.reported_on})
    for name, at in (("committee", case.committee_told_at), ("insurer", case.insurer_told_at)):
        if at:
            stop(session, case.id, [name], business_day(at))


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at), default=None)
