"""The trial balance as a workbook: one sheet a plan, every account over the month, the columns' sums below."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

import xlsxwriter

from services.core.money import to_yuan
from services.ledger.queries import Month

HEADINGS = ("科目", "专户账号", "期初余额（元）", "本期借方（元）", "本期贷方（元）", "期末余额（元）")


def sums(rows: Sequence[Month]) -> tuple[int, int, int, int]:
    """Before, debit, credit, after; fen. The first and the last are zero where the whole plan is in sight."""
    return (sum(row.before_fen for row in rows), sum(row.debit_fen for row in rows), sum(row.credit_fen for row in rows),
            sum(row.after_fen for row in rows))


def workbook(rows: Sequence[Month], *, month: date, names: Mapping[str, str]) -> bytes:
    """`names`: plan code to title; an empty month still has a sheet that says so."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        if not rows:
            book.add_worksheet("试算平衡表").write_string(0, 0, f"{month:%Y年%m月}没有记账", bold)
        for plan, group in groupby(rows, key=lambda row: row.plan):
            found = list(group)
            sheet = book.add_worksheet(plan[:31])
            sheet.write_string(0, 0, f"{names.get(plan, plan)} {month:%Y年%m月}试算平衡表", bold)
            sheet.write_row(1, 0, HEADINGS, bold)
            lines = [(row.name, row.bank_account, row.before_fen, row.debit_fen, row.credit_fen, row.after_fen) for row in found]
            for place, (name, account, *fens) in enumerate([*lines, ("合计", "", *sums(found))], start=2):
                sheet.write_string(place, 0, name)
                sheet.write_string(place, 1, account)
                for column, fen in enumerate(fens, start=2):
                    sheet.write_number(place, column, to_yuan(fen), money)
            sheet.set_column(0, 1, 20)
            sheet.set_column(2, 5, 18)
    return buffer.getvalue()
