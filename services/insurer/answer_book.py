"""The workbook in which an insurer without a line answers: the open list with its keys, how it is read, and its faults. Pure.

One row a liability. Keys (移送编号 to 案卷摘要) come from the open list and must come back unchanged; what is said once of a claim
(合计, 报案号, 决定日期, 决定书文号 …) stands in its first row and may be repeated in the others, never otherwise.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from services.core.errors import InputError
from services.enrolment.faults import Fault
from services.enrolment.formulas import formula_cells
from services.enrolment.roster import shown

KEY, CLAIM, ROUND, VERSION, DIGEST, LIABILITY = "移送编号", "案号", "轮次", "版本", "案卷摘要", "责任代码"
NAME, OURS = "责任", "本会核算（元）"
AMOUNT, REASON, CLAUSE = "核定金额（元）", "理由代码", "条款"
REFUND, TOTAL, REPORT_NO, CASE_NO, DECIDED_ON, LETTER_NO = "退还费用（元）", "合计（元）", "报案号", "立案号", "决定日期", "决定书文号"
KEYS = (KEY, CLAIM, ROUND, VERSION, DIGEST, LIABILITY)
OF_CLAIM = (REFUND, TOTAL, REPORT_NO, CASE_NO, DECIDED_ON, LETTER_NO)
COLUMNS = (*KEYS, NAME, OURS, AMOUNT, REASON, CLAUSE, *OF_CLAIM)
NEEDED = (*KEYS, AMOUNT, REASON, CLAUSE, *OF_CLAIM)
ROW, FAULT, COLUMN, REMEDY = "行号", "问题", "列", "办法"
MOST_ROWS = 5_000
_TEXT = 49      # the built-in text format: numbers typed in keep all digits


@dataclass(frozen=True, slots=True)
class Line:
    """One row as typed, by column; `place` is the number the spreadsheet shows. Empty cells are left out."""

    place: int
    cells: Mapping[str, str]
    formulas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """One liability that an open file asks for; amounts in yuan with two decimals, empty where we have none."""

    handoff: str
    claim_no: str
    round: int
    version: int
    digest: str
    liability: str
    name: str
    ours: str


def open_list(rows: Sequence[Open], reasons: Mapping[str, str]) -> bytes:
    """The list to fill in, and what to write where."""
    sheet = [[row.handoff, row.claim_no, str(row.round), str(row.version), row.digest, row.liability, row.name, row.ours] for row in rows]
    notes = [["列", "怎样填写"], ["、".join(KEYS), "不要改动"], [AMOUNT, "每项必填，没有给付的写 0.00"],
             [REASON, "没有给付的必填，取下表代码"], [CLAUSE, "每项必填"], [REFUND, "退还费用的填写，否则不填"],
             [TOTAL, "各项与退还费用之和，写在本案首行"], [REPORT_NO, "尚未报案回执的必填"], [DECIDED_ON, "必填，如 2026-03-20"],
             [LETTER_NO, "必填；决定书另以 PDF 上传，文件名为案号"], ["", "一份案卷的各项责任须一并答复；不要用公式。"],
             *([f"代码 {code}", words] for code, words in reasons.items())]
    return _workbook([("答复", [list(COLUMNS), *sheet]), ("填写说明", notes)])


def read(content: bytes) -> list[Line]:
    """The rows of the first sheet with our header. InputError: unreadable, no header, a column missing or twice, empty, too long."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables = [(place, list(book.get_sheet_by_name(name).iter_rows())) for place, name in enumerate(book.sheet_names)]
    except CalamineError:
        raise InputError("answers_unreadable", "答复表打不开", remedy="请另存为 XLSX 再上传", field="content") from None
    for place, table in tables:
        for top, row in enumerate(table[:20]):
            headings = ["".join(shown(cell).split()) for cell in row]
            if {KEY, LIABILITY} <= set(headings):
                return _lines(headings, table, top, formula_cells(content, place))
    raise InputError("answers_header", f"没有找到表头“{KEY}、{LIABILITY}”", remedy="请在下载的待答复清单上填写", field="content")


def _lines(headings: Sequence[str], table: Sequence[Sequence[object]], top: int, formulas: Iterable[tuple[int, int]]) -> list[Line]:
    for name in NEEDED:
        if headings.count(name) != 1:
            raise InputError("answers_column", f"缺少列“{name}”或有两列", remedy="请在下载的待答复清单上填写", field="content")
    reckoned: dict[int, list[str]] = {}
    for at, column in formulas:
        if column < len(headings):
            reckoned.setdefault(at, []).append(headings[column])
    lines = []
    for place, row in enumerate(table[top + 1:], start=top + 2):
        cells = {name: text for name, cell in zip(headings, row, strict=False) if name in COLUMNS and (text := shown(cell).strip())}
        if cells:
            lines.append(Line(place, cells, tuple(reckoned.get(place, ()))))
    if not lines:
        raise InputError("answers_empty", "答复表没有内容", remedy="填写后再上传", field="content")
    if len(lines) > MOST_ROWS:
        raise InputError("answers_long", f"答复表有 {len(lines)} 行，超过 {MOST_ROWS} 行", remedy="请拆分上传", field="content")
    return lines


def errors(lines: Sequence[Line], faults: Sequence[Fault]) -> bytes:
    """Every row of a claim that could not be taken, as typed, with each fault's column and remedy; nothing typed is lost."""
    found: dict[int, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.row, []).append(fault)
    bad = {line.cells.get(KEY, "") for line in lines if line.place in found}
    rows = [[ROW, *COLUMNS, FAULT, COLUMN, REMEDY]]
    for line in lines:
        if line.place in found or line.cells.get(KEY, "") in bad:
            about = found.get(line.place, [])
            rows.append([str(line.place), *(line.cells.get(name, "") for name in COLUMNS), "；".join(one.fault for one in about),
                         "；".join(one.column for one in about), "；".join(one.remedy for one in about)])
    return _workbook([("有误的行", rows)])


def _workbook(pages: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
                                      "strings_to_urls": False}) as book:
        text = book.add_format({"num_format": _TEXT, "text_wrap": True, "valign": "top"})
        for title, rows in pages:
            page = book.add_worksheet(title)
            page.set_column(0, max(len(row) for row in rows) - 1, 18, text)
            page.freeze_panes(1, 0)
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    page.write_string(place, column, cell, text)
    return buffer.getvalue()
