"""What a report needs to know before it is written: for whom, by which wordings, and what drafts are about."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import InputError
from services.enrolment import queries as enrolment
from services.intake import drafts
from services.intake.planning import covers_by_person, person_of
from services.models import Cover, Person
from services.rulebook import registry
from services.rulebook.facts import KINDS
from services.rulebook.schema import RuleBook


@dataclass(frozen=True, slots=True)
class About:
    """The person of a report and the wordings that her covers fall under."""

    person: Person
    books: tuple[RuleBook, ...]

    @property
    def kinds(self) -> list[str]:
        """The kinds of event that some cover answers, in the table's order."""
        return [kind for kind in KINDS if any(kind in book.kinds for book in self.books)]

    def of_kind(self, kind: str) -> tuple[RuleBook, ...]:
        """The wordings that answer a kind."""
        return tuple(book for book in self.books if kind in book.kinds)


def named(session: Session, actor: Actor, *, id_number: str | None = None, person_id: uuid.UUID | None = None, today: date) -> About:
    """Whom a report is for. InputError: nobody of that number with a cover in the actor's sight; NotPermitted: not a member's own."""
    person = person_of(session, id_number, person_id, actor)
    books = _books(covers_by_person(session, [person.id])[person.id], today)
    if not books:
        raise InputError("person_unknown", "名册中没有此人的保障", remedy="核对身份证号；未参保的不能报案", field="id_number")
    return About(person, books)


def _books(covers: Sequence[Cover], today: date) -> tuple[RuleBook, ...]:
    """The wordings of the covers' first day and of today (or their last): which one applies hangs on a day not yet known."""
    found: dict[tuple[str, str], RuleBook] = {}
    for cover in covers:
        for day in (cover.effective, min(cover.until, max(today, cover.effective))):
            try:
                book = registry.resolve(cover.plan, day)
            except InputError:          # no wording on that day: the cover's other day, or none, tells
                continue
            found[book.plan, book.version] = book
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft in the list: about whom, which kind of event, when saved."""

    id: uuid.UUID
    name: str
    kind: str
    saved_at: datetime


def draft_lines(session: Session, actor: Actor) -> list[DraftLine]:
    """The actor's drafts, newest first."""
    found = drafts.drafts_of(session, actor=actor)
    people = enrolment.people_by_id(session, [one for draft in found if (one := person_id(draft.words))])
    return [DraftLine(draft.id, people[one].name if (one := person_id(draft.words)) in people else "",
                      str(event_of(draft.words).get("kind", "")), draft.saved_at) for draft in found]


def person_id(words: Mapping[str, object]) -> uuid.UUID | None:
    """The person that a draft names."""
    try:
        return uuid.UUID(str(words["person_id"])) if words.get("person_id") else None
    except ValueError:
        return None


def event_of(words: Mapping[str, object]) -> dict[str, object]:
    """The event of a draft, empty when it is not begun."""
    event = words.get("event")
    return dict(event) if isinstance(event, dict) else {}
