"""What a person types of a page, brought into the field's written form (recognition/vocabulary). Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

from services.core.errors import InputError
from services.evidence.recognition.vocabulary import FieldSpec

LONGEST = 200
_DATE = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_MONEY = re.compile(r"\d{1,12}(\.\d{1,2})?")
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z-]{0,39}")
_CARD_OF_PERSON = re.compile(r"\d{17}[\dX]|\d{15}")
_YES, _NO = frozenset({"yes", "y", "是", "有", "清晰"}), frozenset({"no", "n", "否", "无", "没有", "未见"})
_SIGNS = str.maketrans({"(": "（", ")": "）"})


def written(sheet: str, spec: FieldSpec, text: str, *, field: str = "") -> str | None:
    """The value as the tables keep it; None for a flag that is not there (no seal). InputError names the field and an example.

    `text` may be as people write: 2026年9月30日, 2026.9.30, 20260930; ¥1,234.5; full-width digits; digits in groups.
    """
    clean = " ".join(text.split())
    if not clean:
        raise _wrong(spec, "没有填写", "照原件填写，看不清的标为看不清", field)
    if len(clean) > LONGEST:
        raise _wrong(spec, f"超过 {LONGEST} 个字", "只填这一项的内容", field)
    if not clean.isprintable():
        raise _wrong(spec, "有不能显示的字符", "重新填写这一项", field)
    plain = unicodedata.normalize("NFKC", clean)
    if spec.type == "text":
        return clean.translate(_SIGNS)
    if spec.type == "flag":
        return _flag(spec, plain.lower(), field)
    return {"date": _date, "money": _money, "int": _int, "number": _number}[spec.type](sheet, spec, plain, field)


def _date(_sheet: str, spec: FieldSpec, text: str, field: str) -> str:
    found = _DATE.fullmatch(text.replace(" ", ""))
    try:
        if found is None:
            raise ValueError
        return date(*(int(part) for part in found.groups() if part)).isoformat()
    except ValueError:
        raise _wrong(spec, f"“{text}”不是日期", "写成 2026-09-30 或 2026年9月30日", field) from None


def _money(_sheet: str, spec: FieldSpec, text: str, field: str) -> str:
    digits = re.sub(r"[,\s]", "", text.strip("¥￥元圆").removeprefix("RMB"))
    if not _MONEY.fullmatch(digits):
        raise _wrong(spec, f"“{text}”不是金额", "写成 1234.50，最多两位小数", field)
    return f"{Decimal(digits):.2f}"


def _int(_sheet: str, spec: FieldSpec, text: str, field: str) -> str:
    digits = text.rstrip("天日次 ")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 6:
        raise _wrong(spec, f"“{text}”不是整数", "写成数字，如 12", field)
    return str(int(digits))


def _number(sheet: str, spec: FieldSpec, text: str, field: str) -> str:
    """Signs without blanks; an identity number is whole or it is none."""
    signs = "".join(text.split()).upper()
    if sheet == "id_card" and not _CARD_OF_PERSON.fullmatch(signs):
        raise _wrong(spec, "须为17位数字加1位数字或X", "逐位对照原件", field)
    if sheet == "bank_card" and not (signs.isdecimal() and 12 <= len(signs) <= 19):
        raise _wrong(spec, "须为12至19位数字", "逐位对照原件", field)
    if not _NUMBER.fullmatch(signs):
        raise _wrong(spec, "只能有数字、字母和短横", "逐位对照原件", field)
    return signs


def _flag(spec: FieldSpec, text: str, field: str) -> str | None:
    if text in _YES:
        return "yes"
    if text in _NO:
        return None
    raise _wrong(spec, f"“{text}”不清楚", "写“有”或“无”", field)


def _wrong(spec: FieldSpec, what: str, remedy: str, field: str) -> InputError:
    return InputError("field_value", f"{spec.label}：{what}", remedy=remedy, field=field or spec.name)
