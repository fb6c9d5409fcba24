"""One city's year in columns, and one claim as a worksheet. `python -m infra.bench.settlement`

3.6 million rows of `bj-medical` (wording of 2015) through `engine/bulk.py`, beside the same formula written by hand in
Polars and beside OpenFisca-Core's vectors. All three must agree on the city's total before anything is timed; rounds
alternate, and ratios are of medians. The worksheet's time is one claim computed with every step kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from datetime import date

import polars as pl

from infra.bench.vectors import Vectors
from services.engine import bulk, one
from services.engine.telling.worksheet import worksheet
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

MEMBERS, YEAR = 3_600_000, 2016
STAY_COLUMNS = ("first", "second", "third")


def members(count: int) -> pl.DataFrame:
    """Synthetic members: money in fen, one in five with hospital stays, three in a hundred over the cap."""

    def number(seed: int, below: int) -> pl.Expr:
        return (pl.int_range(count, dtype=pl.Int64).hash(seed) % below).cast(pl.Int64)

    kind, over, stayed = number(1, 100), number(3, 100), number(4, 100)
    category = (pl.when(kind < 90).then(pl.lit("normal")).when(kind < 93).then(pl.lit("model_worker"))
                .when(kind < 96).then(pl.lit("specially_poor")).otherwise(pl.lit("hardship")))
    stays = pl.when(stayed < 80).then(0).when(stayed < 92).then(1).when(stayed < 97).then(2).otherwise(3)
    amounts = pl.concat_list(*(number(seed, 1_500_000) for seed in (6, 7, 8)))
    return pl.select(
        category.alias("person.category"), number(2, 1_000_000).alias("event.outpatient_own_1"),
        pl.when(over < 3).then(number(5, 40_000_000)).otherwise(0).alias("event.over_cap_own_1"),
        pl.when(over < 1).then(number(9, 5_000_000)).otherwise(0).alias("event.other_reimbursed"),
        amounts.list.head(stays).alias("event.stays_own_1")).with_columns(
        pl.lit(YEAR, pl.Int64).alias("event.year"), pl.lit(date(YEAR, 1, 1)).alias("cover.effective"),
        pl.lit(date(YEAR, 12, 31)).alias("cover.until"))


def by_hand(frame: pl.DataFrame) -> pl.DataFrame:
    """The same year as somebody fluent in Polars writes it, without a rule-book: lines and total in fen."""
    poor = pl.col("person.category") == "specially_poor"
    rate = pl.when(poor | (pl.col("person.category") == "model_worker")).then(25).otherwise(20)
    stays = pl.col("event.stays_own_1").list
    first = (stays.first() - pl.when(poor).then(65_000).otherwise(130_000)).clip(0).fill_null(0)
    later = (stays.slice(1) - pl.when(poor).then(32_500).otherwise(65_000)).list.eval(pl.element().clip(0)).list.sum()
    over = (pl.col("event.over_cap_own_1") - pl.col("event.other_reimbursed")).clip(0)
    ladder = (over.clip(0, 5_000_000) * 40 + (over - 5_000_000).clip(0, 5_000_000) * 60
              + (over - 10_000_000).clip(0, 5_000_000) * 80 + ((over - 15_000_000).clip(0) * 90).clip(upper_bound=10**9))
    lines = {"line.outpatient": (pl.col("event.outpatient_own_1") - 180_000).clip(0) * rate,
             "line.inpatient": (first + later) * rate, "line.over_cap": ladder}
    return frame.lazy().select(((2 * line + 100) // 200).alias(name) for name, line in lines.items()).with_columns(
        pl.sum_horizontal(*lines).clip(upper_bound=20_065_300).alias("total")).collect()


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def check(ours: pl.DataFrame, hand: pl.DataFrame, vectors: float) -> None:
    """Equal to the fen by hand; OpenFisca's single-precision floats within a yuan a thousand members."""
    if not ours["total"].equals(hand["total"]):
        raise SystemExit("bulk.py and the formula by hand differ")
    city = int(ours["total"].sum()) / 100
    if abs(vectors - city) > len(ours) / 1000:
        raise SystemExit(f"OpenFisca computes {vectors:.2f} yuan, bulk.py {city:.2f}")


def one_worksheet(book: RuleBook, rounds: int) -> float:
    """Median microseconds of one claim computed and laid out as a worksheet."""
    c = parse({"plan": book.plan, "cover": {"effective": "2016-01-01", "until": "2016-12-31"},
               "event": {"kind": "medical_year", "year": YEAR, "outpatient_own_1": "5000.00",
                         "stays_own_1": ["12000.00", "3000.00"], "over_cap_own_1": "80000.00"}})
    return statistics.median(seconds(lambda: worksheet(one.assess(book, c))) for _ in range(rounds)) * 1e6


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--members", type=int, default=MEMBERS)
    options = parser.parse_args()
    book, frame = registry.resolve("bj-medical", date(YEAR, 12, 31)), members(options.members)
    vectors = Vectors(frame, YEAR)
    sides: dict[str, Callable[[], object]] = {
        "by hand in Polars": lambda: by_hand(frame), "bulk.py": lambda: bulk.compute(book, frame),
        "OpenFisca-Core": vectors.total}
    check(bulk.compute(book, frame), by_hand(frame), vectors.total())
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, work in sides.items():
            times[name].append(seconds(work))
    show(times, options.members, one_worksheet(book, 2000), as_json=options.json)


def show(times: dict[str, list[float]], count: int, worksheet_us: float, *, as_json: bool) -> None:
    """Medians with ranges, and each ratio to the formula by hand."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    hand = medians["by hand in Polars"]
    if as_json:
        print(json.dumps({name: {"median": round(value, 3), "ratio": round(value / hand, 2)}
                          for name, value in medians.items()} | {"worksheet_us": round(worksheet_us)}))
        return
    print(f"{f'{count:,} members, one year':28}{'seconds':>14}{'range':>18}{'ratio to hand':>14}")
    for name, values in times.items():
        print(f"{name:28}{medians[name]:14.3f}{f'{min(values):.3f}–{max(values):.3f}':>18}{medians[name] / hand:14.2f}")
    print(f"{'one worksheet, median':28}{worksheet_us:11.0f} µs")


if __name__ == "__main__":
    main()
