"""On which days something happens to a running clock. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from services.core.errors import ConfigError
from services.sla.policy import Policy
from services.workdays.calendar import DAY, Calendar

Pause = tuple[date, date]
_FINE = 1_000_000       # shares are compared to the millionth, so that 0.7 of 10 days is 7 and not 8


def days_of(policy: Policy, start_on: date, due_on: date, pauses: Sequence[Pause], cal: Calendar) -> list[date]:
    """The day of each step of `policy.steps`, in order.

    A warning comes on the day on which its share of the days that run from start to due is used up; the breach on the day after
    the due day; a rung so many days past the due day.
    """
    return list(_days(policy, start_on, due_on, tuple(pauses), cal))


# A batch starts the same clocks on the same day: made once.
@lru_cache(maxsize=4096)
def _days(policy: Policy, start_on: date, due_on: date, pauses: tuple[Pause, ...], cal: Calendar) -> tuple[date, ...]:
    if not policy.watched:
        return ()
    days = map(date.fromordinal, range(start_on.toordinal() + 1, due_on.toordinal() + 1))
    running = [day for day in days if not any(first < day <= last for first, last in pauses)]
    used = [math.ceil(round(share * _FINE) * len(running) / _FINE) for share in policy.warn]
    warned = [running[count - 1] if count else start_on for count in used]
    return (*warned, due_on + DAY, *(_past(due_on, rung.after, rung.days == "working", cal) for rung in policy.ladder))


def _past(due_on: date, after: int, working: bool, cal: Calendar) -> date:
    day = due_on
    while after:
        day += DAY
        after -= not working or _is_workday(day, cal)
    return day


def _is_workday(day: date, cal: Calendar) -> bool:
    """Beyond the last year that is known, weekends alone are free: a rung is put right when that year's clocks are recounted."""
    try:
        return cal.is_workday(day)
    except ConfigError:
        return day.weekday() < 5
