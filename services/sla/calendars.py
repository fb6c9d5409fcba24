"""The calendar by which an office's clocks are counted: the program's years, released years, the office's own days.

Released files lie in the `release` table, so every process counts alike: each unit of work asks once which releases there are
(a few ids), and only a list that this process has not seen yet is read and put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import NotFound
from services.workdays.calendar import Calendar, calendar, made
from services.workdays.years import Year, parse

Released = tuple[tuple[str, str], ...]          # (release, organisation), in the order of their releases
_ASKED = "calendars"                            # what a session has asked, in its `info`


@dataclass(frozen=True, slots=True)
class _Book:
    """The released files, and the calendars put together of them so far (by the organisations whose releases apply)."""

    files: tuple[tuple[str, Year], ...]
    composed: dict[tuple[str, ...], Calendar]


@dataclass(frozen=True, slots=True)
class _Asked:
    book: _Book
    kept: set[str]
    writing: bool


_STATE = sa.text("""
    SELECT (SELECT array_agg(r.id || ' ' || o.org_key ORDER BY r.answered_at, r.id) FROM release r
            JOIN organisation o ON o.id = r.org_id WHERE r.kind = 'calendar' AND r.state = 'released' AND r.payload ? 'text'),
           (SELECT array_agg(version) FROM calendar_version), current_setting('transaction_read_only') = 'off'""")
_TEXTS = sa.text("SELECT id::text AS id, payload ->> 'text' AS text FROM release WHERE id = ANY(CAST(:ids AS uuid[]))")
# One keeps, others need not wait: a row lock held to the end of a long batch would stand in the way of claims' locks.
_MAY_KEEP = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended('calendar version ' || :version, 0))")
_KEEP = sa.text("INSERT INTO calendar_version (version, texts, kept_at) VALUES (:version, CAST(:texts AS jsonb), clock_timestamp())"
                " ON CONFLICT DO NOTHING").bindparams(sa.bindparam("texts", type_=sa.JSON()))
_KEPT = sa.text("SELECT texts FROM calendar_version WHERE version = :version")
_books: dict[Released, _Book] = {}
_MOST_BOOKS = 32


def calendar_for(session: Session, org_key: str) -> Calendar:
    """The calendar of an organisation. In a writing unit of work its version is kept, so that it can be pinned on clocks."""
    asked = _ask(session)
    found = _composed(asked.book, org_key)
    if asked.writing and found.version not in asked.kept:
        keep(session, found)
        asked.kept.add(found.version)
    return found


def forget(session: Session) -> None:
    """Ask again in this unit of work: it has released a calendar itself."""
    session.info.pop(_ASKED, None)


def domains(session: Session) -> list[str]:
    """The organisations with releases of their own, and the root of all (''): calendars differ between these, never within."""
    return sorted({"", *(org_key for org_key, _ in _ask(session).book.files)})


def proposed(session: Session, org_key: str, at: str, year: Year) -> Calendar:
    """The calendar of an organisation as it would be with one more year released at (or above) it."""
    return _compose([*_ask(session).book.files, (at, year)], org_key)


def keep(session: Session, cal: Calendar) -> None:
    """Keep a version's files for good, unless another unit of work is just doing so."""
    if session.execute(_MAY_KEEP, {"version": cal.version}).scalar_one():
        session.execute(_KEEP, {"version": cal.version, "texts": list(cal.texts)})


def pinned(session: Session, version: str) -> Calendar:
    """The calendar of a version that a clock has pinned, as it was then. NotFound `calendar_version` when nobody has kept it."""
    texts = session.execute(_KEPT, {"version": version}).scalar()
    if texts is not None:
        return _made(tuple(texts))
    shipped = _shipped().get(version)       # a version of the program before versions were kept: its files came unchanged
    if shipped is None:
        raise NotFound("calendar_version", f"没有保存版本为 {version} 的工作日历", remedy="核对版本", field="calendar")
    return shipped


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


def changed_days(old: Calendar, new: Calendar) -> tuple[date, date] | None:
    """The first and the last day of which the two say different things (day off, name, official or not); None: of none."""
    spans = []
    for number in sorted({*old.years, *new.years}):
        first, last = date(number, 1, 1), date(number, 12, 31)
        before, after = old.years.get(number), new.years.get(number)
        if before is None or after is None or (before.official, before.why) != (after.official, after.why):
            spans += [first, last]
            continue
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        spans += [day for day in days if _told(old, day) != _told(new, day)]
    return (min(spans), max(spans)) if spans else None


def _told(cal: Calendar, day: date) -> tuple[bool, str | None, bool]:
    return cal.is_workday(day), cal.holiday(day), cal.is_makeup(day)


def _ask(session: Session) -> _Asked:
    known = session.info.get(_ASKED)
    if isinstance(known, _Asked):
        return known
    listed, kept, writing = session.execute(_STATE).one()
    released: Released = tuple((one.split(" ", 1)[0], one.split(" ", 1)[1]) for one in listed or ())
    asked = _Asked(_book(session, released), set(kept or ()), bool(writing))
    session.info[_ASKED] = asked
    return asked


def _book(session: Session, released: Released) -> _Book:
    if released not in _books:
        rows = session.execute(_TEXTS, {"ids": [one for one, _ in released]}).all() if released else ()
        texts: Mapping[str, str] = {row.id: row.text for row in rows}
        while len(_books) >= _MOST_BOOKS:
            _books.pop(next(iter(_books)), None)
        _books[released] = _Book(tuple((org_key, parse(texts[one])) for one, org_key in released), {})
    return _books[released]


def _composed(book: _Book, org_key: str) -> Calendar:
    applies = tuple(sorted({key for key, _ in book.files if org_key.startswith(key)}))
    if applies not in book.composed:
        book.composed[applies] = _compose(book.files, org_key)
    return book.composed[applies]


def _compose(files: Sequence[tuple[str, Year]], org_key: str) -> Calendar:
    """The State Council's year released last, an official one before any provisional one; of own days each organisation's last."""
    years: dict[int, Year] = dict(calendar().years)
    extras: dict[tuple[str, int], Year] = {}
    for key, year in files:
        if not org_key.startswith(key):
            continue
        if year.office:
            extras[key, year.number] = year
        elif year.official or not (year.number in years and years[year.number].official):
            years[year.number] = year
    laid = tuple(extras[place] for place in sorted(extras))
    if not laid and years == calendar().years:
        return calendar()
    return _made(tuple(years[number].text for number in sorted(years)) + tuple(year.text for year in laid))


@lru_cache(maxsize=64)
def _made(texts: tuple[str, ...]) -> Calendar:
    """One object for the same files: counts are remembered by it."""
    return made(texts)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Calendar]:
    years = calendar().years
    found = [Calendar({number: years[number] for number in range(first, last + 1)})
             for first in years for last in years if first <= last]
    return {cal.version: cal for cal in found}
