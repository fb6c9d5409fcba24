"""Office hours and who sits at which desk."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from services.workdays.calendar import DAY, calendar

CHINA = timezone(timedelta(hours=8))
_OPENS, _CLOSES = time(9), time(17, 30)
_HOURS = 8 * 3600
SECOND = timedelta(seconds=1)


class Who(NamedTuple):
    """Who did something; nobody for a program."""

    account: uuid.UUID | None
    person: uuid.UUID | None
    name: str = "系统"


SYSTEM = Who(None, None)


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of one district and its office; clerks by unit. Roles never share a person."""

    clerks: tuple[Who, ...]
    by_role: Mapping[str, tuple[Who, ...]]

    def one(self, role: str, chance: random.Random) -> Who:
        """Anybody of the role."""
        people = self.by_role[role]
        return people[chance.randrange(len(people))]


@lru_cache(maxsize=4096)
def is_workday(day: date) -> bool:
    """Whether the offices are open on that day."""
    return calendar().is_workday(day)


@lru_cache(maxsize=4096)
def workday_after(day: date) -> date:
    """The next working day after `day`."""
    return calendar().first_workday_from(day + DAY)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant of a day."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA)


def in_hours(instant: datetime, chance: random.Random) -> datetime:
    """The instant itself within office hours, else some time of the next day the office is open."""
    day = instant.date()
    if is_workday(day) and _OPENS <= instant.time() <= _CLOSES:
        return instant
    opens = day if instant.time() < _OPENS and is_workday(day) else workday_after(day)
    return at(opens, _OPENS.hour) + SECOND * int(chance.random() * _HOURS)
