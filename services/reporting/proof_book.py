"""A day's proof as a workbook: what is open by person, what is wrong, who set amounts by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

from services.core.money import to_yuan
from services.reporting.money_proof import Kept

_OPEN = ("办事处", "案号或结算批次", "计划", "收款人", "核定（元）", "发送（元）", "到账（元）", "天数")


def workbook(found: Sequence[Kept]) -> bytes:
    """Three sheets over all offices of the day in sight."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet("未了款项")
        sheet.write_row(0, 0, _OPEN, bold)
        lines = [(one.report["office"], line) for one in found for line in one.report["open"]]
        for place, (office, line) in enumerate(lines, start=1):
            sheet.write_row(place, 0, (office, line["claim_no"], line["plan"], line["person"]))
            for column, name in enumerate(("approved_fen", "sent_fen", "credited_fen"), start=4):
                sheet.write_number(place, column, to_yuan(line[name]), money)
            sheet.write(place, 7, line["days"])
        sheet.set_column(0, 7, 18)
        wrong = book.add_worksheet("不符")
        wrong.write_row(0, 0, ("办事处", "不符之处"), bold)
        for place, pair in enumerate([(one.report["office"], words) for one in found for words in one.report["breaches"]], start=1):
            wrong.write_row(place, 0, pair)
        wrong.set_column(0, 1, 60)
        manual = book.add_worksheet("人工核定")
        manual.write_row(0, 0, ("办事处", "核定人", "件数", "决定金额（元）", "案号"), bold)
        rows = [(one.report["office"], row) for one in found for row in one.report["manual"]]
        for place, (office, row) in enumerate(rows, start=1):
            manual.write_row(place, 0, (office, row["person"], row["claims"]))
            manual.write_number(place, 3, to_yuan(row["decided_fen"]), money)
            manual.write_string(place, 4, "、".join(row["claim_numbers"]))
        manual.set_column(0, 4, 18)
    return buffer.getvalue()
