"""A board's charts: its views as values of `documents.charts`, drawn once for each thing shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from documents.charts import SIZES, Bands, Bars, Chart, Months, Tone, draw, table, told
from services.reporting.boards.views import BANDS, Kept, OpenNow, TimeRow, Turnaround

__all__ = ["SIZES", "Chart", "Tone", "ages", "kept", "late", "svg", "table", "times", "told"]
MOST = 10               # bars; what is less is in the table beside
LONGEST = 14            # characters of a label
Name = Callable[[str], str]


@lru_cache(maxsize=512)
def svg(chart: Chart, tone: Tone, width: int) -> bytes:
    """The picture, kept by what it shows."""
    return draw(chart, tone=tone, width=width)


def late(found: OpenNow, name: Name, unit: str) -> Bars:
    """Where promises are over, most first; those that have none are left out."""
    rows = sorted((row for row in found.rows if row.late), key=lambda row: (-row.late, row.key))[:MOST]
    return Bars(tuple(_apart((_label(row.name, name), row.late) for row in rows)), unit)


def ages(found: OpenNow, name: Name, band: Callable[[int], str]) -> Bands:
    """How long what is open has run, by kind, most first."""
    rows = sorted((row for row in found.rows if row.open), key=lambda row: (-row.open, row.key))[:MOST]
    return Bands(tuple(band(place) for place in range(len(BANDS))), tuple((_label(row.key, name), row.ages) for row in rows))


def kept(found: Kept, before: Kept, now: str, then: str, month: Callable[[int], str]) -> Months:
    """The share of promises kept by month beside that of the twelve months before."""
    return Months(tuple(month(row.month.month) for row in found.months),
                  ((now, tuple(row.share for row in found.months)), (then, tuple(row.share for row in before.months))), percent=True)


def times(found: Turnaround, name: Callable[[TimeRow], str], unit: str) -> Bars:
    """Working days within which nine of ten were done."""
    return Bars(tuple(_apart((_cut(name(row)), row.workdays.p90) for row in found.rows[:MOST])), unit)


def _label(text: str, name: Name) -> str:
    return _cut(name(text))


def _cut(said: str) -> str:
    return said if len(said) <= LONGEST else f"{said[:LONGEST - 1]}…"


def _apart(rows: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Rows whose labels are all different: two that were cut to the same words are numbered."""
    seen: dict[str, int] = {}
    made: list[tuple[str, float]] = []
    for label, value in rows:
        seen[label] = seen.get(label, 0) + 1
        made.append((label if seen[label] == 1 else f"{label}{seen[label]}", value))
    return made
