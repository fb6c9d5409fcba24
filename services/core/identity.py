"""Identity numbers (GB 11643-1999), organisations' codes (GB 32100-2015), names as on the card, card numbers and banks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Literal

_PATTERN = re.compile(r"[1-9]\d{16}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

# First two digits, GB/T 2260. Counties come and go: an unknown region is a warning, never a reason.
_REGIONS = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区",
    "21": "辽宁省", "22": "吉林省", "23": "黑龙江省", "31": "上海市", "32": "江苏省",
    "33": "浙江省", "34": "安徽省", "35": "福建省", "36": "江西省", "37": "山东省",
    "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区",
    "46": "海南省", "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省",
    "54": "西藏自治区", "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区", "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区", "83": "台湾省",
}

REASONS = {
    "pattern": "须为17位数字加1位数字或X",
    "date": "出生日期不存在",
    "checksum": "校验码不符",
}
WARNINGS = {"region_unknown": "地区代码不在现行表内，请核对证件"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity number says. `reasons` and `warnings` are codes of REASONS and WARNINGS.

    `born`, `sex` and `region` (province) are given as far as they can be read.
    """

    valid: bool
    number: str
    born: date | None
    sex: Literal["F", "M"] | None
    region: str | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def check_identity(number: str) -> Identity:
    """Pattern, birth date and checksum are hard, the region only warns. A small x is read as X, blanks are dropped."""
    clean = "".join(number.split()).upper()
    if not _PATTERN.fullmatch(clean):
        return Identity(False, clean, None, None, None, ("pattern",), ())
    born = _birth_date(clean)
    region = _REGIONS.get(clean[:2])
    reasons = (() if born else ("date",)) + (() if _check_digit(clean) == clean[17] else ("checksum",))
    return Identity(not reasons, clean, born, "M" if int(clean[16]) % 2 else "F", region, reasons,
                    () if region else ("region_unknown",))


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _check_digit(number: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]


def eighteen(number: str) -> str | None:
    """The 18-place form of a first-generation number of 15 places (GB 11643-1989); None when it is none."""
    clean = "".join(number.split())
    if not re.fullmatch(r"[1-9]\d{14}", clean, re.ASCII):
        return None
    body = f"{clean[:6]}19{clean[6:]}"
    return body + _check_digit(body)


def age_on(born: date, day: date) -> int:
    """Completed years on `day` (reading A-21); a birthday on 29 February is reached on 1 March of other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def luhn(card: str) -> bool:
    """Whether a card number's last digit fits (ISO/IEC 7812-1); blanks are dropped."""
    digits = "".join(card.split())
    if not digits.isascii() or not digits.isdigit() or len(digits) < 12:
        return False
    doubled = (int(digit) * 2 if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


# Bank code -> leading digits of its debit cards: the common ones, enough to catch a wrong bank on a form. A card of an
# unlisted series gives no answer, so the typed bank stands.
_BINS = {
    "ICBC": ("622202", "622203", "622208", "621226", "621225", "955880"),
    "CCB": ("621700", "622700", "436742", "623668"),
    "ABC": ("622848", "622845", "623052", "955950"),
    "BOC": ("621660", "621661", "456351", "601382"),
    "BOB_UNION_CARD": ("621030", "602969", "621420"),
}
BANKS = {"ICBC": "中国工商银行", "CCB": "中国建设银行", "ABC": "中国农业银行", "BOC": "中国银行",
         "BOB_UNION_CARD": "北京银行（工会会员·京卡）"}


def bank_of(card: str) -> str | None:
    """The bank code a card number's first six digits belong to, or None when the series is not listed."""
    start = "".join(card.split())[:6]
    return next((bank for bank, series in _BINS.items() if start in series), None)


# GB 32100-2015: 登记管理部门 1, 机构类别 1, 行政区划 6, 主体标识码 9 (GB 11714), 校验码 1. No I, O, S, V, Z.
_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(rf"[{_CREDIT_SIGNS}]{{2}}[0-9]{{6}}[{_CREDIT_SIGNS}]{{10}}")
CREDIT_REASONS = {"pattern": "须为18位数字或大写字母（不用 I、O、S、V、Z），第3至8位为数字", "checksum": "校验码不符"}


def credit_check_sign(body: str) -> str:
    """The 18th place over the first 17: weights 3^i mod 31 (GB 32100-2015, annex)."""
    total = sum(_CREDIT_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(body[:17]))
    return _CREDIT_SIGNS[-total % 31]


def check_credit_code(code: str) -> tuple[str, str | None]:
    """A 统一社会信用代码 without blanks and in capitals, and the code of CREDIT_REASONS that speaks against it."""
    clean = "".join(code.split()).upper()
    if not _CREDIT_CODE.fullmatch(clean):
        return clean, "pattern"
    return clean, None if credit_check_sign(clean) == clean[17] else "checksum"


MIDDLE_DOT = "·"           # U+00B7, as on the card (GB/T 2312 1.4; 公安部 人名间隔符)
_DOTS = dict.fromkeys(map(ord, "\u2022\u2027\u2219\u22c5\u30fb\uff65\uff0e\u2024\u1427."), MIDDLE_DOT)
LONGEST_NAME = 50
NAME_REASONS = {
    "empty": "姓名为空", "long": f"姓名超过{LONGEST_NAME}个字", "sign": "姓名中有数字或符号，间隔符只能在字与字之间",
    "private": "姓名中有自造字（旧系统的造字区），别处无法显示"}
NAME_WARNINGS = {"dot": "间隔符已统一为“·”，请与身份证核对", "script": "姓名不全是汉字，请与证件核对"}


@dataclass(frozen=True, slots=True)
class Name:
    """A name to be written down. `reasons` and `warnings` are codes of NAME_REASONS and NAME_WARNINGS."""

    text: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def check_name(name: str) -> Name:
    """A name as on the card: rare characters of any plane stay as they are, blanks go, every middle dot becomes one kind.

    Never normalised to NFC: that would change compatibility ideographs, which are other characters on a card.
    """
    clean = "".join(name.split())
    text = clean.translate(_DOTS)
    signs = [sign for sign in text if sign != MIDDLE_DOT]
    wrong = {"empty": not text, "long": len(text) > LONGEST_NAME, "private": any(map(_is_private, signs)),
             "sign": bool(text) and (not all(text.split(MIDDLE_DOT)) or not all(map(_is_letter, signs)))}
    odd = {"dot": text != clean, "script": not all(_is_han(sign) or _is_private(sign) for sign in signs if _is_letter(sign))}
    return Name(text, tuple(code for code, holds in wrong.items() if holds), tuple(code for code, holds in odd.items() if holds))


def _is_letter(sign: str) -> bool:
    return _is_han(sign) or sign.isalpha() or _is_private(sign)


def _is_private(sign: str) -> bool:
    return unicodedata.category(sign) == "Co"


def _is_han(sign: str) -> bool:
    """A Chinese character of any plane, also one newer than this Python's tables (planes 2 and 3 hold nothing else)."""
    return 0x20000 <= ord(sign) <= 0x3FFFD or sign in "〇々" or unicodedata.name(sign, "").startswith("CJK ")
