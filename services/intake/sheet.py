"""A workbook of reports, one row an event: how it is read, its template and the workbook of its faults. Pure.

The columns of an event are the facts' own Chinese names (`rulebook.facts`), so that a new fact needs no new column here.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from services.core.clock import CHINA
from services.core.errors import InputError
from services.enrolment.faults import Fault
from services.enrolment.formulas import formula_cells
from services.enrolment.roster import shown, text_of
from services.intake.reports import NewReport, PhoneCall
from services.models.case import LINES
from services.rulebook.facts import FACTS, FactSpec
from services.rulebook.forms import CHOICES

NUMBER, NAME, KIND, HOSPITAL, REPORTED, LATE = "身份证号", "姓名", "事件类别", "医院", "报案日期", "迟报原因"
COMMITTEE, INSURER, JOIN, APART = "告知单位日期", "告知保险公司日期", "并入报案号", "另案理由"
CALLER, RELATION, CALLED_AT, CALLED_ON, LINE, SAID, PHONE = "来电人", "与会员关系", "来电时间", "拨打号码", "线路", "来电内容", "来电号码"
_CALL = (CALLER, RELATION, CALLED_AT, CALLED_ON, LINE, SAID, PHONE)
_FACTS = {spec.label: name for name, spec in FACTS.items() if name.startswith("event.") and name not in (
    "event.kind", "event.stays.days", "event.stays.from")}
_LINES = {"保险公司": "95511", "办事处": "office"} | {line: line for line in LINES}
COLUMNS = frozenset({NUMBER, NAME, KIND, HOSPITAL, REPORTED, LATE, COMMITTEE, INSURER, JOIN, APART, *_CALL, *_FACTS})
TEMPLATE = (NUMBER, NAME, KIND, "确诊日期", "疾病编码（ICD-10）", "疾病名称", "形态学性质码（ICD-O-3）", "严重程度", "病检标本提取日",
            "发生日期", "意外场合", "住院记录", "住院自付金额", HOSPITAL, REPORTED, LATE, INSURER, *_CALL, JOIN, APART)
_WORDS = {text: word for word, text in CHOICES.items()}
_YES = {"是": True, "否": False}
_LOOK, MOST_ROWS = 20, 2_000
_TEXT = 49      # the built-in text format: numbers typed in keep all digits
FAULT, COLUMN, REMEDY, ROW = "问题", "列", "办法", "行号"


@dataclass(frozen=True, slots=True)
class Line:
    """One row as typed, by column; `place` is the number the spreadsheet shows; `formulas`: columns that were not typed."""

    place: int
    cells: Mapping[str, str]
    as_uploaded: tuple[str, ...]
    formulas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a workbook and its headings as uploaded."""

    headings: tuple[str, ...]
    lines: list[Line]


def read(content: bytes) -> Sheet:
    """The visible sheet with our header. InputError when there is none, it is empty, too long, or names a column twice."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables = [(place, list(book.get_sheet_by_name(about.name).iter_rows()))
                  for place, about in enumerate(book.sheets_metadata) if about.visible == SheetVisibleEnum.Visible]
    except CalamineError:
        raise InputError("report_file_unreadable", "报案文件打不开", remedy="请另存为 XLSX 再上传", field="content") from None
    for place, table in tables:
        for top, row in enumerate(table[:_LOOK]):
            headings = [_heading(cell) for cell in row]
            if {NUMBER, KIND} <= set(headings):
                return _lines(headings, [[shown(cell) for cell in line] for line in table], table, top, _formulas(content, place))
    raise InputError("report_header", f"没有找到表头“{NUMBER}、{KIND}”", remedy="请使用报案样表", field="content")


def _heading(cell: object) -> str:
    text = "".join(shown(cell).split()).rstrip("*")
    return next((name for name in COLUMNS if name == text or name.split("（")[0] == text), text)


def _formulas(content: bytes, place: int) -> Mapping[int, Sequence[int]]:
    """The columns that are formulas, by row as the spreadsheet counts."""
    found: dict[int, list[int]] = defaultdict(list)
    for row, column in formula_cells(content, place):
        found[row].append(column)
    return found


def _lines(headings: Sequence[str], texts: list[list[str]], table: Sequence[Sequence[object]], top: int,
           formulas: Mapping[int, Sequence[int]]) -> Sheet:
    named = [name for name in headings if name in COLUMNS]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice:
        raise InputError("report_header_twice", f"表头有两列“{twice}”", remedy="只留一列", field="content")
    unknown = [name for name in headings if name and name not in COLUMNS]
    if unknown:
        raise InputError("report_column", f"不认识的列“{unknown[0]}”", remedy="删去该列，或改用样表的列名", field="content")
    lines = []
    for place, row in enumerate(table[top + 1:], start=top + 2):
        cells = {name: text for name, cell in zip(headings, row, strict=False) if name and (text := _cell(cell, name))}
        if cells:
            reckoned = tuple(headings[at] for at in formulas.get(place, ()) if at < len(headings) and headings[at])
            lines.append(Line(place, cells, tuple(texts[place - 1][:len(headings)]), reckoned))
    if not lines:
        raise InputError("report_file_empty", "报案文件没有内容", remedy="每行写一次事件", field="content")
    if len(lines) > MOST_ROWS:
        raise InputError("report_file_long", f"报案文件有 {len(lines)} 行，超过 {MOST_ROWS} 行", remedy="请拆分上传", field="content")
    return Sheet(tuple(texts[top][:len(headings)]), lines)


def _cell(cell: object, column: str) -> str:
    """Words for people keep their blanks; everything else is made plain."""
    if column in (SAID, LATE, APART, HOSPITAL, CALLED_AT):
        return shown(cell).strip()
    return text_of(cell, column)


def new_report(line: Line) -> NewReport:
    """A row as a report. InputError names the column."""
    cells = line.cells
    if line.formulas:
        raise InputError("formula", "单元格是公式，公式没有执行", remedy="核对该值，粘贴为数值", field=line.formulas[0])
    for name in (NUMBER, KIND):
        if name not in cells:
            raise InputError("cell_missing", f"没有填写“{name}”", remedy="补上", field=name)
    event: dict[str, object] = {"kind": _choice(cells[KIND], "event.kind", KIND)}
    for column, text in cells.items():
        if column in _FACTS:
            fact = _FACTS[column]
            event[fact.removeprefix("event.")] = _value(text, fact, FACTS[fact], column)
    call = _call(cells)
    return NewReport(id_number=cells[NUMBER], event=event, hospital=cells.get(HOSPITAL), channel="phone" if call else "clerk",
                     reported_on=_day(cells, REPORTED), late_reason=cells.get(LATE), committee_told_at=_start(cells, COMMITTEE),
                     insurer_told_at=_start(cells, INSURER), call=call, join=cells.get(JOIN), apart=cells.get(APART))


def _call(cells: Mapping[str, str]) -> PhoneCall | None:
    if not any(name in cells for name in _CALL):
        return None
    line = _LINES.get(cells.get(LINE, "办事处"))
    if line is None:
        raise InputError("cell_value", f"“{cells[LINE]}”不是线路", remedy=f"可填：{'、'.join(_LINES)}", field=LINE)
    try:
        at = datetime.fromisoformat(cells.get(CALLED_AT, "").replace("/", "-"))
    except ValueError:
        raise InputError("cell_value", f"“{cells.get(CALLED_AT, '')}”不是时间", remedy="写成 2026-03-18 10:30", field=CALLED_AT) from None
    return PhoneCall(line=line, caller=cells.get(CALLER, ""), called_at=at if at.tzinfo else at.replace(tzinfo=CHINA),
                     number_called=cells.get(CALLED_ON, ""), said=cells.get(SAID, ""), caller_phone=cells.get(PHONE),
                     relation=cells.get(RELATION))


def _date(text: str, column: str) -> date:
    """2026-03-16, 2026/3/16, 2026年3月16日 or 20260316."""
    found = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:T?\d{2}:\d{2}.*)?", text)
    try:
        if found:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        found = None
    raise InputError("cell_value", f"“{text}”不是日期", remedy="写成 2026-03-16", field=column)


def _day(cells: Mapping[str, str], column: str) -> date | None:
    return _date(cells[column], column) if column in cells else None


def _start(cells: Mapping[str, str], column: str) -> datetime | None:
    day = _day(cells, column)
    return datetime.combine(day, time(9), CHINA) if day else None


def _choice(text: str, fact: str, column: str) -> str:
    word = _WORDS.get(text, text)
    choices = FACTS[fact].choices
    if choices and word not in choices:
        raise InputError("cell_value", f"“{text}”不在可填的词里", remedy=f"可填：{'、'.join(CHOICES.get(one, one) for one in choices)}",
                         field=column)
    return word


def _value(text: str, fact: str, spec: FactSpec, column: str) -> object:
    """A cell as the vocabulary's value; what is still wrong the reader of events names."""
    if fact == "event.stays":
        return [_stay(part, column) for part in re.split(r"[、,，;；]", text) if part]
    if spec.type == "date":
        return _date(text, column).isoformat()
    if spec.type == "bool":
        if text not in _YES:
            raise InputError("cell_value", f"“{text}”应为“是”或“否”", remedy="改正", field=column)
        return _YES[text]
    if spec.type.startswith("list_"):
        parts = [part for part in re.split(r"[、,，;；]", text) if part]
        return [_whole(part, column) for part in parts] if spec.type == "list_int" else parts
    if spec.type in ("int", "days"):
        return _whole(text, column)
    return _choice(text, fact, column) if spec.choices else text.replace(",", "") if spec.type == "money" else text


def _stay(text: str, column: str) -> dict[str, object]:
    """`10` days, or `2026-05-01至2026-05-11`."""
    if "至" in text:
        first, _, last = text.partition("至")
        return {"from": _date(first, column).isoformat(), "to": _date(last, column).isoformat()}
    return {"days": _whole(text.removesuffix("天"), column)}


def _whole(text: str, column: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text):
        raise InputError("cell_value", f"“{text}”不是整数", remedy="只写数字；多项用顿号分开", field=column)
    return int(text)


_COLUMN_OF = {fact: label for label, fact in _FACTS.items()} | {
    "id_number": NUMBER, "event.kind": KIND, "reported_on": REPORTED, "late_reason": LATE, "join": JOIN, "apart": APART,
    "name": NAME, "call": SAID, "call.said": SAID, "call.caller": CALLER, "call.number_called": CALLED_ON,
    "call.called_at": CALLED_AT, "call.line": LINE}


def column_of(field: str | None) -> str:
    """The column people see for the key that a refusal names."""
    return _COLUMN_OF.get(field or "", field or "")


def unquoted(text: str, line: Line) -> str:
    """A fault's words without what somebody typed: a slip may put a name or an illness into any cell."""
    for cell in sorted({*line.cells.values(), *line.as_uploaded}, key=len, reverse=True):
        if len(cell) > 1 and cell not in COLUMNS:
            text = text.replace(cell, "…")
    return re.sub(r"“([^”]*)”", lambda found: found[0] if found[1] in COLUMNS or found[1] in _YES else "“…”", text)


def errors(sheet: Sheet, faults: Sequence[Fault]) -> bytes:
    """The rows with faults as uploaded, with 问题, 列 and 办法. Every cell is text: nothing becomes a formula here."""
    found = {fault.row: fault for fault in faults}
    rows = [[ROW, *sheet.headings, FAULT, COLUMN, REMEDY]]
    for line in sheet.lines:
        if fault := found.get(line.place):
            padded = [*line.as_uploaded, *[""] * (len(sheet.headings) - len(line.as_uploaded))]
            rows.append([str(line.place), *padded, fault.fault, fault.column, fault.remedy])
    return _workbook([("有误的行", rows)])


def template() -> bytes:
    """An empty workbook of reports with instructions."""
    kinds = "、".join(CHOICES[kind] for kind in FACTS["event.kind"].choices)
    notes = [["列", "怎样填写"], [NUMBER, "会员的身份证号，须为文本格式"], [NAME, "可不填；填写的与登记核对"], [KIND, kinds],
             ["住院记录", "天数（10、5），或 2026-05-01至2026-05-11；多次用顿号分开"],
             [REPORTED, "实际报案日，不填为当日；电话报案以来电日为准"], [LATE, "超过报案期限的必填；不会仅因此不予给付"],
             [SAID, "电话报案：来电人、来电时间、拨打号码、来电内容一并填写；线路填“保险公司”或“办事处”"],
             [JOIN, "同一事件已受理的，写原报案编号"], [APART, "与已受理的不是同一事件的理由"],
             ["", "每行一次事件，不必写参加了哪个计划；列可以删减，不能改名。不要用公式。"],
             ["", "还可以增加的列：" + "、".join(label for label in _FACTS if label not in TEMPLATE)]]
    return _workbook([("报案", [list(TEMPLATE)]), ("填写说明", notes)], wide=MOST_ROWS)


def _workbook(pages: Sequence[tuple[str, Sequence[Sequence[str]]]], *, wide: int = 0) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "sheet.xlsx"
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}) as book:
            text = book.add_format({"num_format": _TEXT, "text_wrap": True, "valign": "top"})
            for title, rows in pages:
                page = book.add_worksheet(title)
                page.set_column(0, max(len(row) for row in rows) - 1, 18, text)
                for place, row in enumerate(rows):
                    for column, cell in enumerate(row):
                        page.write_string(place, column, cell, text)
                page.freeze_panes(1, 0)
                if wide and KIND in rows[0]:
                    page.data_validation(1, rows[0].index(KIND), wide, rows[0].index(KIND), {
                        "validate": "list", "source": [CHOICES[kind] for kind in FACTS["event.kind"].choices]})
        return path.read_bytes()
