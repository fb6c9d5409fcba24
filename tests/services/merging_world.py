"""A person with two records, made one and two again by the office's head, for the tests of mergers."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime

from services.access.actor import Actor
from services.core.db import Scope
from services.enrolment import queries, service
from services.models import PersonMerge
from services.simulate.synthetic import REGIONS, Synthetic, synthetic_person
from tests.support.world import XJ_PLAN, World, enrol_members

CN = Scope("cn")


def mistyped(world: World, n: int, serial: int) -> Synthetic:
    """The member once more under a mistyped number, with a card of her own there."""
    member = world.member(n, "xj").synthetic
    return replace(synthetic_person(serial, region=REGIONS["xinjiang"], bank="ICBC"), name=member.name)


def enrol(world: World, who: Synthetic, effective: date, now: datetime, plan: str = XJ_PLAN, office: str = "xj") -> uuid.UUID:
    """A cover of the office's first unit; gives the person."""
    with world.db.unit_of_work(CN) as session:
        enrol_members(session, world, office, plan, [who], effective, now)
        found = queries.person_by_number(session, who.id_number)
        assert found is not None
        return found.id


def merge(world: World, kept: uuid.UUID, dropped: uuid.UUID, now: datetime, actor: Actor | None = None) -> PersonMerge:
    """By the office's head, unless somebody else is named."""
    who = actor or world.actor("xj.head")
    with world.db.unit_of_work(who.scope) as session:
        return service.merge_people(session, kept_id=kept, dropped_id=dropped, why="同一人两条记录", actor=who, now=now)


def split(world: World, made: PersonMerge, now: datetime) -> None:
    """The way back."""
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        service.split_people(session, merge_id=made.id, why="查明为两人", actor=head, now=now)
