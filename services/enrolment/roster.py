"""A roster file in the seed's layout: title row, header, one row a person, footer 单位名称 (seed 003, annex 2). Pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from services.core.errors import InputError

NAME, NUMBER, OCCUPATION = "姓名", "身份证号", "职业"
SHARES, RELATION, PHONE, BANK, ACCOUNT = "份数", "关系", "手机号", "开户行", "银行账号"
TIER, HIGH_RISK = "缴费档次", "高危工种"
COLUMNS = (NAME, NUMBER, OCCUPATION, SHARES, TIER, HIGH_RISK, RELATION, PHONE, BANK, ACCOUNT)
_ALIASES = {"身份证号码": NUMBER, "手机": PHONE, "手机号码": PHONE, "银行卡号": ACCOUNT, "与职工关系": RELATION, "参保份数": SHARES,
            "档次": TIER, "是否高危工种": HIGH_RISK}
_FOOTER = "单位名称"
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person's row as typed; `row` is the number the spreadsheet shows."""

    row: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """The cell's text without blanks around it; empty when the column is missing."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Roster:
    """What a file says: its rows and the unit named in the footer (empty when not filled in)."""

    rows: tuple[RosterRow, ...]
    unit: str
    columns: tuple[str, ...]


def read(content: bytes) -> Roster:
    """Read a roster. InputError when it is no workbook, lacks the header, or has no or too many rows."""
    table = _table(content)
    at = next((place for place, row in enumerate(table) if {NAME, NUMBER} <= set(_header(row))), None)
    if at is None:
        raise InputError("roster_header", "名单没有表头“序号、姓名、身份证号、职业”", remedy="请使用名单样表", field="content")
    header = _header(table[at])
    rows, unit = [], ""
    for place, line in enumerate(table[at + 1:], start=at + 2):
        footer = next((text for text in line if text.startswith(_FOOTER)), None)
        if footer is not None:
            rest = [text for text in line[line.index(footer) + 1:] if text]
            unit = footer.removeprefix(_FOOTER).lstrip("：:").strip() or (rest[0] if rest else "")
            break
        cells = {name: text for name, text in zip(header, line, strict=False) if name in COLUMNS}
        if any(cells.values()):
            rows.append(RosterRow(place, cells))
    _check_count(len(rows))
    return Roster(tuple(rows), unit, tuple(name for name in header if name in COLUMNS))


def _check_count(rows: int) -> None:
    if not rows:
        raise InputError("roster_empty", "名单里没有人员", remedy="请填写后再上传", field="content")
    if rows > MOST_ROWS:
        raise InputError("roster_too_long", f"名单超过 {MOST_ROWS} 人", remedy="请拆分上传", field="content")


def _table(content: bytes) -> list[list[str]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
        raw = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError):
        raise InputError("roster_unreadable", "名单文件打不开", remedy="请另存为 XLSX 再上传", field="content") from None
    return [[_text(cell) for cell in row] for row in raw]


def _text(cell: object) -> str:
    """A cell as typed. A number of 16 or more digits was already rounded by the spreadsheet: kept, so that it fails."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "".join(str(cell).split()) if cell is not None else ""


def _header(row: Sequence[str]) -> list[str]:
    return [_ALIASES.get(text, text) for text in row]
