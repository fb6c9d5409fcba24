"""A report opens one case and a claim for each cover that answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.core.clock import at_hour, business_day
from services.core.errors import Conflict, InputError, NotPermitted
from services.core.ids import public_code, uuidv7
from services.engine.event import dated
from services.engine.match import Answer
from services.enrolment import numbers
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.queries import acts_for_self
from services.intake.rules import Told
from services.lifecycle.create import create
from services.models import Case, Claim, Cover, Payee, Person, SlaClock
from services.rulebook import registry
from services.rulebook.parts import ClockRule
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import Computation
from services.sla.service import count
from services.workdays.count import Count
from statemachines.states import ClaimState

_MAY_REPORT = (Role.MEMBER, Role.UNIT_CLERK, Role.INSURER, Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A cover that answers, its rule-book and the count of its report's days."""

    cover: Cover
    book: RuleBook
    rule: ClockRule | None
    count: Count | None


def report(session: Session, *, id_number: str | None = None, person_id: uuid.UUID | None = None,
           event: Mapping[str, object], hospital: str | None = None, channel: str, reported_on: date | None = None,
           late_reason: str | None = None, committee_told_at: datetime | None = None,
           insurer_told_at: datetime | None = None, actor: Actor, now: datetime) -> Case:
    """Open a case for an event (the words of `vocabulary.md`): one claim for each plan that answers.

    What each cover answered, and why, is kept on the case (`answers`). InputError: unknown key or person, no cover that
    answers, facts that every cover still waits for, a date in the future, late without `late_reason`.
    Conflict: the same event is already being handled. A member reports for herself or a known relative only.
    """
    actor.require(*_MAY_REPORT, what="报案")
    rules.check_channel(channel)
    words = enrolment.read_event(event)
    person = _person(session, id_number, person_id, actor)
    told = _told(actor, channel, reported_on, committee_told_at, insurer_told_at, now)
    day = enrolment.event_day(words)
    rules.check_days(told, day, business_day(now))
    # Two reports of one event at the same moment queue here, and the second sees the first.
    session.execute(sa.select(col(Person.id)).where(col(Person.id) == person.id).with_for_update())
    plain = rules.plain_event(words)
    covers = enrolment.started(enrolment.covers_of(session, person.id))
    answers = enrolment.match(person, covers, plain)
    rules.require_opening(answers)
    opening = [cover for cover, answer in zip(covers, answers, strict=True) if answer.opens]
    counted = [_count(cover, plain, day) for cover in _new_covers(session, opening, plain, day)]
    case = _case(session, person, words, day, told, hospital, channel, counted, late_reason, actor, now)
    case.answers = [answer.to_dict() for answer in answers]
    claims = _claims(session, case, plain, counted, now)
    create(session, "claim", claims, actor=actor, now=now,
           details={claim.id: {"case_no": case.case_no, "plan": claim.plan, "late": case.late} for claim in claims})
    session.add_all(_report_clocks(case, claims, counted, told, day))
    card = enrolment.current_cards(session, [person.id]).get(person.id)
    session.add_all([Payee(org_key=claim.org_key, claim_id=claim.id, person_id=person.id,
                           bank_card_id=card.id if card else None, added_at=now) for claim in claims])
    session.flush()
    return case


def preview(session: Session, *, id_number: str | None = None, person_id: uuid.UUID | None = None,
            event: Mapping[str, object], actor: Actor) -> list[Answer]:
    """What a report of this event would be answered, cover by cover; nothing is kept. Errors as of a report."""
    actor.require(*_MAY_REPORT, what="报案")
    plain = rules.plain_event(enrolment.read_event(event))
    person = _person(session, id_number, person_id, actor)
    return enrolment.match(person, enrolment.started(enrolment.covers_of(session, person.id)), plain)


def _person(session: Session, id_number: str | None, person_id: uuid.UUID | None, actor: Actor) -> Person:
    if id_number is None and person_id is None and acts_for_self(actor):
        person_id = actor.person_id
    try:
        person = enrolment.require_person(session, id_number=id_number, person_id=person_id)
    except InputError:
        if acts_for_self(actor):
            raise _not_own() from None     # a member cannot find out who is on record
        raise
    if acts_for_self(actor) and not enrolment.may_act_for(session, actor, person.id):
        raise _not_own()
    return person


def _not_own() -> NotPermitted:
    return NotPermitted("not_own", "会员只能为本人或已登记的亲属报案", remedy="请由单位工会代为报案")


def _told(actor: Actor, channel: str, reported_on: date | None, committee_at: datetime | None,
          insurer_at: datetime | None, now: datetime) -> Told:
    today = business_day(now)
    day = reported_on or today
    if acts_for_self(actor) and (day != today or committee_at or insurer_at):
        raise InputError("report_backdated", "会员报案以提交当日为准", remedy="之前已口头报案的，由单位经办补录", field="reported_on")
    at = now if day == today else at_hour(day)
    if channel == "insurer":
        return Told(day, committee_at, insurer_at or at)
    return Told(day, committee_at or at, insurer_at)


def _new_covers(session: Session, covers: Sequence[Cover], plain: Mapping[str, object], day: date) -> list[Cover]:
    """Of the covers that answer, those on which this very event is not being handled yet."""
    open_ones = session.exec(select(Claim.cover_id, Claim.claim_no, Claim.event).join(Case, col(Case.id) == Claim.case_id).where(
        col(Claim.cover_id).in_([cover.id for cover in covers]), Claim.state != ClaimState.CANCELLED,
        Case.event_kind == plain["kind"], Case.diagnosed_on == day)).all()
    handled = {cover: claim_no for cover, claim_no, event in open_ones if rules.same_event(event, plain)}
    new = [cover for cover in covers if cover.id not in handled]
    if not new:
        raise Conflict("duplicate_report", f"同一事件已受理：{'、'.join(sorted(handled.values()))}", remedy="在原案件中补充材料")
    return new


def _count(cover: Cover, plain: Mapping[str, object], day: date) -> _Counted:
    words = enrolment.computation_of(cover, plain)
    book = registry.resolve(cover.plan, dated(registry.latest(cover.plan), words))
    rule = book.clocks.get("report")
    return _Counted(cover, book, rule, count(rule, day) if rule else None)


def _case(session: Session, person: Person, words: Computation, day: date, told: Told, hospital: str | None, channel: str,
          counted: Sequence[_Counted], late_reason: str | None, actor: Actor, now: datetime) -> Case:
    first = counted[0].cover
    office = numbers.office_of(session, first.org_key)
    counts = [item.count for item in counted if item.count]
    nearest = rules.earliest(counts) if counts else None
    late = rules.is_late(told, nearest, late_reason) if nearest else False
    case = Case(org_key=first.org_key, case_no=numbers.spoken_numbers(session, office, "BA", business_day(now).year, 1)[0],
                person_id=person.id, org_id=first.org_id, event_kind=words.event.kind, diagnosed_on=day, hospital=hospital,
                reported_on=told.first, reported_at=now, reported_by=actor.account_id, reporter_name=actor.name,
                channel=channel, committee_told_at=told.committee_at, insurer_told_at=told.insurer_at,
                last_timely_day=nearest.due if nearest else date.max, count_words=nearest.words if nearest else "本计划不设报案期限",
                late=late, late_reason=late_reason if late else None)
    session.add(case)
    session.flush()
    return case


def _claims(session: Session, case: Case, plain: dict[str, object], counted: Sequence[_Counted],
            now: datetime) -> list[Claim]:
    year = business_day(now).year
    claims = []
    for item in counted:
        cover, book = item.cover, item.book
        office = numbers.office_of(session, cover.org_key)
        claims.append(Claim(
            id=uuidv7(), org_key=cover.org_key, state=ClaimState.REPORTED,
            claim_no=numbers.spoken_numbers(session, office, "", year, 1)[0], code=public_code(), case_id=case.id,
            person_id=cover.person_id, cover_id=cover.id, plan=cover.plan, plan_from=book.from_, route=book.route,
            event=plain, digest=rules.facts_digest(plain, []), required=rules.required_kinds(book, plain),
            banks=list(book.banks.allow), created_at=now, updated_at=now))
    return claims


def _report_clocks(case: Case, claims: Sequence[Claim], counted: Sequence[_Counted], told: Told, day: date) -> list[SlaClock]:
    """The report's own promise, kept or missed: it stops the moment it is known."""
    return [SlaClock(org_key=claim.org_key, claim_id=claim.id, round=claim.round, kind="report", budget=item.rule.days,
                     day_kind=item.rule.kind, clause=item.rule.clause, origin=item.rule.origin, start_on=day,
                     due_on=item.count.due, provisional=item.count.provisional, words=item.count.words,
                     calendar=item.count.version, state="stopped", stopped_on=told.first,
                     kept=told.first <= item.count.due)
            for claim, item in zip(claims, counted, strict=True) if item.rule and item.count]
