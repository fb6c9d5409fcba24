"""Working days and calendar days against the seed's tables, the notices and an independent package."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.errors import ConfigError, InputError
from services.workdays.calendar import FOLDER, calendar, load
from services.workdays.count import add_calendar, add_working, report_deadline, working_days_between

CASES = Path(__file__).parent / "cases"
DAY = timedelta(days=1)
PACKAGE = holidays.country_holidays("CN", years=[2025, 2026, 2027])
in_2026 = st.dates(date(2025, 1, 1), date(2026, 9, 30))


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def package_workday(day: date) -> bool:
    return day in PACKAGE.weekend_workdays or (day.weekday() < 5 and day not in PACKAGE)


@pytest.mark.parametrize("row", rows("working-days.csv"), ids=lambda row: f"{row['start_date_day0']}-{row['weekday']}")
def test_working_days_of_the_seed(row: dict[str, str]) -> None:
    start = date.fromisoformat(row["start_date_day0"])
    assert calendar().is_workday(start) is (row["start_is_workday"] == "True")
    assert add_working(start, 10).due == date.fromisoformat(row["due_10_workdays"])
    assert add_working(start, 15).due == date.fromisoformat(row["due_15_workdays"])


@pytest.mark.parametrize("row", rows("report-within-10-days.csv"), ids=lambda row: row["diagnosis_date_day0"])
def test_report_days_of_the_seed(row: dict[str, str]) -> None:
    counted = report_deadline(date.fromisoformat(row["diagnosis_date_day0"]))
    assert counted.raw_last == date.fromisoformat(row["raw_last_day"])
    assert counted.due == date.fromisoformat(row["last_timely_day_after_extension"])


@pytest.mark.parametrize("row", rows("scenario-dates.csv"), ids=lambda row: row["id"])
def test_dates_of_the_scenarios(row: dict[str, str]) -> None:
    diagnosed, reported = date.fromisoformat(row["diagnosed_on"]), date.fromisoformat(row["reported_on"])
    assert report_deadline(diagnosed).due == date.fromisoformat(row["last_timely_report"])
    assert (reported > report_deadline(diagnosed).due) is (row["late"] == "yes")
    if row["file_complete_on"]:
        counted = add_working(date.fromisoformat(row["file_complete_on"]), 15)
        assert counted.due == date.fromisoformat(row["pay_due_15_working_days"])
        assert not counted.provisional


def test_calendar_is_the_seeds_list() -> None:
    cal = calendar()
    for row in rows("holidays-2025-2026.csv"):
        day = date.fromisoformat(row["date"])
        assert cal.is_workday(day) is (row["status"] == "workday"), day
        assert cal.years[day.year].official is (row["confidence"] == "official")
    listed = {row["date"] for row in rows("holidays-2025-2026.csv")}
    for number in range(date(2025, 1, 1).toordinal(), date(2027, 12, 31).toordinal() + 1):
        day = date.fromordinal(number)
        if day.isoformat() not in listed:
            assert cal.is_workday(day) is (day.weekday() < 5), day


@given(day=st.dates(date(2025, 1, 1), date(2026, 12, 31)))
@settings(max_examples=100)
def test_calendar_equals_the_package(day: date) -> None:
    assert calendar().is_workday(day) is package_workday(day)


@given(start=in_2026, days=st.integers(1, 40))
@settings(max_examples=100)
def test_count_equals_the_package(start: date, days: int) -> None:
    due, left = start, days
    while left:
        due += DAY
        left -= package_workday(due)
    counted = add_working(start, days)
    assert counted.due == due
    assert working_days_between(start, due) == days
    assert working_days_between(due, start) == -days


@pytest.mark.parametrize(("start", "days", "due", "words"), [
    (date(2026, 2, 13), 15, date(2026, 3, 12),
     "自2月13日次日起算，跳过春节9天，含2月14日、28日调休上班日，第15个工作日为3月12日"),
    (date(2026, 9, 24), 10, date(2026, 10, 15),
     "自9月24日次日起算，跳过中秋节3天、国庆节7天，含10月10日调休上班日，第10个工作日为10月15日"),
    (date(2026, 3, 9), 15, date(2026, 3, 30), "自3月9日次日起算，第15个工作日为3月30日"),
    (date(2026, 12, 11), 15, date(2027, 1, 4),
     "自12月11日次日起算，跳过元旦1天，第15个工作日为2027年1月4日（暂定：2027年国务院放假通知未发布，按法定节假日推算）"),
])
def test_count_explains_itself(start: date, days: int, due: date, words: str) -> None:
    counted = add_working(start, days)
    assert (counted.due, counted.words) == (due, words)
    assert counted.provisional is (due.year == 2027)


@pytest.mark.parametrize(("diagnosed", "due", "words"), [
    (date(2026, 2, 5), date(2026, 2, 24),
     "自2月5日次日起算，第10日为2月15日（春节假期），依民法典第二百零三条顺延至2月24日"),
    # The tenth day is a Saturday and the Sunday after it a working day before National Day.
    (date(2026, 9, 9), date(2026, 9, 20),
     "自9月9日次日起算，第10日为9月19日（休息日），依民法典第二百零三条顺延至9月20日"),
    (date(2026, 3, 16), date(2026, 3, 26), "自3月16日次日起算，第10日为3月26日"),
])
def test_report_explains_itself(diagnosed: date, due: date, words: str) -> None:
    counted = report_deadline(diagnosed)
    assert (counted.due, counted.words) == (due, words)


def test_a_pause_counts_its_first_day_and_not_its_last() -> None:
    # Friday 20 March; list delivered Wednesday 25 March (day 3), answered Friday 10 April; Monday 13 April is day 4.
    paused = add_working(date(2026, 3, 20), 4, pauses=[(date(2026, 3, 25), date(2026, 4, 10))])
    assert paused.due == date(2026, 4, 13)
    assert "3月25日次日至4月10日中止不计" in paused.words
    assert add_working(date(2026, 3, 20), 3, pauses=[(date(2026, 3, 25), date(2026, 4, 10))]).due == date(2026, 3, 25)


def test_a_pause_before_the_start_changes_nothing() -> None:
    # Scenario S03: the list was delivered on 25 March and answered on 10 April, the file complete on 13 April.
    paused = add_working(date(2026, 4, 13), 15, pauses=[(date(2026, 3, 25), date(2026, 4, 10))])
    assert paused.due == date(2026, 5, 7)
    assert "中止" not in paused.words


def test_two_pauses_and_a_pause_within_one_day() -> None:
    pauses = [(date(2026, 3, 10), date(2026, 3, 12)), (date(2026, 3, 11), date(2026, 3, 13)),
              (date(2026, 3, 16), date(2026, 3, 16))]
    # Monday 9 March: Tuesday 10 is day 1, 11 to 13 stand still, Monday 16 is day 2, Tuesday 17 day 3.
    assert add_working(date(2026, 3, 9), 3, pauses=pauses).due == date(2026, 3, 17)


def test_calendar_days_with_a_pause_and_without_a_roll() -> None:
    paused = add_calendar(date(2026, 4, 1), 30, pauses=[(date(2026, 4, 10), date(2026, 4, 15))])
    assert paused.raw_last == date(2026, 5, 6)      # 1 May, and five days that stood still
    assert add_calendar(date(2026, 2, 5), 10, extend=False).due == date(2026, 2, 15)


def test_a_year_nobody_released_is_loud() -> None:
    with pytest.raises(ConfigError) as missing:
        add_working(date(2027, 12, 20), 15)
    assert missing.value.field == "calendars.2028"
    with pytest.raises(ConfigError):
        calendar().is_workday(date(2023, 12, 31))


def test_wrong_counts_are_refused() -> None:
    with pytest.raises(InputError):
        add_working(date(2026, 1, 5), 0)
    with pytest.raises(InputError):
        add_working(date(2026, 1, 5), 5, pauses=[(date(2026, 1, 9), date(2026, 1, 8))])


def test_version_changes_with_the_files(tmp_path: Path) -> None:
    changed = (FOLDER / "2026.yaml").read_text(encoding="utf-8").replace("2026-10-10", "2026-10-11")
    (tmp_path / "2026.yaml").write_text(changed, encoding="utf-8")
    other = load([FOLDER / "2024.yaml", FOLDER / "2025.yaml", tmp_path / "2026.yaml", FOLDER / "2027.yaml"])
    assert other.version != calendar().version
    assert calendar().version.startswith("cn-2024-2027-")


@pytest.mark.parametrize("change", [("2026-10-10", "2026-10-12"), ("2026-10-10", "2027-10-10"),
                                    ("status: official", "status: maybe"), ("last: 2026-01-03", "last: 2025-12-31")])
def test_a_malformed_year_names_its_file(tmp_path: Path, change: tuple[str, str]) -> None:
    (tmp_path / "2026.yaml").write_text((FOLDER / "2026.yaml").read_text(encoding="utf-8").replace(*change),
                                        encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load([tmp_path / "2026.yaml"])
    assert wrong.value.field == "calendars.2026"


def test_next_year_raises_an_alarm_in_autumn() -> None:
    assert calendar().alarms(date(2026, 9, 30)) == []
    assert calendar().alarms(date(2026, 10, 1)) == ["2027年工作日历仅有暂定数据，涉及2027年的期限均为暂定"]
    assert calendar().alarms(date(2025, 11, 1)) == []
    assert calendar().alarms(date(2027, 12, 1)) == [
        "2027年工作日历仅有暂定数据，涉及2027年的期限均为暂定", "2028年工作日历缺失，涉及2028年的期限无法计算"]
