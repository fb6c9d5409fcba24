"""Months: named by their first day, written 2026-03."""

from __future__ import annotations

from datetime import date

from services.core.errors import InputError

FIRST, NEVER = date(2000, 1, 1), date(2200, 1, 1)       # no record is older; a year before and after must still be dates


def month_of(text: str) -> date:
    """`2026-03` as its first day. InputError else (field `month`)."""
    try:
        return known(date.fromisoformat(f"{text}-01") if len(text) == 7 else date.max)
    except ValueError:
        raise _wrong() from None


def known(month: date) -> date:
    """The same month where there may be a record of it. InputError else (field `month`)."""
    if not FIRST <= month < NEVER:
        raise _wrong()
    return month


def months_on(month: date, by: int) -> date:
    """The first day of the month that many months after a day's own; before it when negative."""
    place = month.year * 12 + month.month - 1 + by
    return date(place // 12, place % 12 + 1, 1)


def _wrong() -> InputError:
    return InputError("month_wrong", "月份写法不对", remedy="写成 2026-03", field="month")
