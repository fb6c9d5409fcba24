"""A workbook read as a roster, row by row: header (also a merged one of two lines), people, footer 单位名称. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from services.core.errors import InputError
from services.enrolment import roster as sheet
from services.enrolment.faults import Fault, Notes
from services.enrolment.formulas import formula_cells
from services.enrolment.roster import RosterRow

_LOOK = 40              # a header stands within the first rows
_LONG = 12              # a cell with so many digits under 身份证号 is a person's


@dataclass(frozen=True)
class Listed:
    """A roster's shape. `rows()` goes through the people anew each time; nothing but the sheet itself is kept.

    `headings` are the texts of the header as uploaded, by column; `columns` the places we read; `count` the people;
    `first` and `last` the spreadsheet's numbers of the first and last row of people.
    """

    sheet: CalamineSheet
    headings: tuple[str, ...]
    columns: tuple[tuple[int, str], ...]
    unit: str
    count: int
    first: int
    last: int
    faults: list[Fault] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def rows(self) -> Iterator[RosterRow]:
        """Each person's row."""
        for number, line in self._lines():
            if number > self.last:
                return
            cells = {name: text for place, name in self.columns if (text := sheet.text_of(line[place], name))}
            if cells:
                yield RosterRow(number, cells)

    def as_uploaded(self) -> Iterator[tuple[int, list[str]]]:
        """Each line below the header as the spreadsheet shows it, cut to the header's width."""
        for number, line in self._lines():
            yield number, [sheet.shown(cell) for cell in line[:len(self.headings)]]

    def _lines(self) -> Iterator[tuple[int, list[object]]]:
        for number, line in enumerate(self.sheet.iter_rows(), start=1):
            if number >= self.first:
                yield number, list(line)


def read(content: bytes) -> Listed:
    """Find the roster in a workbook. InputError when it is none, has no header, nobody, too many, or two rosters."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        place, found, top, depth, hidden = _find(book)
    except CalamineError:
        raise InputError("roster_unreadable", "名单文件打不开", remedy="请另存为 XLSX 再上传", field="content") from None
    headings = _headings(found, top, depth)
    columns = _columns(headings)
    number_at = next(at for at, name in columns if name == sheet.NUMBER)
    first = top + depth
    unit, last, count, beyond = _people(found, columns, first, number_at)
    listed = Listed(found, headings, columns, unit or _unit_above(found, top), count, first, last)
    listed.faults.extend(Fault(row, sheet.NUMBER, f"第 {row} 行在“{sheet.UNIT}”之后，没有读取", f"移到“{sheet.UNIT}”之前",
                               "roster_after_footer") for row in beyond)
    for name in hidden:
        listed.notes.add(0, "", "hidden_sheet", f"隐藏的工作表“{name}”没有读取", "其中如有人员，请移到名单里")
    _note_formulas(content, place, listed)
    _check_count(count)
    return listed


def _find(book: CalamineWorkbook) -> tuple[int, CalamineSheet, int, int, list[str]]:
    """Place, sheet, the header's row (from 1), its lines, and the names of hidden sheets."""
    rosters, hidden = [], []
    for place, about in enumerate(book.sheets_metadata):
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        if about.visible != SheetVisibleEnum.Visible:
            hidden.append(about.name)
            continue
        found = book.get_sheet_by_index(place)
        top = _header_row(found)
        if top:
            rosters.append((place, found, top))
    if len(rosters) > 1:
        names = "、".join(found.name for _, found, _ in rosters)
        raise InputError("roster_two_sheets", f"工作表 {names} 都有名单", remedy="合并到一个工作表，或分别上传", field="content")
    if not rosters:
        also = f"；隐藏的工作表（{'、'.join(hidden)}）不读取" if hidden else ""
        raise InputError("roster_header", f"名单没有表头“序号、姓名、身份证号、职业”{also}", remedy="请使用名单样表", field="content")
    place, found, top = rosters[0]
    return place, found, top, _depth(found, top), hidden


def _header_row(found: CalamineSheet) -> int:
    for number, line in enumerate(found.iter_rows(), start=1):
        if number > _LOOK:
            return 0
        if {sheet.NAME, sheet.NUMBER} <= {sheet.column_of(cell) for cell in line}:
            return number
    return 0


def _depth(found: CalamineSheet, top: int) -> int:
    """How many lines the header takes: cells merged downwards from its row say so."""
    ends = [end[0] - top + 2 for start, end in found.merged_cell_ranges or () if start[0] == top - 1 and start[1] == end[1]]
    return max([1, *ends])


def _headings(found: CalamineSheet, top: int, depth: int) -> tuple[str, ...]:
    """Per column the lowest text of the header's lines."""
    texts: list[str] = []
    for number, line in enumerate(found.iter_rows(), start=1):
        if number >= top + depth:
            break
        if number >= top:
            texts.extend("" for _ in range(len(line) - len(texts)))
            texts = [sheet.shown(cell).strip() or above for cell, above in zip(line, texts, strict=True)]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _columns(headings: Sequence[str]) -> tuple[tuple[int, str], ...]:
    known = [(at, name) for at, name in enumerate(map(sheet.column_of, headings)) if name in sheet.COLUMNS]
    names = [name for _, name in known]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError("roster_header_twice", f"表头有两列“{twice}”", remedy="只留一列", field="content")
    return tuple(known)


def _people(found: CalamineSheet, columns: Sequence[tuple[int, str]], first: int,
            number_at: int) -> tuple[str, int, int, list[int]]:
    """The unit in the footer, the last row of people, how many there are, and rows of people below the footer."""
    unit, last, count, footer = "", first - 1, 0, False
    beyond: list[int] = []
    for number, line in enumerate(found.iter_rows(), start=1):
        if number < first:
            continue
        if footer:
            if sum(sign.isdigit() for sign in sheet.text_of(line[number_at], sheet.NUMBER)) >= _LONG:
                beyond.append(number)
        elif (named := _unit_in(line)) is not None:
            unit, footer = named, True
        elif any(sheet.text_of(line[place], name) for place, name in columns):
            last, count = number, count + 1
    return unit, last, count, beyond


def _unit_in(line: Sequence[object]) -> str | None:
    """The unit a line `单位名称：…` names (empty when left open); None when it is no such line."""
    for place, cell in enumerate(line):
        if isinstance(cell, str) and "单" in cell:
            text = "".join(cell.split())
            if text.startswith(sheet.UNIT):
                rest = ["".join(sheet.shown(other).split()) for other in line[place + 1:]]
                return text.removeprefix(sheet.UNIT).lstrip("：:") or next((other for other in rest if other), "")
    return None


def _unit_above(found: CalamineSheet, top: int) -> str:
    for number, line in enumerate(found.iter_rows(), start=1):
        if number >= top:
            break
        if named := _unit_in(line):
            return named
    return ""


def _note_formulas(content: bytes, place: int, listed: Listed) -> None:
    names = dict(listed.columns)
    for row, column in formula_cells(content, place):
        if column in names and listed.first <= row <= listed.last:
            listed.notes.add(row, names[column], "formula", "单元格是公式：按其显示的值读取，公式没有执行", "核对该值，或粘贴为数值")


def _check_count(rows: int) -> None:
    if not rows:
        raise InputError("roster_empty", "名单里没有人员", remedy="请填写后再上传", field="content")
    if rows > sheet.MOST_ROWS:
        raise InputError("roster_too_long", f"名单有 {rows} 人，超过 {sheet.MOST_ROWS} 人", remedy="请拆分上传", field="content")
