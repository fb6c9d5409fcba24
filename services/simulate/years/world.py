"""What a walk needs to know: the claim to be, its member, its rule-book, and the district it happens in."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

from services.rulebook.parts import ClockRule
from services.rulebook.schema import RuleBook
from services.simulate.years.desk import Staff, Who
from services.simulate.years.history import Row
from services.simulate.years.plans import Cover, Paid, Words
from services.simulate.years.runs import Runs


@dataclass(frozen=True, slots=True)
class Org:
    """An organisation."""

    id: uuid.UUID
    parent: uuid.UUID | None
    key: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a unit; `unit` is its place in the district, `number` the person's in the office."""

    id: uuid.UUID
    number: int
    name: str
    born: date
    sex: str
    card: uuid.UUID
    bank: str
    unit: int


@dataclass(frozen=True, slots=True)
class Held:
    """A member's cover under a wording. `former`: the year's cover before it, where no claim asks for that one."""

    id: uuid.UUID
    book: RuleBook
    terms: Cover
    former: Held | None = None


@dataclass(slots=True)
class Told:
    """A claim to be: what happened, when it was reported, and how its history is to go (`halt`: where it stays)."""

    member: Member
    held: Held
    event: Words
    event_on: date
    reported_at: datetime
    halt: str
    serial: int
    paid: Paid


@dataclass(slots=True)
class Sent:
    """An issued letter that waits for its number: the row and the details of its record."""

    issued_at: datetime
    row: Row
    details: Row


@dataclass(slots=True)
class District:
    """Where histories happen. `place` below the office; letters are numbered when all are written."""

    index: int
    office: Org
    place: Org
    units: tuple[Org, ...]
    staff: Staff
    insurer: Who
    code: str
    series: str
    runs: Runs
    now: datetime
    letters: list[Sent] = field(default_factory=list)

    def duty(self, role: str, unit: int) -> Org:
        """Whose level it is."""
        if role == "unit_clerk":
            return self.units[unit]
        return self.place if role == "district_reviewer" else self.office

    def somebody(self, role: str, unit: int, chance: random.Random) -> Who:
        """Who acts at that level."""
        return self.staff.clerks[unit] if role == "unit_clerk" else self.staff.one(role, chance)


@cache
def level_rule(days: int) -> ClockRule:
    """A review level's own budget."""
    return ClockRule(days=days, kind="working", clause="审核时限（办事处内部预算）", origin="ours", start="opened")
