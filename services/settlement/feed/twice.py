"""Settlements that stand in one file more than once: told by numbers kept of every accepted row, 32 bytes each. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

_Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Marks:
    """Of each accepted row: hash of the settlement's id, of member and hospital's id (0: none or reversed), content, row number."""

    setl: _Words
    hospital: _Words
    digest: NDArray[np.int64]
    row_no: NDArray[np.int64]


def marks(staged: pl.DataFrame) -> Marks:
    """Of a staged frame. The hashes hold within a run."""
    own = staged.select(pl.col("setl_id").hash(1).alias("setl"), pl.struct("member", "medins_setl_id").hash(2).alias("hospital"),
                        (pl.col("medins_setl_id").is_not_null() & ~pl.col("reversed")).alias("told"))
    return Marks(own["setl"].to_numpy(), np.where(own["told"].to_numpy(), own["hospital"].to_numpy(), np.uint64(0)),
                 staged["digest"].to_numpy(), staged["row_no"].to_numpy())


@dataclass(frozen=True, slots=True)
class Twice:
    """Row numbers: the same again (all but the first), different under one settlement, different under one hospital number."""

    repeated: list[int]
    different: list[int]
    hospital: list[int]

    @property
    def dropped(self) -> list[int]:
        """Every row that does not stand."""
        return sorted({*self.repeated, *self.different, *self.hospital})


def among(found: list[Marks]) -> Twice:
    """Across the whole file."""
    if not found:
        return Twice([], [], [])
    whole = Marks(*(np.concatenate([getattr(one, name) for one in found]) for name in ("setl", "hospital", "digest", "row_no")))
    frame = pl.DataFrame({"key": whole.setl, "digest": whole.digest, "row_no": whole.row_no})
    same = _repeated_keys(whole.setl)
    again = frame.filter(pl.Series(np.isin(whole.setl, same))) if len(same) else frame.clear()
    again = again.sort("row_no").with_columns(different=pl.col("digest").n_unique().over("key") > 1,
                                              first=pl.col("row_no") == pl.col("row_no").min().over("key"))
    different = again.filter("different")["row_no"].to_list()
    repeated = again.filter(~pl.col("different") & ~pl.col("first"))["row_no"].to_list()
    standing = ~np.isin(whole.row_no, np.array([*different, *repeated], np.int64)) & (whole.hospital != 0)
    keys = whole.hospital[standing]
    hospital = whole.row_no[standing][np.isin(keys, _repeated_keys(keys))]
    return Twice(repeated, different, sorted(hospital.tolist()))


def _repeated_keys(keys: _Words) -> _Words:
    ordered = np.sort(keys)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
