"""Money of type N16,2 as text becomes fen, column by column. Pure."""

from __future__ import annotations

import polars as pl

_PLAIN = r"^[-+]?(\d+\.?\d*|\.\d+)$"
_MOST = 14          # places before the point
CODES = ("money", "money_decimals", "money_size")


def fen(text: pl.Series) -> tuple[pl.Series, dict[str, pl.Series]]:
    """Fen (Int64; null where the text is none or empty), and by reason code the rows it is wrong in (only codes that occur).

    Almost every amount is written `123.45`: those are read by dropping the point. What is left is looked at with care.
    """
    plain = (text.str.slice(-3, 1) == ".") & (text.str.len_bytes() <= _MOST + 3)
    read = text.str.replace(".", "", literal=True).cast(pl.Int64, strict=False)
    odd = ~(plain & read.is_not_null()).fill_null(False)
    if not odd.any():
        return read, {}
    found, wrong = _carefully(text.filter(odd))
    places = odd.arg_true()
    whole = read.scatter(places, found)
    return whole, {code: _at(places.filter(rows), len(text)) for code, rows in wrong.items() if rows.any()}


def _carefully(text: pl.Series) -> tuple[pl.Series, dict[str, pl.Series]]:
    text = text.str.strip_chars().replace("", None)
    number = text.str.contains(_PLAIN)
    yuan, cents = text.str.replace(r"\..*$", ""), text.str.extract(r"\.(\d*?)0*$", 1).fill_null("")
    large = (yuan.str.strip_chars("+-").str.strip_chars_start("0").str.len_bytes() > _MOST) & number
    fine = (cents.str.len_bytes() > 2) & number
    good = number & ~large & ~fine
    read = (yuan + cents.str.pad_end(2, "0")).set(~good.fill_null(False), None).cast(pl.Int64)
    return read, {code: rows.fill_null(False) for code, rows in zip(CODES, (~number, fine, large), strict=True)}


def _at(places: pl.Series, count: int) -> pl.Series:
    return pl.Series([False], dtype=pl.Boolean).new_from_index(0, count).scatter(places, True)
