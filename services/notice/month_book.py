"""The enclosure of a month's report: each organisation with claims, a line of figures (XLSX). The same figures give the same bytes."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal

import xlsxwriter

from services.core.money import to_yuan
from services.notice.month_figures import OUTCOMES, PROMISES, STAGES, Month, Tally

_CREATED = datetime(1980, 1, 1)     # a mark instead of the moment, without which bytes would differ
_WIDTH = 13
HEADINGS = ("组织", "组织键", "受理报案", "补充材料告知", *OUTCOMES.values(), "决定给付金额（元）", "退还费用金额（元）",
            "到账笔数", "到账金额（元）", "人工核定件数", "人工核定案件决定金额（元）", *(f"月末{words}" for words in STAGES.values()),
            "月末在办合计", "期限按期", "期限逾期", "月末逾期未办")


def line(one: Tally) -> tuple[str | int | Decimal, ...]:
    """An organisation's line, after `HEADINGS`."""
    kept, missed, late = (sum(one.promised.get(kind, (0, 0, 0))[place] for kind in PROMISES) for place in range(3))
    return (one.name, one.org_key, one.n("reported"), one.n("asked"), *(one.n(kind) for kind in OUTCOMES), to_yuan(one.benefit_fen),
            to_yuan(one.fen.get("refund", 0)), one.n("credited"), to_yuan(one.fen.get("credited", 0)), one.n("manual"),
            to_yuan(one.fen.get("manual", 0)), *(one.stages.get(state, 0) for state in STAGES), one.open, kept, missed, late)


def workbook(month: Month, *, period: str) -> bytes:
    """The table with its sum. Cell texts never become formulas."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        book.set_properties({"created": _CREATED})
        title = book.add_format({"bold": True, "font_size": 14})
        bold, plain = book.add_format({"bold": True, "text_wrap": True, "border": 1}), book.add_format({"text_wrap": True, "border": 1})
        money = book.add_format({"num_format": "#,##0.00", "border": 1})
        page = book.add_worksheet("各单位情况")
        page.set_landscape()
        page.set_paper(8)           # A3
        page.fit_to_pages(1, 0)
        page.set_column(0, 1, 26)
        page.set_column(2, len(HEADINGS) - 1, _WIDTH)
        page.write_string(0, 0, f"{month.whole.name}{period}理赔情况表", title)
        for column, heading in enumerate(HEADINGS):
            page.write_string(2, column, heading, bold)
        page.freeze_panes(3, 1)
        page.repeat_rows(2)
        for place, one in enumerate((*month.units, month.whole), 3):
            for column, value in enumerate(line(one)):
                if isinstance(value, Decimal):
                    page.write_number(place, column, value, money)
                elif isinstance(value, int):
                    page.write_number(place, column, value, plain)
                else:
                    page.write_string(place, column, "合计" if one is month.whole and column == 0 else value, plain)
    return buffer.getvalue()
