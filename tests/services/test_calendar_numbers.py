"""The running number of working days, as SQL gets it."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from services.sla.calendars import day_numbers
from services.workdays.calendar import calendar

ROWS = Path(__file__).parent / "cases" / "working-days.csv"


def test_the_difference_of_two_numbers_is_the_working_days_between() -> None:
    days, numbers = day_numbers(calendar())
    number = dict(zip(days, numbers, strict=True))
    with ROWS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            start = date.fromisoformat(row["start_date_day0"])
            for budget in (10, 15):
                assert number[date.fromisoformat(row[f"due_{budget}_workdays"])] - number[start] == budget
    assert (days[-1], len(days)) == (date(2027, 12, 31), (days[-1] - days[0]).days + 1)
