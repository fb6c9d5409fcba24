"""Counting proven: the seed's day tables in words, three counts at the command, an independent package, and named scenarios."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar as package
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cli import main as cli
from services.core.errors import InputError
from services.workdays.calendar import Calendar, calendar, made
from services.workdays.count import add_calendar, add_working, report_deadline, working_days_between
from services.workdays.years import parse, written

CASES = Path(__file__).parent / "cases"
DAY = timedelta(days=1)
NAMES = {"New Year's Day": "元旦", "Spring Festival": "春节", "Tomb-sweeping Day": "清明节", "Labour Day": "劳动节",
         "Dragon Boat Festival": "端午节", "Mid-autumn Festival": "中秋节", "National Day": "国庆节"}
# In 2025 the two festivals were one holiday.
TOGETHER = {(2025, "中秋节"): "国庆节、中秋节", (2025, "国庆节"): "国庆节、中秋节"}
known = st.dates(date(2024, 1, 1), date(2026, 12, 31))
startable = st.dates(date(2024, 1, 1), date(2026, 9, 30))


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def off(day: date) -> str | None:
    """The holiday of a day off, as the package knows it."""
    is_off, name = package.get_holiday_detail(day)
    plain = NAMES[name] if is_off and name else None
    return TOGETHER.get((day.year, plain), plain) if plain else None


def said(days: list[date]) -> str:
    parts = []
    for place, day in enumerate(days):
        parts.append(f"{day.day}日" if place and days[place - 1].month == day.month else f"{day.month}月{day.day}日")
    return "、".join(parts)


def words(start: date, days: int, due: date) -> str:
    """The count in words, told from the package and the table's due day."""
    span = [start + DAY * n for n in range(1, (due - start).days + 1)]
    skipped: dict[str, int] = {}
    for day in span:
        if name := off(day):
            skipped[name] = skipped.get(name, 0) + 1
    worked = [day for day in span if day.weekday() >= 5 and package.is_workday(day)]
    parts = [f"自{start.month}月{start.day}日次日起算"]
    parts += ["跳过" + "、".join(f"{name}{count}天" for name, count in skipped.items())] if skipped else []
    parts += [f"含{said(worked)}调休上班日"] if worked else []
    return "，".join([*parts, f"第{days}个工作日为{due.month}月{due.day}日"])


@pytest.mark.parametrize("row", rows("working-days.csv"), ids=lambda row: f"{row['start_date_day0']}")
def test_each_row_of_working_days_says_how_it_was_counted(row: dict[str, str]) -> None:
    start = date.fromisoformat(row["start_date_day0"])
    for days in (10, 15):
        due = date.fromisoformat(row[f"due_{days}_workdays"])
        assert add_working(start, days).words == words(start, days, due)


@pytest.mark.parametrize("row", rows("report-within-10-days.csv"), ids=lambda row: row["diagnosis_date_day0"])
def test_each_row_of_the_ten_days_says_how_it_was_counted(row: dict[str, str]) -> None:
    start, last, due = (date.fromisoformat(row[name]) for name in (
        "diagnosis_date_day0", "raw_last_day", "last_timely_day_after_extension"))
    told = f"自{start.month}月{start.day}日次日起算，第10日为{last.month}月{last.day}日"
    if due != last:
        rest = f"{off(last)}假期" if off(last) else "休息日"
        told += f"（{rest}），依民法典第二百零三条顺延至{due.month}月{due.day}日"
    assert report_deadline(start).words == told


@pytest.mark.parametrize(("start", "days", "lines", "provisional"), [
    ("2026-02-13", "15", ["2026-03-12", "自2月13日次日起算，跳过春节9天，含2月14日、28日调休上班日，第15个工作日为3月12日"], False),
    ("2026-09-24", "10", ["2026-10-15",
                          "自9月24日次日起算，跳过中秋节3天、国庆节7天，含10月10日调休上班日，第10个工作日为10月15日"], False),
    ("2026-12-11", "15", ["2027-01-04", "自12月11日次日起算，跳过元旦1天，第15个工作日为2027年1月4日"
                                        "（暂定：2027年国务院放假通知未发布，按法定节假日推算）"], True),
])
def test_the_command_says_the_day_and_the_count(start: str, days: str, lines: list[str], provisional: bool,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["days", "add", start, days]) == 0
    assert capsys.readouterr().out.splitlines() == lines
    assert cli.main(["days", "add", start, days, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["due"], found["words"], found["provisional"]) == (*lines, provisional)


def test_every_day_of_three_years_is_the_packages() -> None:
    day, wrong = date(2024, 1, 1), []
    while day.year < 2027:
        wrong += [day] if calendar().is_workday(day) is not package.is_workday(day) else []
        day += DAY
    assert wrong == []


@given(start=startable, days=st.integers(1, 40))
@settings(max_examples=100)
def test_counts_are_the_packages(start: date, days: int) -> None:
    due, left = start, days
    while left:
        due += DAY
        left -= package.is_workday(due)
    assert add_working(start, days).due == due
    assert working_days_between(start, due) == days


@given(start=startable, days=st.integers(1, 40), spans=st.lists(st.tuples(st.integers(-5, 40), st.integers(0, 15)), max_size=3))
@settings(max_examples=100)
def test_counts_with_pauses_are_the_packages(start: date, days: int, spans: list[tuple[int, int]]) -> None:
    pauses = [(start + DAY * first, start + DAY * (first + length)) for first, length in spans]
    due, left = start, days
    while left:
        due += DAY
        left -= package.is_workday(due) and not any(first < due <= last for first, last in pauses)
    assert add_working(start, days, pauses=pauses).due == due


@given(day=known)
@settings(max_examples=50)
def test_an_end_rolls_to_the_packages_next_working_day(day: date) -> None:
    last = day + DAY * 10
    if last > date(2026, 12, 20):
        return
    due = last
    while not package.is_workday(due):
        due += DAY
    assert (report_deadline(day).raw_last, report_deadline(day).due) == (last, due)


def test_two_pauses_stop_the_count_twice() -> None:
    # Monday 2 March: days 1 and 2 on 3 and 4 March, then stopped to the 10th; the 11th to 13th are 3 to 5; to the 18th; the 19th is 6.
    pauses = [(date(2026, 3, 4), date(2026, 3, 10)), (date(2026, 3, 13), date(2026, 3, 18))]
    found = add_working(date(2026, 3, 2), 6, pauses=pauses)
    assert (found.due, found.words) == (
        date(2026, 3, 19), "自3月2日次日起算，3月4日次日至3月10日中止不计，3月13日次日至3月18日中止不计，第6个工作日为3月19日")


def test_overlapping_pauses_take_each_day_once() -> None:
    # 3 March is day 1; the 4th to the 12th stand still under one pause or the other; Friday the 13th is day 2.
    pauses = [(date(2026, 3, 3), date(2026, 3, 9)), (date(2026, 3, 6), date(2026, 3, 12))]
    assert add_working(date(2026, 3, 2), 2, pauses=pauses).due == date(2026, 3, 13)


def test_a_pause_over_a_holiday_skips_its_days_once() -> None:
    # 12 and 13 February are days 1 and 2, Saturday the 14th is worked and day 3; paused over the Spring Festival to Wednesday the 25th:
    # Thursday the 26th is day 4, Friday 5, Saturday the 28th is worked and day 6.
    found = add_working(date(2026, 2, 11), 6, pauses=[(date(2026, 2, 14), date(2026, 2, 25))])
    assert (found.due, found.words) == (
        date(2026, 2, 28), "自2月11日次日起算，2月14日次日至2月25日中止不计，含2月14日、28日调休上班日，第6个工作日为2月28日")


def test_a_pause_that_ends_on_a_holiday_goes_on_after_it() -> None:
    # 28 and 29 April are days 1 and 2; paused from the 29th to 3 May, inside Labour Day's days off: 6 May is day 3.
    found = add_working(date(2026, 4, 27), 3, pauses=[(date(2026, 4, 29), date(2026, 5, 3))])
    assert found.due == date(2026, 5, 6)
    assert "跳过劳动节2天" in found.words


def test_over_an_official_new_year_nothing_is_provisional() -> None:
    # 2025→2026: 1 to 3 January off, Sunday the 4th worked.
    found = add_working(date(2025, 12, 29), 5)
    assert (found.due, found.provisional, found.words) == (
        date(2026, 1, 6), False, "自12月29日次日起算，跳过元旦3天，含2026年1月4日调休上班日，第5个工作日为2026年1月6日")


def test_calendar_days_over_a_provisional_new_year_are_so_only_where_they_roll() -> None:
    assert add_calendar(date(2026, 12, 20), 14).provisional             # Sunday 3 January: rolled
    assert not add_calendar(date(2026, 12, 20), 14, extend=False).provisional


OWN = """year: 2026
status: office
source: 测试
holidays:
- {name: 测试节, first: 2026-03-18, last: 2026-03-19}
workdays: [2026-03-22, 2026-05-02]
"""


def office(text: str = OWN) -> Calendar:
    return made([*calendar().texts, text])


def test_an_offices_own_days_lie_over_the_state_councils() -> None:
    own = office()
    worked = [day for day in (date(2026, 3, 17), date(2026, 3, 18), date(2026, 3, 22), date(2026, 5, 1), date(2026, 5, 2))
              if own.is_workday(day)]
    assert worked == [date(2026, 3, 17), date(2026, 3, 22), date(2026, 5, 2)]
    assert (own.holiday(date(2026, 3, 19)), own.holiday(date(2026, 5, 2)), own.is_makeup(date(2026, 3, 22))) == ("测试节", None, True)
    assert add_working(date(2026, 3, 17), 3, own).words == "自3月17日次日起算，跳过测试节2天，含3月22日调休上班日，第3个工作日为3月23日"
    assert own.version != calendar().version == made(calendar().texts).version


@pytest.mark.parametrize(("old", "new", "field"), [
    ("year: 2026", "year: 26", "year"), ("status: office", "status: maybe", "status"), ("source: 测试", "source: ''", "source"),
    ("2026-03-18", "2026-03-20", "holidays.0.last"), ("last: 2026-03-19", "last: 2027-03-19", "holidays.0.last"),
    ("first: 2026-03-18, last: 2026-03-19", "first: 2026-05-03, last: 2026-06-02", "holidays"),      # 31 days
    ("first: 2026-03-18", "first: bald", "holidays.0.first"), ("name: 测试节", "nam: 测试节", "holidays.0"),
    ("2026-05-02", "2026-03-19", "workdays"), ("2026-05-02", "2027-05-02", "workdays.1"), ("workdays:", "days:", "days"),
    ("status: office", "status: official", "workdays.0"), ("status: office", "status: provisional", "why"),
    ("holidays:", "holidays: [", "year"),
])
def test_a_wrong_year_names_its_key(old: str, new: str, field: str) -> None:
    text = OWN.replace("[2026-03-22, 2026-05-02]", "[2026-03-23, 2026-05-02]") if "official" in new else OWN
    with pytest.raises(InputError) as wrong:
        parse(text.replace(old, new))
    assert (wrong.value.code, wrong.value.field) == ("calendar_malformed", field)
    assert wrong.value.remedy


def test_a_year_of_a_form_is_the_year_of_the_file() -> None:
    made_of = written(2026, "office", "测试", "", "测试节 2026-03-18 至 2026-03-19\n", "2026-05-02、2026-03-22")
    a, b = parse(made_of), parse(OWN)
    assert (a.holidays, a.workdays, a.office, a.source) == (b.holidays, b.workdays, b.office, b.source)
    for holidays, workdays, field in (("测试节", "", "holidays"), ("测试节 2026-02-30", "", "holidays"), ("", "明天", "workdays")):
        with pytest.raises(InputError) as wrong:
            written(2026, "office", "测试", "", holidays, workdays)
        assert wrong.value.field == field
