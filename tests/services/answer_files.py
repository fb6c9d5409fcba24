"""An insurer's workbook as it is filled in, and a workbook read back."""

from __future__ import annotations

import io
from collections.abc import Mapping

import xlsxwriter
from python_calamine import CalamineWorkbook

from services.insurer import answer_book as book

# S03 by the seed: 100000 and (10 − 3) + (5 − 3) days at 100.
PAID = {"breast_cancer": "100000.00", "breast_cancer_allowance": "900.00"}
NONE: Mapping[str, str] = {}


def table(content: bytes) -> list[dict[str, str]]:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [dict(zip([str(cell) for cell in rows[0]], [str(cell) for cell in row], strict=False)) for row in rows[1:]]


def filled(rows: list[dict[str, str]], changes: Mapping[str, str] = NONE, *, amounts: Mapping[str, str] = PAID) -> bytes:
    """As the insurer fills it in; `changes` by column, for the first row."""
    buffer, total = io.BytesIO(), sum(float(amount) for amount in amounts.values())
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, book.COLUMNS)
        for place, row in enumerate(rows, 1):
            amount = amounts.get(row[book.LIABILITY], "0.00")
            cells = {**row, book.AMOUNT: amount, book.REASON: "" if amount != "0.00" else "not_in_list", book.CLAUSE: "安康保办法 第五条"}
            if place == 1:
                cells |= {book.TOTAL: f"{total:.2f}", book.REPORT_NO: "BA-1", book.CASE_NO: "LA-1", book.DECIDED_ON: "2026-03-20",
                          book.LETTER_NO: "赔字1号", **changes}
            page.write_row(place, 0, [cells.get(name, "") for name in book.COLUMNS])
    return buffer.getvalue()
