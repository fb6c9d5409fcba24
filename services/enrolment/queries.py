"""Reads: a person by number, the covers that answer an event, numbers masked and (recorded by the door) in full."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import object_session
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.crypto import key_ring
from services.core.errors import InputError
from services.core.identity import check_identity, eighteen
from services.engine.event import dated
from services.engine.event import event_day as day_of
from services.engine.matching import match as matching
from services.engine.matching.match import Answer
from services.enrolment import categories, people, person_history
from services.enrolment.kin import PROXY
from services.models import BankCard, Cover, FamilyTie, Organisation, Person
from services.rulebook import registry
from services.rulebook.vocabulary import Computation, parse


def person_by_number(session: Session, id_number: str) -> Person | None:
    """The person with this identity number (of 18 places or 15); None when nobody has it."""
    number = eighteen(id_number) or check_identity(id_number).number
    return people.known(session, [number]).get(number)


def number_of(person: Person) -> str:
    """The identity number in full: whoever shows it to somebody records that (`audit.looked`)."""
    return key_ring().open(bytes(person.id_number_sealed), field=people.ID_NUMBER)


def masked_number(person: Person) -> str:
    """`640***********0027`: first three and last four places."""
    number = number_of(person)
    return f"{number[:3]}{'*' * 11}{number[-4:]}"


def phone_of(person: Person) -> str | None:
    """The telephone number in full."""
    return key_ring().open(bytes(person.phone_sealed), field=people.PHONE) if person.phone_sealed else None


def card_number(card: BankCard) -> str:
    """The account number in full, for bank files and dossiers."""
    return key_ring().open(bytes(card.number_sealed), field=people.CARD)


def masked_card(card: BankCard) -> str:
    """`**** **** 1234`."""
    return f"**** **** {card.last4}"


def current_cards(session: Session, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, BankCard]:
    """Each person's current card."""
    return people.current_cards(session, person_ids)


def is_kin(session: Session, person_id: uuid.UUID | None, relative_id: uuid.UUID) -> bool:
    """Whether the two are one person, known relatives, or one ever acted for the other: for separation of persons."""
    if person_id is None:
        return False
    return person_id == relative_id or session.get(FamilyTie, (person_id, relative_id)) is not None


def on_side_of(session: Session, actor: Actor, person_id: uuid.UUID) -> bool:
    """Whether the actor, or a colleague the actor stands in for, is this person or kin: for separation of persons."""
    return any(is_kin(session, person, person_id) for person in actor.persons)


def may_act_for(session: Session, actor: Actor, person_id: uuid.UUID) -> bool:
    """Whether a member may act for a person: herself, a known relative, or somebody whose proxy she is today."""
    if actor.person_id is None:
        return False
    if actor.person_id == person_id or person_id in actor.acts_for:
        return True
    tie = session.get(FamilyTie, (actor.person_id, person_id))
    return tie is not None and tie.relation != PROXY


def organisations_under(session: Session, org_key: str) -> list[Organisation]:
    """The tree at and under a key, in order of keys."""
    return list(session.exec(select(Organisation).where(
        col(Organisation.org_key) >= org_key, col(Organisation.org_key) < f"{org_key.rstrip('.')}/")
        .order_by(col(Organisation.org_key))).all())


def covers_of(session: Session, person_id: uuid.UUID, plan: str | None = None) -> list[Cover]:
    """A person's covers in the caller's scope, oldest first."""
    query = select(Cover).where(Cover.person_id == person_id).order_by(col(Cover.effective))
    return list(session.exec(query.where(Cover.plan == plan) if plan else query).all())


def computation_of(cover: Cover, event: Mapping[str, object]) -> Computation:
    """The words of a computation for this cover and event, without person and payments; InputError names the key."""
    return parse({"plan": cover.plan, "event": dict(event), "cover": _cover_words(cover)})


def read_event(event: Mapping[str, object]) -> Computation:
    """Check an event's words before any plan is known; InputError names the key (`event.icd10`)."""
    day = "2000-01-01"
    return parse({"plan": "any", "cover": {"effective": day, "until": day}, "event": dict(event)})


def answers(cover: Cover, event: Mapping[str, object]) -> bool:
    """Whether the cover was in force on the day its plan names, or in the year, and its rule-book answers this kind of event."""
    book = registry.latest(cover.plan)
    if event.get("kind") not in book.kinds:
        return False
    words = computation_of(cover, event)
    last = cover.ended_on or cover.until
    if "event.year" in book.dated_by and words.event.year:
        return cover.effective <= last and cover.effective.year <= words.event.year <= last.year
    return cover.effective <= dated(book, words) <= last


def event_day(words: Computation) -> date:
    """The day of the event itself: what the report's days count from. InputError names the missing fact."""
    return day_of(words.event)


def match(person: Person, covers: Sequence[Cover], event: Mapping[str, object]) -> list[Answer]:
    """What each of the person's covers answers to the event; the covers are prerequisites of one another.

    A cover that was ended before it began counts for nothing: hand in `started` ones only.
    """
    return matching.match(held(person, covers, event))


def held(person: Person, covers: Sequence[Cover], event: Mapping[str, object]) -> list[Computation]:
    """What the matching reads: each cover's words, and the person as she was on the event's day (her category then)."""
    session = object_session(person)
    day = event_day(read_event(event))
    category = categories.categories_on(session, [person.id], day)[person.id] if isinstance(session, Session) else person.category
    return [_held(person, category, cover, event) for cover in covers]


def started(covers: Sequence[Cover]) -> list[Cover]:
    """Without those that were taken back before their first day."""
    return [cover for cover in covers if cover.ended_on is None or cover.ended_on >= cover.effective]


def _held(person: Person, category: str, cover: Cover, event: Mapping[str, object]) -> Computation:
    return parse({"plan": cover.plan, "event": dict(event),
                  "person": {"category": category, "born": person.born.isoformat(), "sex": person.sex,
                             "relation": cover.relation, "high_risk_work": cover.high_risk_work},
                  "cover": _cover_words(cover) | {"until": min(cover.until, cover.ended_on or cover.until).isoformat()}})


def _cover_words(cover: Cover) -> dict[str, object]:
    words: dict[str, object] = {"effective": cover.effective.isoformat(), "until": cover.until.isoformat(),
                                "renewal": cover.renewal, "shares": cover.shares}
    return words | ({"tier": cover.tier} if cover.tier else {})


def people_by_id(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Person]:
    """People by id."""
    return {person.id: person for person in session.exec(select(Person).where(col(Person.id).in_(list(ids)))).all()}


def require_person(session: Session, *, id_number: str | None, person_id: uuid.UUID | None) -> Person:
    """A person named by number or id. InputError when neither is given or nobody is found."""
    if id_number is None and person_id is None:
        raise InputError("person_missing", "须写明身份证号或人员编号", remedy="补上身份证号", field="id_number")
    person = person_by_number(session, id_number) if id_number else person_history.resolved(session, person_id) if person_id else None
    if person is None:
        raise InputError("person_unknown", "名册中没有此人", remedy="核对身份证号；未参保的不能报案", field="id_number")
    return person
