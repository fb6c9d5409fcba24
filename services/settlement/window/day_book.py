"""The windows' days as a workbook: one sheet of days with what is to be paid to whom, one of every difference."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import xlsxwriter

from services.core.money import to_yuan
from services.settlement.window.queries import DIFFERENCES, Day, Difference

STATES: Mapping[str, str] = {"open": "未对账", "differs": "有差异", "agreed": "相符，待拨付", "paying": "拨付待复核", "paid": "已拨付"}
PAY_TO: Mapping[str, str] = {"hospital": "医院", "fund": "医保基金"}
_DAYS = ("日期", "医院", "机构编号", "拨付对象", "我方笔数", "我方金额（元）", "医院笔数", "医院金额（元）", "差异笔数",
         "状态", "银行流水号", "拨付日期")
_DIFFERENT = ("日期", "医院", "结算ID", "差异", "医院金额（元）", "我方金额（元）")
Value = str | int | None


def workbook(days: Sequence[Day], differing: Mapping[int, Sequence[Difference]]) -> bytes:
    """`differing`: by the day's place in `days`. Sums stand below by whom they go to."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet("各日对账")
        sheet.write_row(0, 0, _DAYS, bold)
        for place, one in enumerate(days, start=1):
            sheet.write_row(place, 0, (one.day.isoformat(), one.hospital, one.code, PAY_TO[one.pay_to], one.our_bills))
            sheet.write_number(place, 5, to_yuan(one.our_fen), money)
            if one.their_fen is not None:
                sheet.write_row(place, 6, (one.their_bills,))
                sheet.write_number(place, 7, to_yuan(one.their_fen), money)
                sheet.write_row(place, 8, (one.differences,))
            sheet.write_row(place, 9, (STATES[one.state], one.reference or "", one.paid_on.isoformat() if one.paid_on else ""))
        for place, (code, words) in enumerate(PAY_TO.items(), start=len(days) + 2):
            sheet.write_string(place, 0, f"应拨付{words}合计（相符、未拨付）", bold)
            sheet.write_number(place, 5, to_yuan(sum(one.our_fen for one in days if one.pay_to == code
                                                     and one.state in ("agreed", "paying"))), money)
        sheet.set_column(0, 11, 16)
        lines = [(days[at], one) for at, found in differing.items() for one in found]
        sheet = book.add_worksheet("差异")
        sheet.write_row(0, 0, _DIFFERENT, bold)
        for place, (day, line) in enumerate(lines, start=1):
            sheet.write_row(place, 0, (day.day.isoformat(), day.hospital, line.setl_id, DIFFERENCES[line.kind]))
            for column, fen in ((4, line.theirs_fen), (5, line.ours_fen)):
                if fen is not None:
                    sheet.write_number(place, column, to_yuan(fen), money)
        sheet.set_column(0, 5, 18)
    return buffer.getvalue()
