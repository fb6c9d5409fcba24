"""Clocks counted anew when their calendar changed: which, in batches, with a lasting list of the days that moved."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.core.db import driver_cursor
from services.core.errors import ConfigError, NotFound
from services.core.ids import uuidv7
from services.models import ClockRecount
from services.sla import calendars
from services.sla.rewatch import rewatch
from services.sla.rules import FIRST_NOTICE
from services.workdays.calendar import Calendar
from services.workdays.count import Count, add_calendar, add_working
from services.workdays.years import Year

BATCH = 1000
# Its last day is the day of the report, whatever day that is: no calendar moves it.
UNCOUNTED = (FIRST_NOTICE,)
# Days that others may use: what they were promised is not cut short by a release, only lengthened.
THEIRS = frozenset({"supplement", "objection"})
HELD = "；原告知的日期较晚，仍以原日期为准"


@dataclass(frozen=True, slots=True)
class Stale:
    """Running clocks of one domain that pin a version in which the days from `first` to `last` stood otherwise."""

    domain: str
    others: tuple[str, ...]          # domains inside this one, with calendars of their own
    version: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Change:
    """So many clocks of a kind whose last day moves from one day to another."""

    kind: str
    old_due: date
    new_due: date
    clocks: int


_VERSIONS = """
    SELECT d.domain, k.calendar FROM sla_clock k, LATERAL (
        SELECT domain FROM unnest(%(domains)s::text[]) AS u(domain) WHERE starts_with(k.org_key, u.domain)
        ORDER BY length(u.domain) DESC LIMIT 1) d
    WHERE k.state <> 'stopped' GROUP BY 1, 2 ORDER BY 1, 2"""
# Rungs past the due day are counted in working days too: a clock may be late before the first such day and still have rungs after it.
_TOUCHED = """k.state <> 'stopped' AND k.calendar = %(version)s AND k.start_on < %(last)s
    AND (k.due_on >= %(first)s OR (k.watch_on IS NOT NULL AND k.watch_days[cardinality(k.watch_days)] >= %(first)s))
    AND k.kind <> ALL(%(uncounted)s::text[]) AND starts_with(k.org_key, %(domain)s)
    AND NOT EXISTS (SELECT 1 FROM unnest(%(others)s::text[]) AS o(key) WHERE starts_with(k.org_key, o.key))"""
_CLAIMS = f"""SELECT c.id FROM claim c WHERE c.id IN (
    SELECT k.claim_id FROM sla_clock k WHERE {_TOUCHED} ORDER BY k.due_on, k.id LIMIT %(size)s) ORDER BY c.id FOR UPDATE"""
_CLOCKS = f"""
    SELECT k.id, k.claim_id, k.org_key, k.kind, k.budget, k.day_kind, k.start_on, k.pauses, k.due_on, k.words FROM sla_clock k
    WHERE k.claim_id = ANY(%(claims)s::uuid[]) AND {_TOUCHED} ORDER BY k.id FOR UPDATE"""
_KEPT = "SELECT version FROM calendar_version ORDER BY kept_at, version"
# A letter to a person that had gone out with this very promise: the day and how it was counted, then or since.
_NAMED = """
    SELECT m.clock_id, array_agg(DISTINCT n.id::text) FROM unnest(
        %(clocks)s::uuid[], %(claims)s::uuid[], %(dues)s::date[], %(words)s::text[]) AS m(clock_id, claim_id, due, words)
    JOIN notice n ON n.claim_id = m.claim_id AND n.state IN ('issued', 'dispatched', 'delivered') AND n.recipient <> 'insurer'
        AND jsonb_path_exists(n.context, '$.** ? (@.on == $due && @.words == $words)',
                              jsonb_build_object('due', to_char(m.due, 'YYYY-MM-DD'), 'words', m.words))
    GROUP BY m.clock_id"""
# A clock that was late by the old count only is not late; what had been said of it may be said again when it is.
_WRITE = """
    WITH k AS (UPDATE sla_clock k SET due_on = r.due, words = r.words, provisional = r.provisional, calendar = %(calendar)s,
        breached_at = CASE WHEN r.due >= %(today)s THEN NULL ELSE k.breached_at END
        FROM unnest(%(ids)s::uuid[], %(dues)s::date[], %(words)s::text[], %(provisional)s::bool[]) AS r(id, due, words, provisional)
        WHERE k.id = r.id RETURNING k.claim_id, k.round, k.kind, k.subject, k.due_on),
    s AS (UPDATE supplement s SET deadline = k.due_on FROM k
        WHERE k.kind = 'supplement' AND s.id::text = k.subject AND s.deadline IS DISTINCT FROM k.due_on RETURNING 1)
    UPDATE claim c SET pay_due = k.due_on FROM k
    WHERE k.kind = 'pay' AND k.claim_id = c.id AND k.round = c.round AND c.pay_due IS DISTINCT FROM k.due_on"""


def stale(session: Session) -> list[Stale]:
    """What has to be counted anew: nothing where every running clock stands as its office's calendar now says."""
    domains = calendars.domains(session)
    current = {domain: calendars.calendar_for(session, domain) for domain in domains}
    found = []
    for domain, version in driver_cursor(session).execute(_VERSIONS, {"domains": domains}).fetchall():
        span = _span(session, version, current[domain])
        if span:
            found.append(Stale(domain, _inside(domain, domains), version, *span))
    return found


def recount(session: Session, one: Stale, *, now: datetime) -> int:
    """Count one batch anew, claims locked before their clocks; returns how many clocks it held, 0 when there are no more."""
    cal = calendars.calendar_for(session, one.domain)
    if cal.version == one.version:      # released back meanwhile: they stand as it says
        return 0
    asked = {**_which(one), "size": BATCH}
    cursor = driver_cursor(session)
    claims = [row[0] for row in cursor.execute(_CLAIMS, asked).fetchall()]
    rows = cursor.execute(_CLOCKS, {**asked, "claims": claims}).fetchall()
    if not rows:
        return 0
    counts = [_held(kind, due, counted(budget, day_kind, start_on, pauses, cal))
              for _, _, _, kind, budget, day_kind, start_on, pauses, due, _ in rows]
    moved = [(row, new) for row, new in zip(rows, counts, strict=True) if row[8] != new[0]]
    _list(session, moved, one.version, cal.version, now)
    cursor.execute(_WRITE, {
        "ids": [row[0] for row in rows], "dues": [due for due, _, _ in counts], "words": [words for _, words, _ in counts],
        "provisional": [provisional for _, _, provisional in counts], "calendar": cal.version, "today": business_day(now)})
    rewatch(session, [row[0] for row in rows])          # warnings and rungs stand by the last day and the calendar
    return len(rows)


def foreseen(session: Session, org_key: str, year: Year) -> list[Change]:
    """Which days would move at and under an organisation if it released this year, without writing anything."""
    domains = [*(domain for domain in calendars.domains(session) if domain.startswith(org_key) and domain != org_key), org_key]
    found: dict[tuple[str, date, date], int] = {}
    for domain, version in driver_cursor(session).execute(_VERSIONS, {"domains": domains}).fetchall():
        cal = calendars.proposed(session, domain, org_key, year)
        span = _span(session, version, cal)
        if span is None:
            continue
        asked = _which(Stale(domain, _inside(domain, domains), version, *span))
        for kind, budget, day_kind, start_on, pauses, due, clocks in driver_cursor(session).execute(_GROUPS, asked).fetchall():
            new, _, _ = _held(kind, due, counted(budget, day_kind, start_on, pauses, cal))
            if new != due:
                found[kind, due, new] = found.get((kind, due, new), 0) + clocks
    return [Change(*key, clocks) for key, clocks in sorted(found.items())]


_GROUPS = f"""SELECT k.kind, k.budget, k.day_kind, k.start_on, k.pauses, k.due_on, count(*) FROM sla_clock k WHERE {_TOUCHED}
    GROUP BY 1, 2, 3, 4, 5, 6"""


def _which(one: Stale) -> dict[str, Any]:
    return {"version": one.version, "first": one.first, "last": one.last, "domain": one.domain, "others": list(one.others),
            "uncounted": list(UNCOUNTED)}


def _inside(domain: str, domains: Iterable[str]) -> tuple[str, ...]:
    return tuple(other for other in domains if other != domain and other.startswith(domain))


def _span(session: Session, version: str, cal: Calendar) -> tuple[date, date] | None:
    """The days told otherwise; all of them for a version that nobody can resolve any more."""
    if version == cal.version:
        return None
    try:
        return calendars.changed_days(calendars.pinned(session, version), cal)
    except NotFound:
        return date(min(cal.years), 1, 1), date(max(cal.years), 12, 31)


def counted(budget: int, day_kind: str, start_on: date, pauses: Sequence[Sequence[str | None]], cal: Calendar) -> Count:
    """As the clock's stage counts: an open pause is counted when it ends."""
    closed = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in pauses if first and last]
    return (add_working if day_kind == "working" else add_calendar)(start_on, budget, cal, pauses=closed)


def _held(kind: str, old: date, new: Count) -> tuple[date, str, bool]:
    if kind in THEIRS and new.due < old:
        return old, new.words + HELD, new.provisional
    return new.due, new.words, new.provisional


def _list(session: Session, moved: Sequence[tuple[tuple[Any, ...], tuple[date, str, bool]]], old: str, new: str, now: datetime) -> None:
    if not moved:
        return
    letters = _letters(session, [row for row, _ in moved])
    session.execute(sa.insert(ClockRecount), [
        {"id": uuidv7(), "org_key": row[2], "claim_id": row[1], "clock_id": row[0], "kind": row[3], "old_due": row[8],
         "new_due": due, "old_words": row[9], "new_words": words, "old_calendar": old, "new_calendar": new,
         "letters": letters.get(row[0], []), "counted_at": now} for row, (due, words, _) in moved])


def _letters(session: Session, rows: Sequence[tuple[Any, ...]]) -> dict[uuid.UUID, list[str]]:
    """The letters that named the days of these clocks. A recount that left the day where it was may have changed the words of its
    count since: a letter is known by them as any kept calendar counts this day.
    """
    kept = [calendars.pinned(session, version) for (version,) in driver_cursor(session).execute(_KEPT).fetchall()]
    asked = [(row[0], row[1], row[8], words) for row in rows for words in sorted({row[9], *_said(row, kept)})]
    clocks, claims, dues, words = zip(*asked, strict=True)
    found = driver_cursor(session).execute(_NAMED, {"clocks": list(clocks), "claims": list(claims), "dues": list(dues),
                                                    "words": list(words)})
    return dict(found.fetchall())


def _said(row: tuple[Any, ...], kept: Sequence[Calendar]) -> Iterable[str]:
    _, _, _, _, budget, day_kind, start_on, pauses, due, _ = row
    for cal in kept:
        try:
            found = counted(budget, day_kind, start_on, pauses, cal)
        except ConfigError:             # a year that this version does not have yet
            continue
        if found.due == due:
            yield found.words
