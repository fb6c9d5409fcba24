"""What is open now: due, late, paused, how old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.reporting.boards.area import IN_PART, OF_KINDS, OF_PLANS, PARTS, Area, area, last_day_within
from services.reporting.boards.views import BANDS, SOON, Cut, OpenBy, OpenNow, OpenRow
from services.reporting.figures.tallies import OPEN
from services.sla.calendars import calendar_for, day_numbers

_OLDER = range(len(BANDS))


def _ages(day: str, n: str, where: str) -> str:
    """A column for each band: clocks that started on or after its own first day and before that of the younger band."""
    after = ["true" if band == len(BANDS) - 1 else f"{day} >= :from_{band}" for band in _OLDER]
    before = ["true" if band == 0 else f"{day} < :from_{band - 1}" for band in _OLDER]
    return ", ".join(f"coalesce({n} FILTER (WHERE {where} AND {after[band]} AND {before[band]}), 0) AS age_{band}" for band in _OLDER)


def _columns(n: str, due: str, start: str, side: str) -> str:
    """The counts of OpenRow; `side` tells rows by due day (d) from rows by first day (s) where they lie apart."""
    d, s = (f"{side} = 'due'", f"{side} = 'start'") if side else ("true", "true")
    running = f"{d} AND state = 'running'"
    return f"""coalesce({n} FILTER (WHERE {d}), 0) AS open, coalesce({n} FILTER (WHERE {running} AND {due} = :today), 0) AS due_today,
        coalesce({n} FILTER (WHERE {running} AND {due} > :today AND {due} <= :soon), 0) AS soon,
        coalesce({n} FILTER (WHERE {running} AND {due} < :today), 0) AS late,
        coalesce({n} FILTER (WHERE {d} AND state = 'paused'), 0) AS paused, {_ages(start, n, s)}"""


_TALLIED = {by: sa.text(f"""
    SELECT {key} AS key, {_columns("sum(t.n)", "t.day", "t.day", "t.side")} FROM open_tally t
    WHERE t.org_key IN (SELECT unnest(CAST(:keys AS text[]))) AND t.org_key >= :low AND t.org_key < :high
      AND t.side IN ('due', 'start') AND {OF_PLANS.format("t")} AND {OF_KINDS.format("t")} GROUP BY 1""")
    for by, key in (("kind", "t.kind"), ("plan", "t.plan"), ("org", "t.org_key"))}
_COUNTED = {by: sa.text(f"""
    SELECT {key} AS key, {_columns("count(*)", "k.due_on", "k.start_on", "").replace("state =", "k.state =")} FROM {PARTS} p
    JOIN claim c ON {IN_PART.format("c")} AND c.state NOT IN ('closed', 'cancelled')
    JOIN sla_clock k ON k.claim_id = c.id AND {OPEN} AND k.org_key >= :rows_low AND k.org_key < :rows_high
    WHERE {OF_PLANS.format("c")} AND {OF_KINDS.format("k")} GROUP BY 1""")
    for by, key in (("kind", "k.kind"), ("plan", "c.plan"), ("org", "p.key"))}


@dataclass(frozen=True, slots=True)
class Days:
    """The days by which open clocks are told apart: today, the last day that is soon, and the first day of each band but the last."""

    today: date
    soon: date
    bands: tuple[date, ...]

    @property
    def values(self) -> dict[str, object]:
        """As parameters."""
        return {"today": self.today, "soon": self.soon, **{f"from_{band}": day for band, day in enumerate(self.bands)}}


def days(session: Session, org_key: str, today: date) -> Days:
    """By the calendar of that organisation."""
    numbers: Mapping[date, int] = dict(zip(*day_numbers(calendar_for(session, org_key)), strict=True))
    return Days(today, last_day_within(numbers, today, SOON),
                tuple(last_day_within(numbers, today, -last) for _, last in BANDS if last is not None))


def open_now(session: Session, cut: Cut, *, by: OpenBy, now: datetime) -> OpenNow:
    """Clocks that run or are paused, by kind, plan or the organisations one step down. The cut's month says nothing here.

    Windows (an objection's) are nobody's promise and are left out. NotFound: no such organisation in sight.
    """
    found = area(session, cut, now)
    values = {**found.values(by_part=by == "org"), **days(session, cut.org_key, found.today).values}
    rows = [row for query, given in ((_TALLIED[by], "keys"), (_COUNTED[by], "part_keys")) if values[given]
            for row in session.execute(query, values)]
    shown = tuple(sorted((_row(row, found, by) for row in rows if row.open), key=lambda one: (one.name, one.key)))
    return OpenNow(found.as_of, _sum(shown), shown)


def _row(row: sa.Row[tuple[object, ...]], found: Area, by: OpenBy) -> OpenRow:
    name = found.label(row.key) if by == "org" else row.key
    return OpenRow(row.key, name, int(row.open), int(row.due_today), int(row.soon), int(row.late), int(row.paused),
                   tuple(int(getattr(row, f"age_{band}")) for band in _OLDER))


def _sum(rows: Iterable[OpenRow]) -> OpenRow:
    total = OpenRow("", "", 0, 0, 0, 0, 0, tuple(0 for _ in BANDS))
    for row in rows:
        total = OpenRow("", "", total.open + row.open, total.due_today + row.due_today, total.soon + row.soon, total.late + row.late,
                        total.paused + row.paused, tuple(a + b for a, b in zip(total.ages, row.ages, strict=True)))
    return total
