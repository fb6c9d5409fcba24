"""The workbooks a unit gets: templates to fill in, and its own faulty rows with fault, column and remedy. Pure."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import xlsxwriter

from services.core.identity import BANKS
from services.enrolment import roster as sheet
from services.enrolment.faults import WHOLE, Fault
from services.enrolment.reading import Listed
from services.enrolment.rules import fee_tiers
from services.rulebook.schema import RuleBook

ROWS, SUMMARY, LIST, HELP = "有误的行", "汇总", "参保人员名单", "填写说明"
ROW, FAULT, COLUMN, REMEDY = "行号", "问题", "列", "办法"
WHOLE_ROSTER = "全名单"
_TEXT = 49      # the built-in text format: numbers typed in keep all digits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a roster, for the summary sheet."""

    plan: str
    unit: str
    effective: date
    file_name: str
    rows: int
    accepted: int
    keep_good: bool


def errors(listed: Listed, faults: Sequence[Fault], notes: Sequence[Fault], outcome: Outcome) -> bytes:
    """The rows with faults as uploaded, each with 问题, 列 and 办法 (a line per fault), and a summary. Faults in order.

    Every cell is text: what looks like a formula in an upload is never one here.
    """
    by_row = {row: list(group) for row, group in groupby(faults, key=lambda fault: fault.row)}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "errors.xlsx"
        with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
            text = book.add_format({"num_format": _TEXT, "text_wrap": True, "valign": "top"})
            rows = book.add_worksheet(ROWS)
            _line(rows, 0, [ROW, *listed.headings, FAULT, COLUMN, REMEDY], text)
            place = 0
            for number, cells in listed.as_uploaded():
                if number in by_row:
                    place += 1
                    padded = [*cells, *[""] * (len(listed.headings) - len(cells))]
                    _line(rows, place, [str(number), *padded, *_said(by_row[number])], text)
            rows.freeze_panes(1, 0)
            _summary(book.add_worksheet(SUMMARY), by_row, notes, outcome, text)
        return path.read_bytes()


def _said(faults: Sequence[Fault]) -> list[str]:
    return ["\n".join(fault.fault for fault in faults), "\n".join(fault.column for fault in faults),
            "\n".join(fault.remedy for fault in faults)]


def _summary(page: xlsxwriter.worksheet.Worksheet, by_row: dict[int, list[Fault]], notes: Sequence[Fault], outcome: Outcome,
             text: xlsxwriter.format.Format) -> None:
    wrong = sum(row != WHOLE for row in by_row)
    how = "保留合格的行" if outcome.keep_good else "全部合格才参保"
    lines = [["计划", outcome.plan], ["单位", outcome.unit], ["生效日", outcome.effective.isoformat()], ["文件", outcome.file_name],
             ["人数", str(outcome.rows)], ["有误的行", str(wrong)], ["已参保", str(outcome.accepted)], ["方式", how], [],
             [COLUMN, "有误的行数"]]
    count = Counter(column for row, faults in by_row.items() for column in {fault.column for fault in faults} if row != WHOLE)
    lines += [[column, str(number)] for column, number in sorted(count.items(), key=lambda item: (-item[1], item[0]))]
    for title, found in ((WHOLE_ROSTER, list(by_row.get(WHOLE, []))), ("提示", list(notes))):
        if found:
            lines += [[], [title, COLUMN, REMEDY], *([fault.fault, fault.column, fault.remedy] for fault in found)]
    for place, line in enumerate(lines):
        _line(page, place, line, text)
    page.set_column(0, 2, 40)


def _line(page: xlsxwriter.worksheet.Worksheet, place: int, cells: Sequence[str], text: xlsxwriter.format.Format) -> None:
    for column, cell in enumerate(cells):
        if cell:
            page.write_string(place, column, cell, text)


def template(book: RuleBook | None = None, *, seed: bool = False) -> bytes:
    """A roster to fill in: the seed's four columns (seed 003, annex 2) or our wider ones, with instructions.

    With a plan, the columns it does not ask for are left out and its tiers can be chosen.
    """
    headings = sheet.SEED if seed else _headings(book)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "template.xlsx"
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as made:
            text, bold = made.add_format({"num_format": _TEXT}), made.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
            title = made.add_format({"bold": True, "font_size": 14, "align": "center"})
            page = made.add_worksheet(LIST)
            page.merge_range(0, 0, 0, len(headings) - 1, f"{book.name if book else ''}{LIST}", title)
            first = 1 if seed else 2
            if not seed:
                page.write_string(1, 0, f"{sheet.UNIT}：")
            page.set_column(0, len(headings) - 1, 14, text)
            for column, heading in enumerate(headings):
                page.write_string(first, column, heading, bold)
                if heading in sheet.LONG_NUMBERS:
                    page.set_column(column, column, 24, text)
                if choices := _choices(heading, book):
                    page.data_validation(first + 1, column, first + sheet.MOST_ROWS, column, {
                        "validate": "list", "source": choices, "error_title": heading, "error_message": "请从列表中选择"})
            if seed:
                _seed_rows(page, first + 1)
            else:
                page.freeze_panes(first + 1, 0)
            _help(made.add_worksheet(HELP), headings, book)
        return path.read_bytes()


def _seed_rows(page: xlsxwriter.worksheet.Worksheet, first: int) -> None:
    """Three numbered rows and the footer, as printed; more rows go in between."""
    for place in range(3):
        page.write_string(first + place, 0, str(place + 1))
    page.write_string(first + 3, 0, f"{sheet.UNIT}：")


def _headings(book: RuleBook | None) -> tuple[str, ...]:
    """The wider template, less what this plan does not ask."""
    if book is None:
        return sheet.WIDE
    left_out = {sheet.TIER, sheet.HIGH_RISK} if not fee_tiers(book) and book.fee.high_risk is None else set()
    return tuple(name for name in sheet.WIDE if name not in left_out and (name != sheet.SHARES or book.shares.max > 1))


def _choices(heading: str, book: RuleBook | None) -> list[str]:
    return {sheet.RELATION: list(sheet.RELATION_CHOICES), sheet.HIGH_RISK: ["是", "否"], sheet.BANK: list(BANKS.values()),
            sheet.STAFF_KIND: list(sheet.STAFF_KINDS), sheet.TIER: list(fee_tiers(book)) if book else [],
            sheet.SHARES: [str(number) for number in range(1, book.shares.max + 1)] if book else []}.get(heading, [])


_HOW = {
    sheet.NAME: "按身份证填写，含间隔号“·”", sheet.NUMBER: "18 位；单元格须为“文本”格式，否则末三位会变成 0",
    sheet.OCCUPATION: "岗位，可不填",
    sheet.SHARES: "不填为 1 份", sheet.TIER: "分档缴费的计划必填，填普通工种的应缴费用（元）", sheet.HIGH_RISK: "“是”或“否”，不填为否",
    sheet.STAFF_KIND: "可不填；临时职工须聘用超过一年", sheet.RELATION: "不填为职工本人", sheet.PHONE: "11 位，可不填",
    sheet.BANK: "与银行账号同时填写，或都不填", sheet.ACCOUNT: "本人名下；单元格须为“文本”格式"}
_RULES = ("每人一行；表头不要改名，可以增加其他列（不读取）。", "一个文件只放一个单位、一个计划的名单；隐藏的工作表不读取。",
          "不要用公式：公式不执行，只按显示的值读取。", f"最多 {sheet.MOST_ROWS} 人；人员填完后再写“{sheet.UNIT}”，其后的行不读取。",
          "缴费来源、生效日、职工总数在上传时填写。")


def _help(page: xlsxwriter.worksheet.Worksheet, headings: Sequence[str], book: RuleBook | None) -> None:
    lines = [["列", "怎样填写", "可填的词"]]
    lines += [[heading, _HOW[heading], "、".join(_choices(heading, book))] for heading in headings if heading in _HOW]
    lines += [[], *([rule] for rule in _RULES)]
    if book:
        lines += [[], ["计划", book.name], ["参加条件", book.eligible.clause]]
        lines += [["参加比例", book.participation.clause]] if book.participation else []
    for place, line in enumerate(lines):
        for column, cell in enumerate(line):
            page.write_string(place, column, cell)
    page.set_column(0, 0, 16)
    page.set_column(1, 2, 60)
