"""A settlement's summary and distribution as a workbook."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

from services.core.money import to_yuan
from services.models import Settlement
from services.settlement.city.queries import Column


def workbook(found: Settlement, columns: Sequence[Column], plan_name: str) -> bytes:
    """Two sheets: the sums, and how many lines pay how much."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as file:
        money = file.add_format({"num_format": "#,##0.00"})
        head = file.add_format({"bold": True})
        sums = file.add_worksheet("汇总")
        sums.set_column(0, 0, 32)
        sums.set_column(1, 1, 20)
        sums.write_row(0, 0, (plan_name, f"{found.year} 年第 {found.quarter} 季度"), head)
        for place, (name, number) in enumerate(counts(found), 1):
            sums.write_row(place, 0, (name, number))
        last = len(counts(found)) + 1
        for place, (name, fen) in enumerate((("应付（元）", found.due_fen), ("多付待抵（元）", found.receivable_fen)), last):
            sums.write(place, 0, name)
            sums.write(place, 1, to_yuan(fen), money)
        spread = file.add_worksheet("给付分布")
        spread.set_column(0, 0, 24)
        spread.write_row(0, 0, ("给付", "人数"), head)
        for place, column in enumerate(columns, 1):
            spread.write_row(place, 0, (column.words, column.lines))
    return held.getvalue()


def counts(found: Settlement) -> tuple[tuple[str, int], ...]:
    """The counts of a settlement in their order, with their names."""
    return (("数据行数", found.rows), ("不合格", found.rejected), ("查无此人或不在保障期", found.unresolved),
            ("与先前相同", found.unchanged), ("新的或变更的结算单", found.bills), ("涉及会员（按年度）", found.lines),
            ("给付", found.paying), ("封顶线以上（年度办理）", found.over_cap), ("年末立案", found.claims))
