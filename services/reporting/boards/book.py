"""A board as a workbook: one sheet a table, numbers as numbers. Cell texts never become formulas."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter

from services.core.clock import CHINA
from services.core.money import to_yuan
from services.reporting.boards import words
from services.reporting.boards.reading import Times, Whole, by_need
from services.reporting.boards.views import BANDS, Compared, Cut, KeptRow, OpenNow, OpenRow, Rates

Cell = str | int | float | Decimal | None
Names = Mapping[str, str]
_CREATED = datetime(1980, 1, 1)     # a mark instead of the moment, without which bytes would differ


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its name, headings and rows; `shares` are the columns that hold shares of one."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shares: tuple[int, ...] = ()


def workbook(found: Whole, cut: Cut) -> bytes:
    """Every table of the board. The same figures give the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        book.set_properties({"created": _CREATED})
        title, bold = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True, "text_wrap": True, "border": 1})
        plain, share = book.add_format({"text_wrap": True, "border": 1}), book.add_format({"num_format": "0.0%", "border": 1})
        for sheet in sheets(found, cut):
            page = book.add_worksheet(sheet.name)
            page.set_landscape()
            page.set_paper(9)
            page.fit_to_pages(1, 0)
            page.set_column(0, 0, 30)
            page.set_column(1, max(len(sheet.heads) - 1, 1), 13)
            page.write_string(0, 0, f"{found.now.place.name} {sheet.name}", title)
            page.write_string(1, 0, said_of(found, cut))
            for column, head in enumerate(sheet.heads):
                page.write_string(3, column, head, bold)
            page.freeze_panes(4, 1)
            page.repeat_rows(3)
            for place, row in enumerate(sheet.rows, 4):
                for column, value in enumerate(row):
                    shape = share if column in sheet.shares else plain
                    if value is None:
                        page.write_blank(place, column, None, shape)
                    elif isinstance(value, str):
                        page.write_string(place, column, value, shape)
                    else:
                        page.write_number(place, column, value, shape)
    return buffer.getvalue()


def said_of(found: Whole, cut: Cut) -> str:
    """Of which part, which months and which moment the figures are."""
    parts = [f"数据截至{found.now.kinds.as_of.astimezone(CHINA):%Y-%m-%d %H:%M}", words.month(cut.month) if cut.month else "近十二个月"]
    if cut.plan:
        parts.append(words.plans().get(cut.plan, cut.plan))
    if cut.insurer:
        parts.append(cut.insurer)
    return "；".join(parts)


def sheets(found: Whole, cut: Cut) -> Iterator[Sheet]:
    """The tables in the order of the pages."""
    heads = ("在办期限", "今天到期", "三个工作日内到期", "已逾期", "暂停中", *(f"已用{words.band(place)}" for place in range(len(BANDS))))
    plans, none = words.plans(), dict[str, str]()
    opened: tuple[tuple[str, str, OpenNow, Names], ...] = (
        ("按期限", "期限", found.now.kinds, words.KINDS), ("按下级", "组织", found.now.orgs, none),
        ("按计划", "计划", found.now.plans, plans))
    for name, head, rows, names in opened:
        yield Sheet(name, (head, *heads), (*_open(rows, names), _open_row(rows.total, "合计")))
    took: tuple[tuple[str, str, Times, Names], ...] = (
        ("用时按环节", "环节", found.stages, words.STAGES), ("用时按层级", "层级", found.levels, words.levels()),
        ("用时按计划", "计划", found.plans, plans), ("用时按下级", "组织", found.orgs, none))
    for name, head, lines, names in took:
        yield Sheet(name, (head, "件数", *TIME_HEADS), tuple(_times(lines, names)))
    yield Sheet("按期率按月", ("月份", "按期", "逾期", "按期率", "上年按期率"), tuple(
        (words.month(row.month), row.kept, row.missed, row.share, then.share)
        for row, then in zip(found.kept.months, found.kept_before.months, strict=True)), (3, 4))
    yield Sheet("按期率按期限", ("期限", "按期", "逾期", "按期率", "上月按期率", "上年同月按期率"), tuple(
        _kept(one, words.KINDS.get(one.now.kind, one.now.kind)) for one in (*found.kept.kinds, found.kept.total)), (3, 4, 5))
    yield Sheet("办理质量", RATE_HEADS, tuple(_rates(row) for row in found.quality.months), (3, 8, 10))
    yield Sheet("待定事项", ("事项", "计划", "层级", "件数"), tuple(_waiting(found)))


TIME_HEADS = ("工作日中位数", "工作日九成", "工作日九成五", "自然日中位数", "自然日九成", "自然日九成五",
              "上月工作日中位数", "上年同月工作日中位数")
RATE_HEADS = ("月份", "完成核验", "其中一次齐全", "一次齐全率", "作出决定", "其中补过材料", "补充轮次", "其中退回过", "退回率",
              "其中不予给付", "不予给付率", "已付款", "到账金额（元）")


def _open(found: OpenNow, names: Names) -> Iterator[tuple[Cell, ...]]:
    for row in by_need(found):
        yield _open_row(row, names.get(row.key, row.name))


def _open_row(row: OpenRow, name: str) -> tuple[Cell, ...]:
    return (name, row.open, row.due_today, row.soon, row.late, row.paused, *row.ages)


def _times(found: Times, names: Names) -> Iterator[tuple[Cell, ...]]:
    for line in found.lines:
        row = line.row
        yield (names.get(row.key, row.name), row.n, row.workdays.median, row.workdays.p90, row.workdays.p95, row.days.median, row.days.p90,
               row.days.p95, line.last_month.workdays.median if line.last_month else None,
               line.last_year.workdays.median if line.last_year else None)


def _kept(one: Compared, name: str) -> tuple[Cell, ...]:
    rows: Sequence[KeptRow] = (one.now, one.last_month, one.last_year)
    return (name or "合计", one.now.kept, one.now.missed, *(row.share for row in rows))


def _rates(row: Rates) -> tuple[Cell, ...]:
    return (words.month(row.month), row.verified, row.complete, part(row.complete, row.verified), row.decided, row.asked, row.rounds,
            row.returned, part(row.returned, row.decided), row.refused, part(row.refused, row.decided), row.paid,
            to_yuan(row.paid_fen))


def _waiting(found: Whole) -> Iterator[tuple[Cell, ...]]:
    names = words.plans()
    for row in found.outstanding.manual:
        yield ("待人工核定金额", names.get(row.plan, row.plan), row.name, row.claims)
    for reading in found.outstanding.readings:
        yield (f"{reading.id} {reading.question}", "、".join(names.get(plan, plan) for plan in reading.plans), "", reading.claims)
    for plan in found.outstanding.unverified:
        yield (f"没有公开出处的数 {len(plan.keys)} 个", names.get(plan.plan, plan.plan), "", plan.claims)


def part(some: int, every: int) -> float | None:
    """A share; None of nothing."""
    return some / every if every else None


def named(month: date | None) -> str:
    """For a file's name."""
    return f"{month:%Y-%m}" if month else "近十二个月"
