"""Names as a number with which two of them are compared, never written down. The seed is drawn anew for each run. Pure."""

from __future__ import annotations

import polars as pl

from services.core.identity import check_name

_ODD = r"[\s\x{2022}\x{2027}\x{2219}\x{22c5}\x{30fb}\x{ff65}\x{ff0e}\x{2024}\x{1427}.]"


def plain(names: pl.Series) -> pl.Series:
    """As `core.identity.check_name` writes them: no blanks, one kind of middle dot; characters stay as they are."""
    odd = names.str.contains(_ODD).fill_null(False)
    if not odd.any():
        return names
    places = odd.arg_true()
    return names.scatter(places, pl.Series([check_name(name).text for name in names.gather(places)], dtype=pl.String))


def hashed(names: pl.Series, seed: int) -> pl.Series:
    """UInt64 of each name; equal names meet within one run of one installation, and nowhere else."""
    return plain(names).hash(seed)
