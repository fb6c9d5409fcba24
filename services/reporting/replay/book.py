"""A replay as a workbook: sums, distribution, every claim that changes, and everything the sums leave out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import xlsxwriter

from services.core.money import to_yuan
from services.reporting.replay.views import Replay, Sum
from services.reporting.replay.words import OUTSIDE, RANGE_WORDS, notes

Cell = str | int | Decimal | None
_CREATED = datetime(1980, 1, 1)     # a mark instead of the moment, without which bytes would differ
_SUMS = ("件数", "其中变化", "原核算（元）", "测算（元）", "差额（元）")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its name, headings and rows."""

    name: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


def workbook(found: Replay, *, by_claim: bool) -> bytes:
    """Every table of the replay; those of single claims only `by_claim`. The same replay gives the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as made:
        made.set_properties({"created": _CREATED})
        bold, money = made.add_format({"bold": True, "text_wrap": True, "border": 1}), made.add_format({"num_format": "#,##0.00"})
        for sheet in sheets(found, by_claim=by_claim):
            page = made.add_worksheet(sheet.name)
            page.set_column(0, 0, 30)
            page.set_column(1, max(len(sheet.heads) - 1, 1), 18)
            page.freeze_panes(1, 1)
            for column, head in enumerate(sheet.heads):
                page.write_string(0, column, head, bold)
            for line, row in enumerate(sheet.rows, 1):
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        page.write_string(line, column, value)
                    elif isinstance(value, Decimal):
                        page.write_number(line, column, value, money)
                    elif value is not None:
                        page.write_number(line, column, value)
    return buffer.getvalue()


def sheets(found: Replay, *, by_claim: bool) -> Iterator[Sheet]:
    """The tables in the order of the page."""
    yield Sheet("测算结果", ("项目", "数值"), list(totals(found)))
    yield Sheet("按决定年度", ("年度", *_SUMS), [(row.key or "没有决定", *sums(row)) for row in found.years])
    yield Sheet("按待遇", ("待遇", *_SUMS), [(found.names.get(row.key, row.key), *sums(row)) for row in found.benefits])
    yield Sheet("差额分布", ("差额", *_SUMS), [(RANGE_WORDS[row.key], *sums(row)) for row in found.ranges])
    yield Sheet("不能测算的原因", ("原因", "件数", "办法"), [(one.message, len(one.claims), one.remedy) for one in found.uncomputed])
    if not by_claim:
        return
    yield Sheet("变化的案件", ("案号", "决定年度", "原核算（元）", "测算（元）", "差额（元）"), [
        (one.claim_no, one.year, to_yuan(one.before), to_yuan(one.after), to_yuan(one.difference)) for one in found.changed])
    yield Sheet("不能测算的案件", ("案号", "原因", "办法"), [
        (number, one.message, one.remedy) for one in found.uncomputed for number in one.claims] + [
        (number, "按本文件须由审核人员核定金额", "没有计入合计") for number in found.waiting])
    yield Sheet("决定与核算不同", ("案号", "核算（元）", "决定（元）", "原因"), [
        (one.claim_no, to_yuan(one.first), _yuan(one.second), one.why) for one in found.decided_otherwise])
    yield Sheet("原规则重算不符", ("案号", "冻结（元）", "重算（元）", "原因"), [
        (one.claim_no, to_yuan(one.first), _yuan(one.second), one.why) for one in found.unproven])


def totals(found: Replay) -> Iterator[tuple[str, Cell]]:
    """Every number that stands above the tables, in words, then what must be known of them."""
    yield "计划", found.name
    yield "规则文件自", found.version
    yield "规则文件的 SHA-256", found.digest
    yield "已付款和已结案件", found.closed
    yield "其中没有冻结的核算表（撤回、不再申领等）", found.without_sheet
    for key, n in found.outside.items():
        yield f"其中{OUTSIDE[key]}", n
    yield "其中按本文件不能测算", found.unread
    yield "其中按本文件待人工核定金额", len(found.waiting)
    yield "测算的案件", found.computed
    yield "其中金额变化", len(found.changed)
    yield "原核算合计（元）", to_yuan(found.before)
    yield "测算合计（元）", to_yuan(found.after)
    yield "差额（元）", to_yuan(found.difference)
    yield "实际决定合计（元）", to_yuan(found.decided)
    yield "决定与核算不同的案件", len(found.decided_otherwise)
    yield "按原规则重算与冻结金额相等的案件", found.proven
    yield "按原规则重算与冻结金额不符的案件", len(found.unproven)
    for note in notes(found):
        yield "说明", note


def sums(row: Sum) -> tuple[Cell, ...]:
    """The cells of a sum after its key."""
    return row.claims, row.changed, to_yuan(row.before), to_yuan(row.after), to_yuan(row.difference)


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else to_yuan(fen)
