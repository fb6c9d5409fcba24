"""Which band of covered days a date falls in; the effective day is day 1 (readings A-10, A-11)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from services.rulebook.schema import RuleBook

COVERED, WAITING, BEFORE = "covered", "waiting", "before_cover"


class Band(NamedTuple):
    """`band` is the plan's own name, or `waiting` / `covered` / `before_cover`; `day` counts from 1.

    `borderline`: on this day the other reading (effective day not counted) gives another band, so the favourable
    reading is paid and a senior reviewer looks at it.
    """

    band: str
    day: int
    borderline: bool


def band(book: RuleBook, effective: date, event_on: date, renewal: bool = False) -> Band:
    """The band of `event_on` under a cover that starts at 00:00 of `effective`."""
    day = (event_on - effective).days + 1
    if day < 1:
        return Band(BEFORE, day, False)
    if book.bands is not None:
        if renewal and book.bands.renewal:
            return Band(book.bands.renewal, day, False)
        return Band(*_named(book, day))
    if book.waiting is not None and not (renewal and book.waiting.unless == "cover.renewal"):
        if book.waiting.days.holds(day):
            return Band(WAITING, day, False)
        return Band(COVERED, day, day - 1 == book.waiting.days.high)
    return Band(COVERED, day, False)


def _named(book: RuleBook, day: int) -> tuple[str, int, bool]:
    assert book.bands is not None
    for name, span in book.bands.ranges.items():
        if span.holds(day):
            return name, day, span.low is not None and span.low > 1 and day == span.low
    return COVERED, day, False
