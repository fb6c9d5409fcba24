"""Counting days so that the count explains itself.

The start day is day 0 and never counted (民法典 201). A pause (from, to) stops the count: the days after `from` up to
and including `to` are not counted, so the day a supplement list is delivered still counts and the day its answer
arrives does not; counting goes on the next day. Pauses may overlap or lie outside the count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from services.core.errors import InputError
from services.workdays.calendar import DAY, Calendar, calendar

Pause = tuple[date, date]
REPORT_DAYS = 10        # 安康保办法第十四条; for the other plans the office's own promise


@dataclass(frozen=True, slots=True)
class Count:
    """One count. `due` is its last day, `words` how it was counted, in Chinese.

    `raw_last`: the last day before it rolled past days off (calendar counts; equal to `due` otherwise).
    `provisional`: a year in it has no State Council notice yet. `skipped`: (holiday, days) in order.
    `makeups`: weekend days that counted as working days. `version`: the calendar's.
    """

    due: date
    words: str
    provisional: bool
    start: date
    days: int
    raw_last: date
    skipped: tuple[tuple[str, int], ...]
    makeups: tuple[date, ...]
    version: str


def add_working(start: date, days: int, cal: Calendar | None = None, *, pauses: Sequence[Pause] = ()) -> Count:
    """The `days`-th working day after `start`. Raises InputError for days < 1, ConfigError for a year not released."""
    return _working(start, _positive(days), cal or calendar(), _checked(pauses))


def add_calendar(start: date, days: int, cal: Calendar | None = None, *, extend: bool = True,
                 pauses: Sequence[Pause] = ()) -> Count:
    """The `days`-th calendar day after `start`; with `extend` it rolls past days off (民法典 203)."""
    return _calendar(start, _positive(days), cal or calendar(), extend, _checked(pauses))


def report_deadline(diagnosed_on: date, cal: Calendar | None = None) -> Count:
    """Last timely day of a report: ten calendar days from the diagnosis (readings A-12, A-14)."""
    return add_calendar(diagnosed_on, REPORT_DAYS, cal)


def working_days_between(after: date, until: date, cal: Calendar | None = None) -> int:
    """Working days after `after` up to and including `until`; negative when `until` lies before `after`."""
    if until < after:
        return -working_days_between(until, after, cal)
    chosen, day, count = cal or calendar(), after, 0
    while day < until:
        day += DAY
        count += chosen.is_workday(day)
    return count


def _positive(days: int) -> int:
    if days < 1:
        raise InputError("days_not_positive", f"天数须大于零，不能是 {days}", remedy="写 1 或更大的整数", field="days")
    return days


def _checked(pauses: Sequence[Pause]) -> tuple[Pause, ...]:
    for first, last in pauses:
        if last < first:
            raise InputError("pause_reversed", f"中止期间 {first} 至 {last} 颠倒", remedy="先写开始日", field="pauses")
    return tuple(pauses)


def _paused(day: date, pauses: tuple[Pause, ...]) -> bool:
    return any(first < day <= last for first, last in pauses)


def _walk(start: date, days: int, counts: Callable[[date], bool]) -> date:
    """The day on which the `days`-th day that counts falls."""
    day = start
    while days:
        if day == date.max:
            raise InputError("beyond_calendar", f"自 {start} 起数不到这么多天", remedy="核对日期和天数", field="start")
        day += DAY
        days -= counts(day)
    return day


# A mass settlement starts thousands of clocks on one day: the same count is made once.
@lru_cache(maxsize=4096)
def _working(start: date, days: int, cal: Calendar, pauses: tuple[Pause, ...]) -> Count:
    due = _walk(start, days, lambda day: cal.is_workday(day) and not _paused(day, pauses))
    running = [day for day in _span(start, due) if not _paused(day, pauses)]
    skipped = _skipped(running, cal)
    makeups = tuple(day for day in running if cal.is_makeup(day))
    parts = [f"自{_say(start, start)}次日起算", *_pause_words(start, due, pauses)]
    if skipped:
        parts.append("跳过" + "、".join(f"{name}{count}天" for name, count in skipped))
    if makeups:
        parts.append(f"含{_list_days(makeups, start)}调休上班日")
    parts.append(f"第{days}个工作日为{_say(due, start)}")
    note = _provisional_words(start, due, cal)
    return Count(due, "，".join(parts) + note, bool(note), start, days, due, skipped, makeups, cal.version)


@lru_cache(maxsize=4096)
def _calendar(start: date, days: int, cal: Calendar, extend: bool, pauses: tuple[Pause, ...]) -> Count:
    last = _walk(start, days, lambda day: not _paused(day, pauses))
    due = cal.first_workday_from(last) if extend else last
    parts = [f"自{_say(start, start)}次日起算", *_pause_words(start, last, pauses), f"第{days}日为{_say(last, start)}"]
    if due != last:
        rest = f"{cal.holiday(last)}假期" if cal.holiday(last) else "休息日"
        parts[-1] += f"（{rest}）"
        parts.append(f"依民法典第二百零三条顺延至{_say(due, start)}")
    # Only the roll depends on the calendar; a count without it is certain in any year.
    note = _provisional_words(last - DAY, due, cal) if extend else ""
    rolled = _skipped(_span(last - DAY, due - DAY), cal) if due != last else ()
    return Count(due, "，".join(parts) + note, bool(note), start, days, last, rolled, (), cal.version)


def _span(after: date, until: date) -> list[date]:
    return [date.fromordinal(number) for number in range(after.toordinal() + 1, until.toordinal() + 1)]


def _skipped(days: Sequence[date], cal: Calendar) -> tuple[tuple[str, int], ...]:
    """Holiday blocks met, with the number of their days; a name that comes twice (two years) stands twice."""
    met: dict[tuple[str, int], int] = {}
    for day in days:
        name = cal.holiday(day)
        if name:
            met[name, day.year] = met.get((name, day.year), 0) + 1
    return tuple((name, count) for (name, _), count in met.items())


def _say(day: date, start: date) -> str:
    """Month and day; the year too when it is not the start's."""
    return (f"{day.year}年" if day.year != start.year else "") + f"{day.month}月{day.day}日"


def _list_days(days: Sequence[date], start: date) -> str:
    """2月14日、28日: the month is said once."""
    said: list[str] = []
    for index, day in enumerate(days):
        same = index and (days[index - 1].year, days[index - 1].month) == (day.year, day.month)
        said.append(f"{day.day}日" if same else _say(day, start))
    return "、".join(said)


def _pause_words(start: date, until: date, pauses: tuple[Pause, ...]) -> list[str]:
    """Pauses that touch the count, in order of their first day."""
    return [f"{_say(first, start)}次日至{_say(last, start)}中止不计" for first, last in sorted(pauses)
            if first < last and first < until and last > start]


def _provisional_words(start: date, due: date, cal: Calendar) -> str:
    first = (start + DAY).year
    reasons = [cal.years[year].why for year in range(first, due.year + 1)
               if year in cal.years and not cal.years[year].official]
    return f"（暂定：{'、'.join(reasons)}，按法定节假日推算）" if reasons else ""
