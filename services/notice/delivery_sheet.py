"""送达登记单: the paper letters of a desk as a workbook to be filled in and handed back. Pure.

One row a letter, found again by its number; the clerk fills the last six columns. A row with nothing in them says nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from services.core.errors import InputError
from services.storage import kinds

TITLE = "送达登记单"
KNOWN = ("文号", "受理编号", "文书", "收件人", "单位", "转纸质日期")
TRACKING, POSTED_ON, SIGNED_ON, SIGNED_BY, BACK_ON, BACK_WHY = "挂号单号或送件人", "寄出日期", "签收日期", "签收人", "退回日期", "退回原因"
FILLED = (TRACKING, POSTED_ON, SIGNED_ON, SIGNED_BY, BACK_ON, BACK_WHY)
MOST = 2_000
_WIDTHS = (24, 20, 18, 14, 28, 14, 22, 14, 14, 14, 14, 24)
_TEXT = 49          # the built-in text format: a number typed in keeps its zeros


@dataclass(frozen=True, slots=True)
class Line:
    """One paper letter of the sheet."""

    number: str
    claim_no: str
    title: str
    name: str
    unit: str
    on: date
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a clerk filled in for one letter; `row` as the spreadsheet counts."""

    row: int
    number: str
    tracking: str
    posted_on: date | None
    signed_on: date | None
    signed_by: str
    back_on: date | None
    back_why: str


def sheet(lines: Sequence[Line], *, heading: str) -> bytes:
    """The workbook, ready to print across an A4 page."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        title = book.add_format({"bold": True, "font_size": 16})
        head = book.add_format({"bold": True, "border": 1, "text_wrap": True, "bg_color": "#EEEEEE"})
        cell, fill = book.add_format({"border": 1, "text_wrap": True}), book.add_format({"border": 1, "num_format": _TEXT})
        page = book.add_worksheet(TITLE)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(2)
        page.write_string(0, 0, TITLE, title)
        page.write_string(1, 0, f"{heading}，共 {len(lines)} 件。日期写成 2026-05-01；签收或退回二者填一。")
        for column, (name, width) in enumerate(zip((*KNOWN, *FILLED), _WIDTHS, strict=True)):
            page.write_string(2, column, name, head)
            page.set_column(column, column, width)
        for row, line in enumerate(lines, start=3):
            for column, value in enumerate((line.number, line.claim_no, line.title, line.name, line.unit, line.on.isoformat())):
                page.write_string(row, column, value, cell)
            for column, value in enumerate((line.tracking, "", "", "", "", ""), start=len(KNOWN)):
                page.write_string(row, column, value, fill)
    return buffer.getvalue()


def read(content: bytes) -> list[Told]:
    """The rows that say something. InputError names the row and column that cannot be read; a file that unpacks to too much is
    refused before it is read.
    """
    if kinds.true_kind(content) != kinds.XLSX:
        raise InputError("sheet_unreadable", "登记单须为 XLSX 表格", remedy="请另存为 XLSX 再上传", field="file")
    try:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError):
        raise InputError("sheet_unreadable", "登记单打不开", remedy="请另存为 XLSX 再上传", field="file") from None
    top = next((place for place, row in enumerate(rows[:20]) if KNOWN[0] in row and TRACKING in row), None)
    if top is None:
        raise InputError("sheet_header", f"没有找到表头“{KNOWN[0]}、{TRACKING}”", remedy="请使用下载的送达登记单", field="file")
    if len(rows) - top > MOST:
        raise InputError("sheet_long", f"登记单超过 {MOST} 行", remedy="分几次上传", field="file")
    columns = {str(name): place for place, name in enumerate(rows[top]) if name}
    if missing := [name for name in FILLED if name not in columns]:
        raise InputError("sheet_header", f"缺少列：{'、'.join(missing)}", remedy="请使用下载的送达登记单", field="file")
    told = [_told(place + 1, {name: row[column] for name, column in columns.items() if column < len(row)})
            for place, row in enumerate(rows) if place > top]
    return [one for one in told if one is not None]


def _told(row: int, cells: dict[str, object]) -> Told | None:
    if not any(_text(cells.get(name)) for name in FILLED):
        return None
    number = _text(cells.get(KNOWN[0]))
    if not number:
        raise InputError("sheet_number", f"第 {row} 行没有文号", remedy="照下载的登记单填写，不改前几列", field="file")
    return Told(row, number, _text(cells.get(TRACKING)), _day(row, POSTED_ON, cells), _day(row, SIGNED_ON, cells),
                _text(cells.get(SIGNED_BY)), _day(row, BACK_ON, cells), _text(cells.get(BACK_WHY)))


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value or "").strip()


def _day(row: int, name: str, cells: dict[str, object]) -> date | None:
    value = cells.get(name)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = _text(value)
    try:
        return date.fromisoformat(text.replace("/", "-").replace(".", "-")) if text else None
    except ValueError:
        raise InputError("date_wrong", f"第 {row} 行“{name}”不是日期：{text[:20]}", remedy="写成 2026-05-01", field="file") from None
