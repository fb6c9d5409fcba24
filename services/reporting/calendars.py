"""Calendars as pages show them: a year in months, what a proposed year would change, which days a release has moved."""

from __future__ import annotations

import calendar as months
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
import xlsxwriter
from sqlmodel import Session

from services.reporting.archive_sheet import CLOCKS
from services.sla import calendars, recount
from services.sla.recount import Change
from services.workdays.calendar import Calendar
from services.workdays.years import Year

Day = tuple[date, str, str]             # the day, how it is shown, the holiday's name
PAGE = 100
HEADINGS = ("案号", "期限", "原日期", "新日期", "相差天数", "新的计算", "写有原日期的文书", "期限变更告知书", "重算时间")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a year would change at an organisation: days told otherwise, and promised days that would move."""

    span: tuple[date, date] | None
    changes: tuple[Change, ...]

    @property
    def clocks(self) -> int:
        """How many running promises would get another last day."""
        return sum(change.clocks for change in self.changes)


@dataclass(frozen=True, slots=True)
class Moved:
    """A promised day that moved. `letters`: numbers of those that had named it; `told`: number or state of the new letter."""

    claim_no: str
    kind: str
    old_due: date
    new_due: date
    words: str
    letters: tuple[str, ...]
    told: str | None
    counted_at: datetime

    @property
    def name(self) -> str:
        """The promise in words."""
        return CLOCKS.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Totals:
    """All that moved in sight: promises, those told in writing before, letters with the new day drafted and gone out."""

    moved: int
    owed: int
    drafted: int
    sent: int


def preview(session: Session, org_key: str, year: Year) -> Preview:
    """Before it is proposed, and before it is released."""
    now = calendars.calendar_for(session, org_key)
    then = calendars.proposed(session, org_key, org_key, year)
    return Preview(calendars.changed_days(now, then), tuple(recount.foreseen(session, org_key, year)))


def shown(cal: Calendar, number: int) -> list[tuple[date, list[list[Day | None]]]]:
    """A year's months in weeks."""
    return [(date(number, month, 1), [[_shown(cal, day) if day.month == month else None for day in week]
                                      for week in months.Calendar().monthdatescalendar(number, month)]) for month in range(1, 13)]


def _shown(cal: Calendar, day: date) -> Day:
    if cal.is_makeup(day):
        return day, "makeup", ""
    name = cal.holiday(day)
    return day, "off" if name else "rest" if day.weekday() >= 5 else "", name or ""


_TOTALS = sa.text("""
    SELECT count(*) AS moved, count(*) FILTER (WHERE r.letters <> '[]') AS owed, count(n.id) AS drafted,
           count(n.id) FILTER (WHERE n.state IN ('issued', 'dispatched', 'delivered')) AS sent
    FROM clock_recount r LEFT JOIN notice n ON n.claim_id = r.claim_id AND n.code = 'date_changed' AND n.edition = 1
        AND n.cause = 'clock.recounted:' || r.id""")
_ROWS = sa.text("""
    SELECT c.claim_no, r.kind, r.old_due, r.new_due, r.new_words, ARRAY(SELECT o.number FROM notice o WHERE o.claim_id = r.claim_id
        AND r.letters ? o.id::text ORDER BY o.issued_at, o.id) AS letters,
        (SELECT coalesce(n.number, n.state) FROM notice n WHERE n.claim_id = r.claim_id AND n.code = 'date_changed'
         AND n.cause = 'clock.recounted:' || r.id ORDER BY n.edition DESC LIMIT 1) AS told, r.counted_at
    FROM clock_recount r JOIN claim c ON c.id = r.claim_id ORDER BY r.counted_at DESC, c.claim_no, r.id LIMIT :limit OFFSET :skip""")


def totals(session: Session) -> Totals:
    """Counts alone, for who may see no claim."""
    return Totals(*session.execute(_TOTALS).one())


def moved(session: Session, *, skip: int = 0, limit: int = PAGE) -> list[Moved]:
    """The last first."""
    return [Moved(row.claim_no, row.kind, row.old_due, row.new_due, row.new_words, tuple(row.letters), row.told, row.counted_at)
            for row in session.execute(_ROWS, {"skip": skip, "limit": limit})]


def workbook(rows: Sequence[Moved]) -> bytes:
    """The list as XLSX. Cell texts never become formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        page, bold = book.add_worksheet("变更的日期"), book.add_format({"bold": True})
        for column, (heading, width) in enumerate(zip(HEADINGS, (18, 14, 12, 12, 10, 60, 40, 26, 20), strict=True)):
            page.write_string(0, column, heading, bold)
            page.set_column(column, column, width)
        for line, row in enumerate(rows, 1):
            cells = (row.claim_no, row.name, row.old_due.isoformat(), row.new_due.isoformat(), f"{(row.new_due - row.old_due).days:+d}",
                     row.words, "、".join(row.letters), row.told or "", f"{row.counted_at:%Y-%m-%d %H:%M}")
            for column, cell in enumerate(cells):
                page.write_string(line, column, cell)
    return buffer.getvalue()
