"""Amounts and dates as official Chinese writes them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from services.core.errors import InputError

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")
_PREFIX = "人民币"
# Up to 玖仟玖佰玖拾玖亿: twelve digits of yuan, beyond which the forms have no place.
_LIMIT = Decimal(10) ** 12


def uppercase(amount: Decimal) -> str:
    """人民币大写 of an amount in yuan, by 《正确填写票据和结算凭证的基本规定》.

    72177.37 → 人民币柒万贰仟壹佰柒拾柒元叁角柒分; whole yuan end in 整, whole 角 do not.
    Raises InputError for a negative, too large or not finite amount and for parts of a fen.
    """
    if not amount.is_finite() or amount < 0:
        raise InputError("amount_negative", f"金额 {amount} 不能大写", remedy="金额须为不小于零的数", field="amount")
    if amount >= _LIMIT:
        raise InputError("amount_too_large", f"金额 {amount} 过大", remedy="金额须小于一万亿元", field="amount")
    fen_total = amount * 100
    if fen_total != fen_total.to_integral_value():
        raise InputError("money_precision", f"金额 {amount} 小于分", remedy="金额最多两位小数", field="amount")
    yuan, cents = divmod(int(fen_total), 100)
    jiao, fen = divmod(cents, 10)
    return _PREFIX + _yuan_words(yuan, alone=cents == 0) + _cent_words(yuan, jiao, fen)


def _yuan_words(yuan: int, *, alone: bool) -> str:
    if yuan == 0:
        return "零元" if alone else ""
    return _integer(yuan) + "元"


def _cent_words(yuan: int, jiao: int, fen: int) -> str:
    if not jiao and not fen:
        return "整"
    words = ""
    if jiao:
        # A zero before 角 when the yuan end in zero: 1680.32 is 壹仟陆佰捌拾元零叁角贰分.
        words += ("零" if yuan and yuan % 10 == 0 else "") + _DIGITS[jiao] + "角"
    elif yuan:
        words += "零"
    return words + (_DIGITS[fen] + "分" if fen else "")


def _integer(value: int) -> str:
    """Digits with 拾佰仟 in groups of four; one 零 for any run of zeros inside."""
    words, zero = "", False
    for place in range(len(str(value)) - 1, -1, -1):
        digit = value // 10**place % 10
        if digit:
            words += ("零" if zero and words else "") + _DIGITS[digit] + _PLACES[place % 4]
            zero = False
        else:
            zero = True
        if place % 4 == 0 and place and value // 10**place % 10_000:
            words += _GROUPS[place // 4]
    return words


_CHAIN = re.compile(r"(?:(?P<yuan>[零壹贰叁肆伍陆柒捌玖拾佰仟万亿]+)元)?(?:零?(?P<jiao>[壹贰叁肆伍陆柒捌玖])角)?"
                    r"(?:零?(?P<fen>[壹贰叁肆伍陆柒捌玖])分)?整?")


def read_back(text: str) -> Decimal:
    """The amount in yuan that an uppercase text states, with or without 人民币.

    Takes both spellings where the rules leave a choice (零 before 角, 整 after 角). Raises InputError for all else.
    """
    body = text.removeprefix(_PREFIX)
    found = _CHAIN.fullmatch(body)
    if found and any(found.groupdict().values()):
        jiao, fen = _DIGITS.index(found["jiao"] or "零"), _DIGITS.index(found["fen"] or "零")
        amount = Decimal(_read_integer(found["yuan"] or "零") * 100 + jiao * 10 + fen).scaleb(-2)
        if amount < _LIMIT and _bare(uppercase(amount)) == _bare(_PREFIX + body):
            return amount
    raise InputError("amount_words", f"“{text}”不是大写金额", remedy="写成 人民币壹仟元整 这样的大写", field="amount")


def _bare(words: str) -> str:
    """Without what the rules leave free."""
    return words.removesuffix("整").replace("元零", "元")


def _read_integer(words: str) -> int:
    total, group, digit = 0, 0, 0
    for word in words:
        if word in _DIGITS:
            digit = _DIGITS.index(word)
        elif word in _PLACES:
            group, digit = group + digit * 10 ** _PLACES.index(word), 0
        else:
            total, group, digit = total + (group + digit) * 10_000 ** _GROUPS.index(word), 0, 0
    return total + group + digit


def date_cn(day: date) -> str:
    """2026-03-12 → 2026年3月12日."""
    return f"{day.year}年{day.month}月{day.day}日"
