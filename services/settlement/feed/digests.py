"""A bill's content as one number of 64 bits: two versions of a bill are the same if it is. The same in every run and release. Pure."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.settlement.feed.columns import KEPT_MONEY

_Words = NDArray[np.uint64]
_START, _STEP, _NULL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_WIDTH = 32         # bytes of an id, 30 by 2304


def digest(staged: pl.DataFrame) -> pl.Series:
    """Int64 over member, moment, kind, money, reversal and the hospital's own number of the rows of a staged frame."""
    held = np.full(staged.height, _START)
    member = np.frombuffer(b"".join(staged["member"]), "<u8").reshape(-1, 4)
    words = [*member.T, _number(staged["setl_at"].cast(pl.Int64)), _number((staged["kind"] == "inpatient").cast(pl.Int64)),
             _number(staged["reversed"].cast(pl.Int64)), *(_number(staged[name]) for name in KEPT_MONEY), *_text(staged["medins_setl_id"])]
    with np.errstate(over="ignore"):
        for word in words:
            held = _mixed(held ^ word)
    return pl.Series("digest", held.view(np.int64))


def _mixed(word: _Words) -> _Words:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit in changes about half of the bits out."""
    word = (word ^ (word >> np.uint64(30))) * _STEP
    word = (word ^ (word >> np.uint64(27))) * _NULL
    return word ^ (word >> np.uint64(31)) ^ _START


def _number(values: pl.Series) -> _Words:
    """Nothing known is another content than nothing paid."""
    held: _Words = values.fill_null(0).to_numpy().astype(np.int64).view(np.uint64)
    missing = values.is_null()
    return np.where(missing.to_numpy(), _NULL, held) if missing.any() else held


def _text(values: pl.Series) -> list[_Words]:
    wide = "".join(values.fill_null("").str.pad_end(_WIDTH, "\0")).encode()      # ASCII, by the form of an id
    return list(np.frombuffer(wide, "<u8").reshape(-1, _WIDTH // 8).T)
