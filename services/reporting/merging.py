"""Two records of one person side by side, before they become one; and the mergers that can be undone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, func, select

from services.access.actor import Actor
from services.core.errors import InputError
from services.enrolment import person_history, queries
from services.models import Claim, Cover, Person, PersonMerge
from services.reporting import people


@dataclass(frozen=True, slots=True)
class Side:
    """One record: what tells it from the other, the number masked, and how much hangs on it in sight."""

    id: uuid.UUID
    name: str
    id_number: str
    born: date | None
    died_on: date | None
    version: int
    covers: int
    claims: int


@dataclass(frozen=True, slots=True)
class Past:
    """A merger in force: the record given up, and why."""

    row: PersonMerge
    name: str
    id_number: str


def side(session: Session, actor: Actor, found: Person) -> Side:
    """One record as it stands, as the actor may see it."""
    view = people.view_for(actor, found)
    counts = [session.exec(select(func.count()).select_from(table).where(table.person_id == found.id)).one() for table in (Cover, Claim)]
    return Side(found.id, found.name, view.id_number, view.born, found.died_on, found.version, *counts)


def other(session: Session, actor: Actor, kept: Person, number: str) -> Person:
    """The record under another identity number. InputError: none in sight, or the same record."""
    found = queries.person_by_number(session, number)
    if found is None or not people.in_region(session, actor, found.id):
        raise InputError("person_missing", "没有此人，或不在您的管辖范围内", remedy="核对身份证号", field="id_number")
    if found.id == kept.id:
        raise InputError("merge_self", "就是这一条记录", remedy="填写另一条记录的身份证号", field="id_number")
    return found


def past(session: Session, actor: Actor, person_id: uuid.UUID) -> list[Past]:
    """Mergers into this record that were not undone, oldest first."""
    rows = [row for row in person_history.mergers_of(session, person_id) if row.undone_at is None and row.kept_id == person_id]
    dropped = queries.people_by_id(session, [row.dropped_id for row in rows])
    return [Past(row, dropped[row.dropped_id].name, people.view_for(actor, dropped[row.dropped_id]).id_number) for row in rows]
