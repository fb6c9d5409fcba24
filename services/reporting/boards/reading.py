"""A whole board at once: what a page, a workbook and a report ask of the queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from services.access.actor import OFFICE, Actor, Role
from services.core.errors import InputError, NotFound
from services.core.months import known, months_on
from services.reporting.boards import queries, words
from services.reporting.boards.views import (
    WHOLE,
    Cut,
    Kept,
    OpenNow,
    OpenRow,
    Outstanding,
    Place,
    Quality,
    TimeBy,
    TimeRow,
    Turnaround,
)

READERS = OFFICE | {Role.UNIT_CLERK, Role.DISTRICT_REVIEWER, Role.AUDITOR}


@dataclass(frozen=True, slots=True)
class Now:
    """What is open, three ways."""

    place: Place
    kinds: OpenNow
    orgs: OpenNow
    plans: OpenNow


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A row with the same row of the month before and of the same month last year, where there was one."""

    row: TimeRow
    last_month: TimeRow | None
    last_year: TimeRow | None


@dataclass(frozen=True, slots=True)
class Times:
    """Turnaround compared; without a month nothing is compared."""

    as_of: datetime
    lines: tuple[TimeLine, ...]
    found: Turnaround


def cut_of(actor: Actor, *, org: str = "", plan: str = "", month: date | None = None, insurer: str = "") -> Cut:
    """The part of the house that somebody may see a board of. NotFound outside the own tree; InputError for an unknown plan or insurer."""
    actor.require(*sorted(READERS), what="查看运行情况")
    key = org or actor.org_key
    if not key.startswith(actor.org_key) or not key.endswith("."):
        raise NotFound("not_found", "没有这个组织，或不在您的管辖范围内", remedy="从本组织的页面逐级进入")
    if plan and plan not in words.plans():
        raise InputError("plan_unknown", f"没有“{plan}”这个计划", remedy="从列表中选", field="plan")
    if insurer and insurer not in words.insurers():
        raise InputError("insurer_unknown", f"没有“{insurer}”承办的计划", remedy="从列表中选", field="insurer")
    return Cut(key, plan or None, known(month) if month else None, insurer or None)


def months(today: date, count: int = 13) -> list[date]:
    """This month and those before, newest first."""
    first = today.replace(day=1)
    return [months_on(first, -place) for place in range(count)]


def by_need(found: OpenNow) -> Sequence[OpenRow]:
    """What is late first, then what will be."""
    return sorted(found.rows, key=lambda row: (-row.late, -row.due_today, -row.soon, -row.open, row.key))


def now_open(session: Session, cut: Cut, now: datetime) -> Now:
    """What is open by kind, by the organisations one step down (none below: no rows) and by plan."""
    place = queries.place(session, cut)
    kinds = queries.open_now(session, cut, by="kind", now=now)
    orgs = queries.open_now(session, cut, by="org", now=now) if place.below else replace(kinds, rows=())
    return Now(place, kinds, orgs, queries.open_now(session, cut, by="plan", now=now))


def times(session: Session, cut: Cut, by: TimeBy, now: datetime, *, stage: str = WHOLE) -> Times:
    """How long stages took in the cut's month, beside the month before and the year before."""
    found = queries.turnaround(session, cut, by=by, stage=stage, now=now)
    road = list(words.STAGES)
    if by == "stage":
        found = replace(found, rows=tuple(sorted(found.rows, key=lambda row: road.index(row.key) if row.key in road else len(road))))
    if cut.month is None:
        return Times(found.as_of, tuple(TimeLine(row, None, None) for row in found.rows), found)
    before, year = ({(row.key, row.stage): row for row in queries.turnaround(
        session, replace(cut, month=months_on(cut.month, back)), by=by, stage=stage, now=now).rows} for back in (-1, -12))
    return Times(found.as_of, tuple(TimeLine(row, before.get((row.key, row.stage)), year.get((row.key, row.stage)))
                                    for row in found.rows), found)


def kept_two_years(session: Session, cut: Cut, now: datetime, today: date) -> tuple[Kept, Kept]:
    """Promises kept in twelve months and in the twelve before."""
    newest = cut.month or today.replace(day=1)
    return queries.kept(session, cut, now=now), queries.kept(session, replace(cut, month=months_on(newest, -12)), now=now)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything of a board, for its files."""

    now: Now
    stages: Times
    levels: Times
    plans: Times
    orgs: Times
    kept: Kept
    kept_before: Kept
    quality: Quality
    outstanding: Outstanding


def whole(session: Session, cut: Cut, now: datetime, today: date) -> Whole:
    """Everything of a board at one moment."""
    kept, before = kept_two_years(session, cut, now, today)
    return Whole(now_open(session, cut, now), times(session, cut, "stage", now), times(session, cut, "level", now),
                 times(session, cut, "plan", now), times(session, cut, "org", now), kept, before,
                 queries.quality(session, cut, now=now), queries.outstanding(session, cut, now=now))
