"""Which line of a partition goes into which run. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from services.core.ids import uuidv7

# Where rows are COPYed to, and their columns; the rest is made by the database.
TABLE = "settlement_payment_all"
COLUMNS = ("org_key", "settlement_id", "part", "person_id", "amount_fen", "card_id", "run_id", "line", "state", "left_out")
RUN_LINES = 50_000      # a bank's client software takes files of this length


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """What a partition pays as rows of `settlement_payment`, in the order of its key.

    `frame`: org_key, settlement_id, part, person_id, amount_fen (> 0), card_id (none: it waits for an account), left_out (why it
    goes into no run, in words, or none). Those with an account and without a reason are numbered from 1 in runs of RUN_LINES.
    """
    ready = pl.col("card_id").is_not_null() & pl.col("left_out").is_null()
    rows = frame.sort("person_id").with_columns(pl.when(ready).then(ready.cum_sum() - 1).alias("place"))
    runs = [str(uuidv7()) for _ in range(math.ceil(int(rows.select((ready).sum()).item()) / RUN_LINES))]
    names = pl.DataFrame({"run": range(len(runs)), "run_id": runs}, schema={"run": pl.Int64, "run_id": pl.String})
    return (rows.with_columns((pl.col("place").cast(pl.Int64) // RUN_LINES).alias("run"),
                              (pl.col("place").cast(pl.Int64) % RUN_LINES + 1).alias("line"),
                              pl.when(ready).then(pl.lit("batched")).otherwise(pl.lit("planned")).alias("state"))
            .join(names, on="run", how="left", maintain_order="left").select(COLUMNS))


SMALL_RUN = 5_000       # below this, runs of several partitions are put together


def together(lasts: Sequence[tuple[str, int]]) -> list[tuple[str, str, int]]:
    """Small runs put together, in order, so that a small city has few of them: (run, run it goes into, what its numbers go up by).

    `lasts`: each run and its highest line number; numbers below it may be free. Runs of SMALL_RUN and more stay as they are; no
    number grows beyond RUN_LINES.
    """
    moves, into, held = [], "", 0
    for run, last in lasts:
        if last >= SMALL_RUN:
            continue
        if into and held + last <= RUN_LINES:
            moves.append((run, into, held))
            held += last
        else:
            into, held = run, last
    return moves
