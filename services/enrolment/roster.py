"""A roster's columns, the words they take, and how a cell becomes text (seed 003, annex 2, and our wider template). Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

PLACE, NAME, NUMBER, OCCUPATION = "序号", "姓名", "身份证号", "职业"
SHARES, RELATION, PHONE, BANK, ACCOUNT = "份数", "关系", "手机号", "开户行", "银行账号"
TIER, HIGH_RISK, STAFF_KIND, SEX, BORN = "缴费档次", "高危工种", "用工形式", "性别", "出生日期"
SEED = (PLACE, NAME, NUMBER, OCCUPATION)
WIDE = (*SEED, SHARES, TIER, HIGH_RISK, STAFF_KIND, RELATION, PHONE, BANK, ACCOUNT)
COLUMNS = frozenset({*WIDE, SEX, BORN} - {PLACE})
LONG_NUMBERS = (NUMBER, PHONE, ACCOUNT)      # a spreadsheet rounds these unless the column is text
_ALIASES = {"身份证号码": NUMBER, "公民身份号码": NUMBER, "证件号码": NUMBER, "手机": PHONE, "手机号码": PHONE, "联系电话": PHONE,
            "银行卡号": ACCOUNT, "银行账户": ACCOUNT, "与职工关系": RELATION, "参保份数": SHARES, "档次": TIER,
            "是否高危工种": HIGH_RISK, "职工类别": STAFF_KIND, "用工类型": STAFF_KIND, "出生年月日": BORN, "开户银行": BANK}
UNIT = "单位名称"
MOST_ROWS = 200_000

RELATIONS = {"": "employee", "本人": "employee", "职工": "employee", "员工": "employee", "配偶": "wife", "妻子": "wife",
             "子女": "child"}
RELATION_CHOICES = ("职工", "配偶", "子女")
YES_NO = {"": False, "否": False, "是": True}
STAFF_KINDS = ("正式", "合同制", "临时（聘用超过一年）", "新就业形态")
SEXES = {"女": "F", "男": "M"}
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x200E, 0x200F, 0x202A, 0x202C))
_EXACT = 10**15      # digits a spreadsheet's number keeps


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person's row as typed; `row` is the number the spreadsheet shows."""

    row: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """The cell's text without blanks; empty when the column is missing."""
        return self.cells.get(column, "")


def column_of(heading: object) -> str:
    """The column a heading names, or the heading's own text."""
    text = shown(heading)
    text = "".join(unicodedata.normalize("NFKC", text).translate(_INVISIBLE).split()).rstrip("*:")
    return _ALIASES.get(text, text)


def shown(cell: object) -> str:
    """A cell as the spreadsheet shows it. A number beyond 15 digits was already rounded and shows so: `6.40181E+17`."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= _EXACT:
            return f"{cell:.5E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def text_of(cell: object, column: str) -> str:
    """What a cell says: blanks and unseen signs dropped, full-width letters and digits made plain.

    Names and occupations keep their characters: the plain form of a rare character may be another one.
    """
    text = "".join(shown(cell).split())
    if not text or text.isascii():
        return text.lstrip("'")
    text = text.translate(_INVISIBLE)
    if column in (NAME, OCCUPATION):
        return text
    return unicodedata.normalize("NFKC", text).lstrip("'’")
