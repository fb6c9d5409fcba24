"""Numbers of a board. Above the unit they come from the derived tables, for a unit from its own rows, by the same definitions."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from services.reporting.boards.views import (
    WHOLE,
    Cut,
    Kept,
    OpenBy,
    OpenNow,
    Outstanding,
    Page,
    Place,
    Quality,
    TimeBy,
    Turnaround,
    Which,
)


def place(session: Session, cut: Cut) -> Place:
    """Whose board it is. NotFound: no such organisation in sight."""
    raise NotImplementedError


def open_now(session: Session, cut: Cut, *, by: OpenBy, now: datetime) -> OpenNow:
    """Clocks that run or are paused, by kind, plan or the organisations one step down. The cut's month says nothing here."""
    raise NotImplementedError


def turnaround(session: Session, cut: Cut, *, by: TimeBy, stage: str = WHOLE, now: datetime) -> Turnaround:
    """How long stages took that ended in the cut's months. By stage (the whole way first) and by level (of the review): all of
    them; by plan, organisation or insurer: of one `stage`.
    """
    raise NotImplementedError


def kept(session: Session, cut: Cut, *, now: datetime) -> Kept:
    """Promises kept and missed by the month in which their clocks stopped."""
    raise NotImplementedError


def quality(session: Session, cut: Cut, *, now: datetime) -> Quality:
    """How files come in and go out, and what was paid."""
    raise NotImplementedError


def outstanding(session: Session, cut: Cut, *, now: datetime) -> Outstanding:
    """Sums and readings that wait for somebody's word."""
    raise NotImplementedError


def claims(session: Session, cut: Cut, which: Which, *, after: str = "", limit: int = 50, now: datetime) -> Page:
    """The claims behind a number. InputError: a wrong `after`."""
    raise NotImplementedError
