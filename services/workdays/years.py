"""One year's file: read, checked, refused with the key that is wrong and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import yaml

from services.core.errors import InputError

# `office`: not the State Council's arrangement but an office's own days off and working days, laid over it.
STATUSES = ("official", "provisional", "office")
# Of all regions' festivals the longest come to about half of it; a last day of the wrong month would lengthen every time limit.
MOST_OWN = 30               # days off of an office's own in a year
LONGEST = 20_000            # characters of one file
_KEYS = {"year", "status", "source", "why", "holidays", "workdays"}
_BLOCK = {"name", "first", "last"}


@dataclass(frozen=True, slots=True)
class Holiday:
    """One block of days off, weekends inside it included."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Year:
    """One year's arrangement. `why` says why a provisional year is provisional; `source` names the notice.

    `office`: an office's own days, laid over the State Council's. `text` is the file as it was written.
    """

    number: int
    official: bool
    source: str
    why: str
    holidays: tuple[Holiday, ...]
    workdays: frozenset[date]
    office: bool = False
    text: str = ""

    def days_off(self) -> dict[date, str]:
        """Each day of its blocks, and the block's name."""
        return {block.first + timedelta(days=offset): block.name for block in self.holidays
                for offset in range((block.last - block.first).days + 1)}


def parse(text: str) -> Year:
    """A year out of its file. InputError `calendar_malformed` whose field is the key that is wrong, with the remedy."""
    if len(text) > LONGEST:
        raise _wrong("文件太长", "一个文件只写一年的放假安排", "year")
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise _wrong(f"第{mark.line + 1}行的写法不对" if mark else "写法不对", "对照其他年份的文件改正", "year") from None
    if not isinstance(data, Mapping):
        raise _wrong("内容不是一年的放假安排", "对照其他年份的文件书写", "year")
    for key in sorted(map(str, set(data) ^ _KEYS)):
        if key != "why":
            raise _wrong(f"{'多了' if key in data else '缺少'} {key}", f"应有：{'、'.join(sorted(_KEYS - {'why'}))}", key)
    number, status = data["year"], data["status"]
    if not isinstance(number, int) or not 2000 <= number <= 2199:
        raise _wrong(f"year 是“{number}”", "写四位年份", "year")
    if status not in STATUSES:
        raise _wrong(f"status 是“{status}”", "写 official（正式）、provisional（暂定）或 office（办事处自定）", "status")
    why = _words(data.get("why", ""), "why", empty=status != "provisional")
    year = Year(number, status != "provisional", _words(data["source"], "source"), why, _blocks(data["holidays"], number),
                _workdays(data["workdays"], number, weekend=status != "office"), status == "office", text)
    off = year.days_off()
    both = sorted(year.workdays & set(off))
    if both:
        raise _wrong(f"{both[0]} 既放假又上班", "从 holidays 或 workdays 中去掉", "workdays")
    if sum((block.last - block.first).days + 1 for block in year.holidays) != len(off):
        raise _wrong("holidays 中有的日子写了两次", "各假期不能重叠", "holidays")
    if year.office and len(off) > MOST_OWN:
        raise _wrong(f"自定放假日共{len(off)}天", f"一年最多{MOST_OWN}天，核对各假期的最后一天", "holidays")
    if year.office and not (off or year.workdays):
        raise _wrong("没有写任何日子", "写明放假日或上班日", "holidays")
    return year


def written(number: int, status: str, source: str, why: str, holidays: str, workdays: str) -> str:
    """The file of a form. A block is a line `春节 2027-02-05 2027-02-11` (one day: named once), a working day stands alone."""
    blocks = []
    for line in filter(None, map(str.strip, holidays.splitlines())):
        found = re.fullmatch(r"(\S+)\s+(\d{4}-\d\d-\d\d)(?:\s*(?:至|到|~|—|-|\s)\s*(\d{4}-\d\d-\d\d))?", line)
        if found is None:
            raise _wrong(f"“{line[:40]}”看不懂", "一行一个假期：名称 第一天 最后一天，如“春节 2027-02-05 2027-02-11”", "holidays")
        blocks.append({"name": found[1], "first": _day(found[2], "holidays"), "last": _day(found[3] or found[2], "holidays")})
    listed = [_day(word, "workdays") for word in re.split(r"[\s、,，;；]+", workdays.strip()) if word]
    data: dict[str, object] = {"year": number, "status": status, "source": source.strip()}
    if why.strip():
        data["why"] = why.strip()
    return yaml.safe_dump({**data, "holidays": blocks, "workdays": sorted(listed)}, allow_unicode=True, sort_keys=False)


def _day(word: str, key: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise _wrong(f"{key} 中的“{word[:20]}”不是日期", "日期写作 2027-02-05", key) from None


def _words(value: object, key: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or empty) or len(value) > 500:
        remedy = "写明依据的通知：名称、文号、日期" if key == "source" else "写明为何暂定，如“2027年国务院放假通知未发布”"
        raise _wrong(f"{key} 没有写明", remedy, key)
    return value.strip()


def _blocks(listed: object, number: int) -> tuple[Holiday, ...]:
    if not isinstance(listed, list):
        raise _wrong("holidays 不是一列假期", "每个假期写 name、first、last", "holidays")
    found = []
    for place, item in enumerate(listed):
        key = f"holidays.{place}"
        if not isinstance(item, Mapping) or set(item) != _BLOCK or not isinstance(item["name"], str) or not item["name"].strip():
            raise _wrong(f"第{place + 1}个假期的写法不对", "每个假期写 name、first、last", key)
        for end in ("first", "last"):
            _in_year(item[end], number, f"{key}.{end}")
        if item["last"] < item["first"]:
            raise _wrong(f"{item['name']}的最后一天早于第一天", "先写第一天", f"{key}.last")
        found.append(Holiday(item["name"].strip(), item["first"], item["last"]))
    return tuple(found)


def _workdays(listed: object, number: int, *, weekend: bool) -> frozenset[date]:
    if not isinstance(listed, list):
        raise _wrong("workdays 不是一列日期", "没有调休上班日的写 []", "workdays")
    for place, day in enumerate(listed):
        _in_year(day, number, f"workdays.{place}")
        if weekend and day.weekday() < 5:
            raise _wrong(f"{day} 不是周末", "调休上班日须为周末", f"workdays.{place}")
    return frozenset(listed)


def _in_year(day: object, number: int, key: str) -> None:
    if type(day) is not date:
        raise _wrong(f"“{day}”不是日期", "日期写作 2027-02-05", key)
    if day.year != number:
        raise _wrong(f"日期 {day} 不在{number}年", "跨年的假期分写在两年的文件中", key)


def _wrong(what: str, remedy: str, key: str) -> InputError:
    return InputError("calendar_malformed", f"日历有误：{what}", remedy=remedy, field=key)
