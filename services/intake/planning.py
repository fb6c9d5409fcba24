"""From reports heard to what would be opened: covers found, matched, held against what is already handled. Set-based reads."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted
from services.core.identity import check_identity, eighteen
from services.engine.event import dated, report_day
from services.engine.matching.match import Answer
from services.enrolment import people
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.queries import acts_for_self, may_act_for
from services.intake.reports import Heard, backdated, each
from services.models import Case, Claim, Cover, Person
from services.rulebook import registry
from services.rulebook.parts import ClockRule
from services.rulebook.schema import RuleBook
from services.sla.calendars import calendar_for
from services.sla.service import count
from services.workdays.calendar import Calendar
from services.workdays.count import Count
from statemachines.states import ClaimState

YEAR = "medical_year"       # reckoned as a whole: one claim of a plan, whatever covers lie in it


@dataclass(frozen=True, slots=True)
class Counted:
    """A cover that answers, its rule-book and the count of its report's days from `start_on`."""

    cover: Cover
    book: RuleBook
    rule: ClockRule | None
    start_on: date
    count: Count | None


@dataclass(frozen=True, slots=True)
class Planned:
    """What one report will open. `target`: the case it joins; `apart_from`: cases it is said not to be."""

    heard: Heard
    person: Person
    answers: list[Answer]
    counted: list[Counted]
    nearest: Count | None
    late: bool
    target: Case | None = None
    apart_from: tuple[uuid.UUID, ...] = ()


@dataclass(slots=True)
class _Handled:
    """An event that a cover's claim is already about."""

    claim_no: str
    case_no: str
    case_id: uuid.UUID | None       # none: opened by an earlier row of the same file
    kind: str
    day: date
    event: Mapping[str, object]


@dataclass(slots=True)
class _Known:
    covers: dict[uuid.UUID, list[Cover]]
    handled: dict[uuid.UUID, list[_Handled]]
    categories: dict[tuple[uuid.UUID, date], str]
    targets: dict[str, Case]
    calendars: dict[str, Calendar]      # by organisation


def plan(session: Session, said: Sequence[Heard | HuzhuError], *, actor: Actor) -> list[Planned | HuzhuError]:
    """What each report would open, in order; a later one sees what an earlier one opens. Nothing is written."""
    numbers = _numbers(session, said)
    named = each(said, lambda one: (one, _person(session, one, numbers, actor)))
    ids = sorted({item[1].id for item in named if not isinstance(item, HuzhuError)})
    # Two reports of one event at the same moment queue here, and the second sees the first.
    session.execute(sa.select(col(Person.id)).where(col(Person.id).in_(ids)).order_by(col(Person.id)).with_for_update())
    known = _known(session, ids, [item for item in named if not isinstance(item, HuzhuError)])
    return each(named, lambda item: _planned(item[0], item[1], known, actor))


def person_of(session: Session, id_number: str | None, person_id: uuid.UUID | None, actor: Actor) -> Person:
    """Whose report it is. A member cannot find out who is on record."""
    if id_number is None and person_id is None and acts_for_self(actor):
        person_id = actor.person_id
    try:
        person = enrolment.require_person(session, id_number=id_number, person_id=person_id)
    except InputError:
        if acts_for_self(actor):
            raise _not_own() from None
        raise
    if acts_for_self(actor) and not may_act_for(session, actor, person.id):
        raise _not_own()
    return person


def _not_own() -> NotPermitted:
    return NotPermitted("not_own", "会员只能为本人、已登记的亲属或被代理人报案", remedy="请由单位工会代为报案")


def _numbers(session: Session, said: Sequence[Heard | HuzhuError]) -> dict[str, Person]:
    """The people named by number, found in one read."""
    wanted = [eighteen(raw) or check_identity(raw).number for one in said
              if not isinstance(one, HuzhuError) and (raw := one.new.id_number)]
    return people.known(session, wanted)


def _person(session: Session, one: Heard, numbers: Mapping[str, Person], actor: Actor) -> Person:
    raw = one.new.id_number
    found = numbers.get(eighteen(raw) or check_identity(raw).number) if raw else None
    if found and not acts_for_self(actor) and found.merged_into is None:
        return found
    return person_of(session, raw, one.new.person_id, actor)


def covers_by_person(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Cover]]:
    """Everybody's covers that ever began, oldest first, always in the same order."""
    found: dict[uuid.UUID, list[Cover]] = {person_id: [] for person_id in ids}
    for cover in session.exec(select(Cover).where(col(Cover.person_id).in_(ids)).order_by(col(Cover.effective), col(Cover.id))):
        found[cover.person_id].append(cover)
    return {person_id: enrolment.started(covers) for person_id, covers in found.items()}


# What `enrolment.match` would ask for one person at a time.
_CATEGORIES = sa.text("""
    SELECT p.id, m.day, person_category_on(p.id, m.day, p.category)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS m(id, day) JOIN person p ON p.id = m.id""")


def _known(session: Session, ids: Sequence[uuid.UUID], named: Sequence[tuple[Heard, Person]]) -> _Known:
    covers = covers_by_person(session, ids)
    handled: dict[uuid.UUID, list[_Handled]] = defaultdict(list)
    rows = session.exec(select(Claim, Case).join(Case, col(Case.id) == Claim.case_id).where(
        col(Claim.person_id).in_(ids), Claim.state != ClaimState.CANCELLED).order_by(col(Claim.id)))
    for claim, case in rows:
        handled[claim.cover_id].append(_Handled(claim.claim_no, case.case_no, case.id, case.event_kind, case.diagnosed_on, claim.event))
    days = sorted({(person.id, one.day) for one, person in named})
    categories = {(row[0], row[1]): str(row[2]) for row in session.execute(
        _CATEGORIES, {"ids": [person_id for person_id, _ in days], "days": [day for _, day in days]})}
    wanted = [one.new.join for one, _ in named if one.new.join]
    targets = session.exec(select(Case).where(col(Case.case_no).in_(wanted))).all() if wanted else []
    calendars = {key: calendar_for(session, key) for key in {cover.org_key for held in covers.values() for cover in held}}
    return _Known(covers, handled, categories, {case.case_no: case for case in targets}, calendars)


def _on_that_day(person: Person, category: str) -> Person:
    """The person as the matching reads her, in no session: her category on the event's day is known already."""
    return Person(**person.model_dump() | {"category": category})


def _planned(one: Heard, person: Person, known: _Known, actor: Actor) -> Planned:
    if one.backdated and person.id == actor.person_id:
        raise backdated()
    covers = known.covers[person.id]
    answers = enrolment.match(_on_that_day(person, known.categories[person.id, one.day]), covers, one.plain)
    rules.require_opening(answers)
    opening = [cover for cover, answer in zip(covers, answers, strict=True) if answer.opens]
    if one.plain["kind"] == YEAR:
        opening = list({cover.plan: cover for cover in opening}.values())       # the latest: covers come oldest first
    target = _target(one, person, known)
    already = {cover.id: group for cover in opening if (group := _already(one, cover, covers, known))}
    new = opening if one.new.apart else [cover for cover in opening if cover.id not in already]
    handled = [found for group in already.values() for found in group]
    if not new and target is None:
        raise _duplicate(handled)
    opened = [count_of(cover, one.plain, one.day, known.calendars[cover.org_key]) for cover in new]
    counts = [item.count for item in opened if item.count]
    nearest = rules.earliest(counts) if counts else None
    late = rules.is_late(one.told, nearest, one.new.late_reason) if nearest and target is None else False
    for cover in new:
        known.handled[cover.id].append(_Handled("同一文件", "前面的行", None, str(one.plain["kind"]), one.day, one.plain))
    apart = {found.case_id for found in handled if found.case_id} if one.new.apart else set()
    return Planned(one, person, answers, opened, nearest, late, target, tuple(sorted(apart)))


def _already(one: Heard, cover: Cover, covers: Sequence[Cover], known: _Known) -> list[_Handled]:
    """The same event on this cover; a year on whichever of the plan's covers it was claimed under."""
    where = [held for held in covers if held.plan == cover.plan] if one.plain["kind"] == YEAR else [cover]
    return [found for held in where for found in known.handled[held.id]
            if (found.kind, found.day) == (one.plain["kind"], one.day) and rules.same_event(found.event, one.plain)]


def _target(one: Heard, person: Person, known: _Known) -> Case | None:
    if one.new.join is None:
        return None
    case = known.targets.get(one.new.join)
    if case is None or case.person_id != person.id:
        raise NotFound("case_missing", f"没有此人的报案 {one.new.join}，或不在您的管辖范围内", remedy="核对报案编号", field="join")
    if case.joined_into:
        raise Conflict("case_joined", f"报案 {case.case_no} 已并入另一报案", remedy="并入现存的报案", field="join")
    rules.check_joinable(one.told, case, field="join")
    return case


def _duplicate(handled: Sequence[_Handled]) -> Conflict:
    """Nothing is dropped silently: the refusal says where it is handled and how to add to it."""
    claims, cases = sorted({one.claim_no for one in handled}), sorted({one.case_no for one in handled})
    return Conflict("duplicate_report", f"同一事件已受理：{'、'.join(claims)}（报案 {'、'.join(cases)}）",
                    remedy=f"并入原报案：join 写 {cases[0]}；确属另一事件的，写明 apart 理由", field="join")


def count_of(cover: Cover, event: Mapping[str, object], day: date, cal: Calendar) -> Counted:
    """The rule-book of the cover for this event (its own day is `day`) and the count of its report's days, by its office's calendar."""
    words = enrolment.computation_of(cover, event)
    book = registry.resolve(cover.plan, dated(registry.latest(cover.plan), words))
    rule = book.clocks.get("report")
    start_on = report_day(book, words.event, day)
    return Counted(cover, book, rule, start_on, count(rule, start_on, cal=cal) if rule else None)
