"""A report opens one case and a claim for each cover that answers; many reports are opened in one stroke."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.crypto import key_ring
from services.core.errors import HuzhuError
from services.core.ids import public_code, uuidv7
from services.engine.matching.match import Answer
from services.enrolment import numbers
from services.enrolment import queries as enrolment
from services.intake import rules
from services.intake.addressees import earlier, first_notices
from services.intake.duplicates import PossibleDuplicate, like_event
from services.intake.planning import Counted, Planned, count_of, covers_by_person, person_of, plan
from services.intake.queries import acts_for_self, claims_by_case
from services.intake.reports import NewReport, PhoneCall, each, heard
from services.lifecycle.create import create
from services.models import Case, Claim, DuplicateVerdict, Organisation, Payee, ReportNote
from services.sla.calendars import calendar_for
from services.sla.service import REPORT, NewClock, Stopped, start, stop
from services.workdays.count import Count
from statemachines.states import ClaimState

_MAY_REPORT = (Role.MEMBER, Role.UNIT_CLERK, Role.INSURER, Role.SYSTEM)
_MAY_ANSWER_CALLS = (*_MAY_REPORT, *sorted(OFFICE))
CALLER_PHONE, SAID = "report_note.caller_phone", "report_note.said"


def report(session: Session, *, id_number: str | None = None, person_id: uuid.UUID | None = None,
           event: Mapping[str, object], hospital: str | None = None, channel: str, reported_on: date | None = None,
           late_reason: str | None = None, committee_told_at: datetime | None = None,
           insurer_told_at: datetime | None = None, call: PhoneCall | None = None, join: str | None = None,
           apart: str | None = None, actor: Actor, now: datetime) -> Case:
    """Open a case for an event (the words of `vocabulary.md`): one claim for each plan that answers.

    What each cover answered, and why, is kept on the case (`answers`). `join`: the report is put to an existing case,
    which it may make earlier, and opens only what that case has not. InputError: unknown key or person, no cover that
    answers, facts that every cover still waits for, a date in the future, late without `late_reason`, a telephone
    report without its note. Conflict: the same event is already being handled and neither `join` nor `apart` says what
    this one is. A member reports for herself, a known relative, or whom she is proxy for.
    """
    new = NewReport(id_number=id_number, person_id=person_id, event=event, hospital=hospital, channel=channel,
                    reported_on=reported_on, late_reason=late_reason, committee_told_at=committee_told_at,
                    insurer_told_at=insurer_told_at, call=call, join=join, apart=apart)
    [made] = report_all(session, reports=[new], actor=actor, now=now)
    if isinstance(made, HuzhuError):
        raise made
    assert made is not None
    return made


def report_all(session: Session, *, reports: Sequence[NewReport | HuzhuError], keep_good: bool = True, actor: Actor,
               now: datetime) -> list[Case | HuzhuError | None]:
    """Each report's case, in order, or why it was refused (by the caller, or here). Unless `keep_good`, one refusal keeps
    all from being opened (None for those that were good).
    """
    channels = {new.channel for new in reports if isinstance(new, NewReport)}
    own, may = acts_for_self(actor), set(_MAY_ANSWER_CALLS if channels <= {"phone"} else _MAY_REPORT)
    actor.require(*sorted(may if own else may - {Role.MEMBER}), what="报案")      # whose report it is, is asked only of a mere member
    if "insurer" in channels and not own:       # else the insurer would count as told, and nobody would tell it
        actor.require(Role.INSURER, Role.SYSTEM, what="以保险公司名义报案")
    said = each(reports, lambda new: heard(new, own=own, now=now))
    planned = plan(session, said, actor=actor)
    good = [item for item in planned if not isinstance(item, HuzhuError)]
    if len(good) < len(planned) and not keep_good:
        return [item if isinstance(item, HuzhuError) else None for item in planned]
    cases = iter(_open(session, good, actor, now))
    return [item if isinstance(item, HuzhuError) else next(cases) for item in planned]


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a report would be answered, cover by cover, and which cases it looks like.

    `nearest`: the count of the report's days, shortest first; None when no cover opens or none sets days. `late`: whether a
    report of today would be late, so that its reason is asked.
    """

    answers: list[Answer]
    like: list[PossibleDuplicate]
    nearest: Count | None
    late: bool


def preview(session: Session, *, id_number: str | None = None, person_id: uuid.UUID | None = None,
            event: Mapping[str, object], hospital: str | None = None, actor: Actor, now: datetime) -> Previewed:
    """What a report of this event would be answered today; nothing is kept. Errors as of a report."""
    actor.require(*_MAY_ANSWER_CALLS, what="报案")
    words = enrolment.read_event(event)
    plain, day = rules.plain_event(words), enrolment.event_day(words)
    person = person_of(session, id_number, person_id, actor)
    covers = covers_by_person(session, [person.id])[person.id]
    answers = enrolment.match(person, covers, plain)
    counts = [found.count for cover, answer in zip(covers, answers, strict=True)
              if answer.opens and (found := count_of(cover, plain, day, calendar_for(session, cover.org_key))).count]
    nearest = rules.earliest([one for one in counts if one]) if counts else None
    return Previewed(answers, like_event(session, person_id=person.id, plain=plain, day=day, hospital=hospital),
                     nearest, nearest is not None and business_day(now) > nearest.due)


def _open(session: Session, planned: Sequence[Planned], actor: Actor, now: datetime) -> list[Case]:
    """Write everything: one statement a table, however many reports."""
    if not planned:
        return []
    offices = _offices(session, planned)
    cases = _cases(session, planned, offices, actor, now)
    made = _claims(session, planned, cases, offices, now)
    claims = [claim for group in made for claim, _ in group]
    of_case = {case.id: case for case in cases}
    create(session, "claim", claims, actor=actor, now=now, details={
        claim.id: {"case_no": of_case[claim.case_id].case_no, "plan": claim.plan, "late": of_case[claim.case_id].late}
        for claim in claims})
    _clocks(session, planned, cases, made, now)
    cards = enrolment.current_cards(session, [item.person.id for item in planned])
    session.add_all([Payee(org_key=claim.org_key, claim_id=claim.id, person_id=claim.person_id,
                           bank_card_id=cards[claim.person_id].id if claim.person_id in cards else None, added_at=now)
                     for claim in claims])
    session.add_all(_notes(planned, cases, actor, now))
    session.add_all([DuplicateVerdict(org_key=case.org_key, case_id=case.id, other_id=other, verdict="apart",
                                      reason=item.heard.new.apart or "", asked_by=actor.account_id, asked_person=actor.person_id,
                                      asked_at=now, confirmed_by=actor.account_id, confirmed_person=actor.person_id, confirmed_at=now)
                     for item, case in zip(planned, cases, strict=True) for other in item.apart_from])
    session.flush()
    _join(session, planned, cases, actor, now)
    return cases


def _offices(session: Session, planned: Sequence[Planned]) -> dict[str, Organisation]:
    """The office of each unit concerned; a file of reports has few units."""
    keys = {counted.cover.org_key for item in planned for counted in item.counted}
    return {key: numbers.office_of(session, key) for key in sorted(keys)}


def _drawn(session: Session, offices: Sequence[Organisation], prefix: str, now: datetime) -> list[str]:
    """A number each, drawn once an office."""
    wanted: dict[uuid.UUID, list[int]] = defaultdict(list)
    for place, office in enumerate(offices):
        wanted[office.id].append(place)
    found = [""] * len(offices)
    for places in wanted.values():
        drawn = numbers.spoken_numbers(session, offices[places[0]], prefix, business_day(now).year, len(places))
        for place, number in zip(places, drawn, strict=True):
            found[place] = number
    return found


def _cases(session: Session, planned: Sequence[Planned], offices: Mapping[str, Organisation], actor: Actor,
           now: datetime) -> list[Case]:
    new = [item for item in planned if item.target is None]
    case_nos = iter(_drawn(session, [offices[item.counted[0].cover.org_key] for item in new], "BA", now))
    cases = [item.target or _case(item, next(case_nos), actor, now) for item in planned]
    session.add_all(cases)
    session.flush()
    return cases


def _case(item: Planned, case_no: str, actor: Actor, now: datetime) -> Case:
    first, new, told, nearest = item.counted[0].cover, item.heard.new, item.heard.told, item.nearest
    return Case(id=uuidv7(), org_key=first.org_key, case_no=case_no, person_id=item.person.id, org_id=first.org_id,
                event_kind=item.heard.words.event.kind, diagnosed_on=item.heard.day, hospital=new.hospital, reported_on=told.first,
                reported_at=now, reported_by=actor.account_id, reporter_name=new.call.caller if new.call else actor.name,
                channel=new.channel, committee_told_at=told.committee_at, insurer_told_at=told.insurer_at,
                last_timely_day=nearest.due if nearest else date.max,
                count_words=nearest.words if nearest else "本计划不设报案期限", late=item.late,
                late_reason=new.late_reason if item.late else None, answers=[answer.to_dict() for answer in item.answers])


def _claims(session: Session, planned: Sequence[Planned], cases: Sequence[Case], offices: Mapping[str, Organisation],
            now: datetime) -> list[list[tuple[Claim, Counted]]]:
    claim_nos = iter(_drawn(session, [offices[counted.cover.org_key] for item in planned for counted in item.counted], "", now))
    return [[(_claim(case, item, counted, next(claim_nos), now), counted) for counted in item.counted]
            for item, case in zip(planned, cases, strict=True)]


def _claim(case: Case, item: Planned, counted: Counted, claim_no: str, now: datetime) -> Claim:
    cover, book, plain = counted.cover, counted.book, item.heard.plain
    return Claim(id=uuidv7(), org_key=cover.org_key, state=ClaimState.REPORTED, claim_no=claim_no, code=public_code(),
                 case_id=case.id, person_id=cover.person_id, cover_id=cover.id, plan=cover.plan, plan_from=book.from_,
                 route=book.route, event=plain, digest=rules.facts_digest(plain, []),
                 required=rules.required_kinds(book, plain), banks=list(book.banks.allow), created_at=now, updated_at=now)


def _clocks(session: Session, planned: Sequence[Planned], cases: Sequence[Case],
            made: Sequence[Sequence[tuple[Claim, Counted]]], now: datetime) -> None:
    """The report's own promise, kept or missed (it stops the moment it is known), and who is to be told today."""
    started: list[NewClock] = []
    stopped: list[Stopped] = []
    for item, case, group in zip(planned, cases, made, strict=True):
        first = min(case.reported_on, item.heard.told.first)
        started += [NewClock(claim.id, claim.org_key, claim.round, REPORT, "", counted.rule, counted.start_on)
                    for claim, counted in group if counted.rule]
        stopped += [Stopped(claim.id, REPORT, first) for claim, counted in group if counted.rule]
        told = rules.Told(first, case.committee_told_at, case.insurer_told_at)
        started += first_notices([claim for claim, _ in group], [counted for _, counted in group], told, now)
    start(session, started)
    stop(session, stopped)


def _notes(planned: Sequence[Planned], cases: Sequence[Case], actor: Actor, now: datetime) -> list[ReportNote]:
    """Telephone notes, and what a report said that joined an existing case."""
    ring = key_ring()
    notes = []
    for item, case in zip(planned, cases, strict=True):
        new, call = item.heard.new, item.heard.new.call
        if call is None and item.target is None:
            continue
        notes.append(ReportNote(
            org_key=case.org_key, case_id=case.id, channel=new.channel, reporter_name=call.caller if call else actor.name,
            relation=call.relation if call else None, line=call.line if call else None,
            number_called=call.number_called if call else None, called_at=call.called_at if call else None,
            caller_phone_sealed=ring.seal(call.caller_phone, field=CALLER_PHONE) if call and call.caller_phone else None,
            said_sealed=ring.seal(call.said, field=SAID) if call else None, event=item.heard.plain, hospital=new.hospital,
            reported_on=item.heard.told.first, taken_by=actor.account_id, taken_person=actor.person_id, at=now))
    return notes


def _join(session: Session, planned: Sequence[Planned], cases: Sequence[Case], actor: Actor, now: datetime) -> None:
    """Reports put to an existing case: its day may become earlier, and its claims' records say so."""
    joined = [(item, case) for item, case in zip(planned, cases, strict=True) if item.target]
    if not joined:
        return
    session.exec(select(Case).where(col(Case.id).in_([case.id for _, case in joined])).order_by(col(Case.id)).with_for_update()
                 .execution_options(populate_existing=True)).all()
    earlier(session, [(case, item.heard.told) for item, case in joined])
    of_case = claims_by_case(session, [case.id for _, case in joined])
    audit.append(session, [Entry(claim.id, claim.org_key, "case", case.id, "report_joined", details={
        "channel": item.heard.new.channel, "reported_on": case.reported_on.isoformat(), "late": case.late})
        for item, case in joined for claim in of_case[case.id]],
        account=actor.account_id, person=actor.person_id, at=now)
