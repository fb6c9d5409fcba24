"""The State Council's calendar: one data file per year, official or provisional."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import yaml

from services.core.errors import ConfigError

FOLDER = Path(__file__).parent / "calendars"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Holiday:
    """One block of days off, weekends inside it included."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Year:
    """One year's arrangement. `why` says why a provisional year is provisional; `source` names the notice."""

    number: int
    official: bool
    source: str
    why: str
    holidays: tuple[Holiday, ...]
    workdays: frozenset[date]


@dataclass(frozen=True, eq=False)
class Calendar:
    """All released years. `version` is pinned on each clock; it changes with any byte of any year's file."""

    years: Mapping[int, Year]
    digest: str
    _named: dict[date, str] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for year in self.years.values():
            for holiday in year.holidays:
                for offset in range((holiday.last - holiday.first).days + 1):
                    self._named[holiday.first + timedelta(days=offset)] = holiday.name

    @property
    def version(self) -> str:
        """For people and for pinning, e.g. `cn-2025-2027-1a2b3c4d`."""
        return f"cn-{min(self.years)}-{max(self.years)}-{self.digest[:8]}"

    def year(self, day: date) -> Year:
        """The arrangement of the day's year. Raises ConfigError when nobody released it."""
        found = self.years.get(day.year)
        if found is None:
            raise ConfigError("calendar_missing", f"缺少{day.year}年工作日历",
                              remedy=f"请管理员发布{day.year}年日历后重试", field=f"calendars.{day.year}")
        return found

    def is_workday(self, day: date) -> bool:
        """Whether people work on that day: make-up days yes, days off and other weekends no."""
        year = self.year(day)
        if day in year.workdays:
            return True
        return day not in self._named and day.weekday() < 5

    def is_makeup(self, day: date) -> bool:
        """Whether it is a weekend day on which people work (调休上班日)."""
        return day in self.year(day).workdays

    def holiday(self, day: date) -> str | None:
        """The name of the holiday block the day lies in; a plain weekend has none."""
        self.year(day)
        return self._named.get(day)

    def first_workday_from(self, day: date) -> date:
        """The day itself when it is a working day, else the next one."""
        while not self.is_workday(day):
            day += DAY
        return day

    def alarms(self, today: date) -> list[str]:
        """What the administrator must hear: from October on, next year must be there and official."""
        following = self.years.get(today.year + 1)
        if today.month < 10 or (following and following.official):
            return []
        state = "仅有暂定数据" if following else "缺失"
        return [f"{today.year + 1}年工作日历{state}，涉及{today.year + 1}年的期限均为暂定"]


def load(files: Iterable[Path]) -> Calendar:
    """Read year files. Raises ConfigError naming the file and key when one is malformed."""
    years: dict[int, Year] = {}
    digest = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(content)
        year = _read_year(file, content)
        years[year.number] = year
    if not years:
        raise ConfigError("calendar_missing", "没有任何工作日历", remedy="请管理员发布日历", field="calendars")
    return Calendar(years, digest.hexdigest())


def _read_year(file: Path, content: bytes) -> Year:
    try:
        data = yaml.safe_load(content)
        year = Year(int(data["year"]), {"official": True, "provisional": False}[data["status"]], str(data["source"]),
                    str(data.get("why", "")),
                    tuple(Holiday(item["name"], item["first"], item["last"]) for item in data["holidays"]),
                    frozenset(data["workdays"]))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ConfigError("calendar_malformed", f"日历文件 {file.name} 有误：{error}",
                          remedy="对照其他年份的文件改正", field=f"calendars.{file.stem}") from None
    _check(file, year)
    return year


def _check(file: Path, year: Year) -> None:
    days = [day for holiday in year.holidays for day in (holiday.first, holiday.last)] + sorted(year.workdays)
    wrong = [day for day in days if not isinstance(day, date) or day.year != year.number]
    wrong += [day for day in year.workdays if day not in wrong and day.weekday() < 5]
    wrong += [holiday.last for holiday in year.holidays if holiday.last < holiday.first]
    if wrong:
        raise ConfigError("calendar_malformed", f"日历文件 {file.name} 的日期 {wrong[0]} 有误",
                          remedy="日期须在本年内，调休上班日须为周末", field=f"calendars.{file.stem}")


@lru_cache(maxsize=1)
def calendar() -> Calendar:
    """The calendar that came with the program, read once."""
    return load(FOLDER.glob("*.yaml"))
