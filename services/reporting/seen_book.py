"""The access report of one person as a workbook to keep: who looked, and to whom data was given. Pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter

from services.core.clock import CHINA
from services.reporting.seen_by import Given, Seen, duties

SEEN = ("时间", "姓名", "所在组织", "职责", "看了什么", "说明", "受理编号", "为什么")
GIVEN = ("时间", "提供情况", "受理编号")
_WIDTHS = (20, 14, 34, 26, 20, 22, 22, 40)


def workbook(seen: Sequence[Seen], given: Sequence[Given], *, name: str, at: datetime) -> bytes:
    """Two sheets; every cell is text, so that nothing a person typed is ever a formula."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        head = f"{name} 个人信息查看记录，截至 {_moment(at)}"
        _sheet(book, "谁看过", head, SEEN, [
            (_moment(one.at), one.name, one.office, duties(one.duties), one.kind, one.detail, one.claim_no or "", one.why) for one in seen])
        _sheet(book, "提供给谁", head, GIVEN, [(_moment(one.at), one.kind, one.claim_no) for one in given])
    return buffer.getvalue()


def _sheet(book: xlsxwriter.Workbook, title: str, head: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    bold = book.add_format({"bold": True})
    page = book.add_worksheet(title)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.write_string(0, 0, head, bold)
    for column, (word, width) in enumerate(zip(heads, _WIDTHS, strict=False)):
        page.write_string(2, column, word, bold)
        page.set_column(column, column, width)
    for row, line in enumerate(lines, start=3):
        for column, value in enumerate(line):
            page.write_string(row, column, value)
    if not lines:
        page.write_string(3, 0, "没有记录")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
