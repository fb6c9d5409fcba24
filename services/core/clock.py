"""Time: real in production; in demo and training the business clock can be moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Gives the instant that a door or a flow passes into the verbs it calls."""

    def now(self) -> datetime:
        """An aware instant."""


class RealClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The machine's time, aware."""
        return datetime.now(UTC)


class FixedClock:
    """One instant, moved by hand: for tests."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """The instant that was set."""
        return self.instant

    def advance(self, step: timedelta) -> None:
        """Move on by `step`."""
        self.instant += step


def business_day(instant: datetime) -> date:
    """The date in China at that instant: what people and clocks count by."""
    return instant.astimezone(CHINA).date()


def at_hour(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """An instant on a day in China."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA)
