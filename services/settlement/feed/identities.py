"""Identity numbers in columns: read as `core.identity` reads them, checked, and turned into blind indices. Pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.core.identity import eighteen

Index = Callable[[list[str]], list[bytes]]
SHARES = 64                 # a member's part is the first byte of the index by four
_FORM = r"^[1-9][0-9]{16}[0-9X]$"
_LIKE = r"^(\d{15}|\d{17}[\dXx])$"
_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), np.int32)
_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_MONTH_DAYS = np.array((0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), np.int32)
CODES = ("identity_pattern", "identity_date", "identity_checksum")


def clean(numbers: pl.Series) -> pl.Series:
    """As stored with members: no blanks, capital X, 18 places also for a number of the first generation; "" for nothing."""
    numbers = numbers.fill_null("")
    odd = ~numbers.str.contains(_FORM)
    if not odd.any():
        return numbers
    places = odd.arg_true()
    said = ["".join(text.split()).upper() for text in numbers.gather(places)]
    return numbers.scatter(places, pl.Series([eighteen(text) or text for text in said], dtype=pl.String))


def faults(numbers: pl.Series) -> dict[str, pl.Series]:
    """By reason code the rows whose (clean) number is wrong: pattern, birth date, check digit, as GB 11643 has it."""
    form = numbers.str.contains(_FORM)
    signs = np.frombuffer("".join(numbers.filter(form)).encode(), np.uint8).reshape(-1, 18)
    digits = signs[:, :17].astype(np.int32) - 48
    dates, checks = np.zeros(len(numbers), bool), np.zeros(len(numbers), bool)
    at = form.to_numpy()
    dates[at] = ~_dates(digits)
    checks[at] = _CHECKS[digits @ _WEIGHTS % 11] != signs[:, 17]
    return {code: rows for code, rows in zip(CODES, (~form, pl.Series(dates), pl.Series(checks)), strict=True) if rows.any()}


def _dates(digits: NDArray[np.int32]) -> NDArray[np.bool_]:
    year, month, day = (digits[:, start:end] @ 10 ** np.arange(end - start)[::-1] for start, end in ((6, 10), (10, 12), (12, 14)))
    common = (year % 4 != 0) | ((year % 100 == 0) & (year % 400 != 0))
    last = _MONTH_DAYS[np.minimum(month, 12)] - (common & (month == 2))
    good: NDArray[np.bool_] = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= last)
    return good


def members(numbers: pl.Series, index: Index) -> pl.DataFrame:
    """`member` (blind index) and `part` (0 to 63) of each number; null where the number is null. One index a distinct number."""
    known = numbers.drop_nulls().unique()
    indices = index(known.to_list())
    first = np.frombuffer(b"".join(indices), np.uint8).reshape(-1, 32)[:, 0]
    table = pl.DataFrame({"number": known, "member": pl.Series(indices, dtype=pl.Binary),
                          "part": pl.Series(first // (256 // SHARES)).cast(pl.Int16)})
    return numbers.to_frame("number").join(table, on="number", how="left", maintain_order="left").drop("number")


def looks_like_one(text: pl.Series, latest: int) -> pl.Series:
    """Where a number that should be something else is somebody's identity number, born `latest` or before."""
    form = text.str.contains(_LIKE).fill_null(False)
    if not form.any():
        return form
    places = form.arg_true()
    numbers = clean(text.gather(places))
    good = numbers.str.slice(6, 4).cast(pl.Int32, strict=False).is_between(1900, latest).fill_null(False)
    for rows in faults(numbers).values():
        good &= ~rows
    return pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(text)).scatter(places.filter(good), True)
