"""The calendar an office counts by: the State Council's years, one file each, and the office's own days laid over them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from services.core.errors import CalendarMissing, ConfigError, InputError
from services.workdays.years import Holiday, Year, parse

__all__ = ["Calendar", "Holiday", "Year", "calendar", "load", "made"]

FOLDER = Path(__file__).parent / "calendars"
DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Calendar:
    """All years of an office: the State Council's, and its own days laid over them, farthest organisation first.

    `version` is pinned on each clock; it changes with any byte of any file, and the files (`texts`) make it again.
    """

    years: Mapping[int, Year]
    extras: tuple[Year, ...] = ()
    digest: str = field(init=False)
    _named: dict[date, str] = field(init=False, default_factory=dict, repr=False)
    _makeup: set[date] = field(init=False, default_factory=set, repr=False)

    def __post_init__(self) -> None:
        if not self.years:
            raise ConfigError("calendar_missing", "没有任何工作日历", remedy="请管理员发布日历", field="calendars")
        object.__setattr__(self, "digest", hashlib.sha256("".join(self.texts).encode()).hexdigest())
        for year in (*self.years.values(), *self.extras):
            off = year.days_off()
            self._named.update(off)
            self._makeup.difference_update(off)
            for day in year.workdays:
                self._named.pop(day, None)
            self._makeup.update(year.workdays)

    @property
    def texts(self) -> tuple[str, ...]:
        """The files, of which this calendar can be made again."""
        return tuple(self.years[number].text for number in sorted(self.years)) + tuple(extra.text for extra in self.extras)

    @property
    def version(self) -> str:
        """For people and for pinning, e.g. `cn-2025-2027-1a2b3c4d`."""
        return f"cn-{min(self.years)}-{max(self.years)}-{self.digest[:8]}"

    def year(self, day: date) -> Year:
        """The arrangement of the day's year. Raises CalendarMissing when nobody released it."""
        found = self.years.get(day.year)
        if found is None:
            raise CalendarMissing("calendar_missing", f"缺少{day.year}年工作日历",
                              remedy=f"请管理员发布{day.year}年日历后重试", field=f"calendars.{day.year}")
        return found

    def is_workday(self, day: date) -> bool:
        """Whether people work on that day: make-up days yes, days off and other weekends no."""
        self.year(day)
        return day in self._makeup or (day not in self._named and day.weekday() < 5)

    def is_makeup(self, day: date) -> bool:
        """Whether it is a weekend day on which people work (调休上班日)."""
        self.year(day)
        return day in self._makeup

    def holiday(self, day: date) -> str | None:
        """The name of the holiday block the day lies in; a plain weekend has none."""
        self.year(day)
        return self._named.get(day)

    def first_workday_from(self, day: date) -> date:
        """The day itself when it is a working day, else the next one."""
        while not self.is_workday(day):
            day += DAY
        return day

    def missing(self, today: date) -> tuple[int, ...]:
        """The years without an official arrangement that should have one: this year, and from October on the next."""
        wanted = (today.year, today.year + 1) if today.month >= 10 else (today.year,)
        return tuple(year for year in wanted if year not in self.years or not self.years[year].official)

    def alarms(self, today: date) -> list[str]:
        """What the administrator must hear of missing years."""
        return [f"{year}年工作日历仅有暂定数据，涉及{year}年的期限均为暂定" if year in self.years
                else f"{year}年工作日历缺失，涉及{year}年的期限无法计算" for year in self.missing(today)]


def made(texts: Iterable[str]) -> Calendar:
    """A calendar out of its files, as `texts` gives them. InputError names what is malformed."""
    parsed = [parse(text) for text in texts]
    return Calendar({year.number: year for year in parsed if not year.office}, tuple(year for year in parsed if year.office))


def load(files: Iterable[Path]) -> Calendar:
    """Read year files. Raises ConfigError naming the file and key when one is malformed."""
    return Calendar({year.number: year for year in map(_read, sorted(files))})


def _read(file: Path) -> Year:
    try:
        return parse(file.read_text(encoding="utf-8"))
    except InputError as error:
        raise ConfigError("calendar_malformed", f"日历文件 {file.name}：{error.message}（{error.field}）", remedy=error.remedy,
                          field=f"calendars.{file.stem}") from None


@lru_cache(maxsize=1)
def calendar() -> Calendar:
    """The calendar that came with the program, read once."""
    return load(FOLDER.glob("*.yaml"))
