"""Synthetic feeds of the medical insurance: settlements with hospitals in the fields of 2304, of any size, drawn from one seed.

A quarter's rows are the same whenever they are drawn, so a later feed can send earlier rows again, changed or reversed.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Literal, cast

import numpy as np
import polars as pl

from services.simulate.feed_rows import BAD, COLUMNS, MONEY, damaged, settlements
from services.simulate.synthetic import FAMILY, FEMALE, MALE

Format = Literal["csv", "csv.gz", "parquet"]
_BATCH = 10_000             # rows drawn at a time
_FIRST_BORN, _DAYS = date(1962, 1, 1), 15_000       # to January 2003
_REGION = "110099"                                  # a county code never assigned
_WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
_CHECKS, _FAMILIES, _GIVEN = pl.Series(list("10X98765432")), pl.Series(FAMILY), pl.Series(MALE + FEMALE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be in a quarter's feed beside its own rows.

    `late`: new bills dated in the quarter before. `corrected`: so many of this quarter's own rows say other amounts than they would
    without. Of the quarter before, in this order: `changed` come again with other amounts, `reversed` come again reversed,
    `repeated` come again as they were. `bad`: rows that must be rejected, of the kinds of feed_rows.BAD in turn.
    """

    late: int = 0
    corrected: int = 0
    changed: int = 0
    reversed: int = 0
    repeated: int = 0
    bad: int = 0


def people(count: int) -> pl.DataFrame:
    """`certno`, `name`, `born`, `sex` of so many synthetic people (up to 15 million); person `i` is always the same."""
    serial = np.arange(count)
    order = serial // _DAYS
    born = np.array(_FIRST_BORN, "datetime64[D]") + serial % _DAYS
    bodies = pl.DataFrame({"born": born, "order": order}).select(
        pl.lit(_REGION) + pl.col("born").dt.strftime("%Y%m%d") + pl.col("order").cast(pl.String).str.zfill(3)).to_series()
    digits = np.frombuffer("".join(bodies).encode(), np.uint8).reshape(-1, 17) - 48
    given = np.where(order % 2 == 1, serial % len(MALE), serial % len(FEMALE) + len(MALE))
    return pl.DataFrame({
        "certno": bodies + _CHECKS[digits @ _WEIGHTS % 11], "name": _FAMILIES[serial // 10 % len(FAMILY)] + _GIVEN[given], "born": born,
        "sex": pl.Series(("F", "M"))[order % 2]})


def write(to: Path, members: pl.DataFrame, *, rows: int, year: int, quarter: int, seed: int = 0, fmt: Format = "csv",
          wish: Wish | None = None) -> int:
    """A feed of `rows` settlements of the quarter among `members` (`certno`, `name`), with what is wished besides.

    Everybody has one row before anybody has two. Money is text with two decimals in CSV, decimal(16, 2) in Parquet. Gives the rows.
    """
    batches = _frames(members, rows, year, quarter, seed, wish or Wish())
    if fmt == "parquet":
        return _parquet(to, batches)
    with gzip.open(to, "wb", compresslevel=1) if fmt == "csv.gz" else to.open("wb") as file:
        return _csv(cast(IO[bytes], file), batches)


def _frames(members: pl.DataFrame, rows: int, year: int, quarter: int, seed: int, wish: Wish) -> Iterator[pl.DataFrame]:
    """First what comes again or late, then the quarter's own rows, at last the bad ones."""
    before = (year, quarter - 1) if quarter > 1 else (year - 1, 4)
    own, earlier = Drawn(members, year, quarter, seed), Drawn(members, *before, seed)
    at = wish.changed + wish.reversed
    yield earlier.rows(0, wish.changed, again=1)
    yield earlier.rows(wish.changed, at).with_columns(pl.lit("1").alias("reversed"))
    yield earlier.rows(at, at + wish.repeated)
    yield Drawn(members, *before, seed + 1, mark="L").rows(0, wish.late)
    yield own.rows(0, wish.corrected, again=1)
    for start in range(wish.corrected, rows, _BATCH):
        yield own.rows(start, min(rows, start + _BATCH))
    yield damaged(Drawn(members, year, quarter, seed + 2, mark="B").rows(0, wish.bad), date(year + quarter // 4, quarter % 4 * 3 + 1, 1))


@dataclass(frozen=True)
class Drawn:
    """The rows of one quarter, drawn in batches that each have a seed of their own."""

    members: pl.DataFrame
    year: int
    quarter: int
    seed: int
    mark: str = "S"

    def rows(self, start: int, end: int, *, again: int = 0) -> pl.DataFrame:
        """Rows `start` to `end` as text; `again` draws other amounts for the same settlements."""
        parts = [self._batch(number, again).slice(max(start - number * _BATCH, 0), end - max(start, number * _BATCH))
                 for number in range(start // _BATCH, -(-end // _BATCH))] if end > start else []
        return pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))

    def _batch(self, number: int, again: int) -> pl.DataFrame:
        chance = np.random.default_rng((self.seed, self.year, self.quarter, number))
        amounts = np.random.default_rng((self.seed, self.year, self.quarter, number, again))
        serial = np.arange(number * _BATCH, (number + 1) * _BATCH)
        count = self.members.height
        whose = np.where(serial < count, serial * _stride(count) % count, chance.integers(0, count, _BATCH))
        first = date(self.year, self.quarter * 3 - 2, 1)
        days = (date(self.year + self.quarter // 4, self.quarter % 4 * 3 + 1, 1) - first) // timedelta(days=1)
        seconds = chance.integers(0, days * 86_400, _BATCH)
        place = f"{self.mark}{self.seed}-{self.year}Q{self.quarter}-"
        return settlements(self.members[whose], serial, np.datetime64(first, "ms") + seconds * 1000, place, chance, amounts)


def _stride(count: int) -> int:
    """A step that visits everybody once before anybody twice, in no order that shows."""
    step = max(1, int(count * 0.618))
    while np.gcd(step, count) != 1:
        step += 1
    return step


def _csv(file: IO[bytes], batches: Iterator[pl.DataFrame]) -> int:
    count = 0
    file.write((",".join(COLUMNS) + "\n").encode())
    for frame in batches:
        frame.select(COLUMNS).write_csv(file, include_header=False, quote_style="never")
        count += frame.height
    return count


def _parquet(to: Path, batches: Iterator[pl.DataFrame]) -> int:
    """Typed columns, as a database would export them; rows whose text is no such value cannot be written."""
    frames = [frame.select(pl.col(MONEY).replace("", None).cast(pl.Decimal(16, 2)), pl.col("setl_time").str.to_datetime(),
                           pl.exclude(*MONEY, "setl_time")).select(COLUMNS) for frame in batches if frame.height]
    whole = pl.concat(frames)
    whole.write_parquet(to, row_group_size=20 * _BATCH)
    return whole.height


__all__ = ["BAD", "COLUMNS", "Drawn", "Format", "Wish", "people", "write"]
