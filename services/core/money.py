"""Money: Decimal yuan in code, bigint fen in tables."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from services.core.errors import InputError

FEN = Decimal("0.01")
_HOW = "写成 12000.00 这样的数"
# Decimal itself also reads 1_000, 1E+30 and NaN. More than sixteen digits before the point bigint fen could not hold.
_WRITTEN = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,30})?")


def to_fen(yuan: Decimal) -> int:
    """Yuan to fen; refuses parts of a fen, which must have been rounded at the benefit line (reading A-50)."""
    fen = yuan * 100
    if fen != fen.to_integral_value():
        raise InputError("money_precision", f"金额 {yuan} 小于分", remedy="金额最多两位小数")
    return int(fen)


def to_yuan(fen: int) -> Decimal:
    """Fen to yuan with two decimals."""
    return Decimal(fen).scaleb(-2).quantize(FEN)


def round_line(amount: Decimal) -> Decimal:
    """Half up to 0.01, once per benefit line (reading A-50)."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def parse_yuan(text: str, *, field: str) -> Decimal:
    """A decimal string in yuan ("12000.00") to Decimal; never through float."""
    written = text.strip()
    if not written:
        raise InputError("money_format", f"{field}：没有填写金额", remedy=_HOW, field=field)
    if not _WRITTEN.fullmatch(written):
        raise InputError("money_format", f"{field}：“{text[:40]}”不是金额", remedy=_HOW, field=field)
    return Decimal(written)


def show(yuan: Decimal) -> str:
    """Two decimals without separators, as in `vocabulary.md` and letters' tables."""
    return f"{yuan.quantize(FEN)}"
