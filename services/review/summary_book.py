"""A summary sheet as a workbook (XLSX): what is printed, signed on paper and kept beside the file."""

from __future__ import annotations

import io
from datetime import datetime

import xlsxwriter

from services.core.clock import CHINA
from services.core.money import to_yuan
from services.review.summary_queries import Line, Sheet
from services.rulebook import registry

HEADINGS = ("序号", "案号", "姓名", "事由", "核算金额（元）", "已通过的核对", "须注意", "本级处理", "备注")
_WIDTHS = (6, 18, 10, 28, 14, 40, 40, 16, 30)
_STATUS = {"drafted": "草稿（未签署）", "signed": "已签署", "received": "上级已接收", "discarded": "已作废"}


def workbook(sheet: Sheet) -> bytes:
    """The sheet's head, its lines and the sum of those that still stand. Cell texts never become formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        styles = {name: book.add_format({"text_wrap": True, "valign": "top", "border": 1, **more}) for name, more in (
            ("text", {}), ("money", {"num_format": "#,##0.00"}), ("heading", {"bold": True}))}
        page = book.add_worksheet("汇总表")
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        for column, width in enumerate(_WIDTHS):
            page.set_column(column, column, width)
        row = _head(page, sheet, book.add_format({"bold": True, "font_size": 14}))
        page.repeat_rows(row)
        for column, heading in enumerate(HEADINGS):
            page.write_string(row, column, heading, styles["heading"])
        for line in sheet.lines:
            row += 1
            _line(page, row, line, styles, drafted=sheet.head.status == "drafted")
        page.write_string(row + 1, 3, f"合计（{sheet.head.lines - sheet.head.off} 件）", styles["heading"])
        page.write_number(row + 1, 4, to_yuan(sheet.head.standing_fen), styles["money"])
        page.write_string(row + 3, 0, f"签署：{_signed(sheet.head.signed_by, sheet.head.signed_at)}")
        page.write_string(row + 4, 0, f"上级接收：{_signed(sheet.head.received_by, sheet.head.received_at)}")
        page.write_string(row + 5, 0, f"明细摘要（SHA-256）：{sheet.head.digest or '签署后生成'}")
    return buffer.getvalue()


def _head(page: xlsxwriter.worksheet.Worksheet, sheet: Sheet, title: xlsxwriter.format.Format) -> int:
    head = sheet.head
    page.write_string(0, 0, f"{registry.latest(head.plan).name} 理赔审核汇总表", title)
    lines = (f"编号：{head.sheet_no}", f"编制组织：{head.org_name}　审核层级：{head.level_name}",
             f"月份：{head.month.year} 年 {head.month.month} 月　状态：{_STATUS[head.status]}")
    for row, words in enumerate(lines, 1):
        page.write_string(row, 0, words)
    return len(lines) + 2


def _line(page: xlsxwriter.worksheet.Worksheet, row: int, line: Line, styles: dict[str, xlsxwriter.format.Format], *,
          drafted: bool) -> None:
    done = "待签署" if drafted else "已作出决定" if line.decided_fen is not None else "通过"
    note = f"{line.left.words}（{_day(line.left.at)}{'，' + line.left.by if line.left.by else ''}），已移出" if line.left else ""
    note = note or ("编入后事实有变动，须重新核对" if line.changed else "")
    texts = {1: line.claim_no, 2: line.name, 3: line.event, 5: "；".join(line.checks), 6: "；".join(line.flags), 7: done, 8: note}
    page.write_number(row, 0, line.position, styles["text"])
    page.write_number(row, 4, to_yuan(line.total_fen), styles["money"])
    for column, words in texts.items():
        page.write_string(row, column, words, styles["text"])


def _day(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d")


def _signed(name: str | None, at: datetime | None) -> str:
    return f"{name or ''} {_day(at)}" if at else "________　日期：________"
