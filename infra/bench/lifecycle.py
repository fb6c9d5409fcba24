"""Full lifecycles per second: the product's `fire` against raw psycopg writing the same rows. `python -m infra.bench.lifecycle`

Twelve moves a claim, from verified papers to settled money, with every guard's facts loaded, audit chained, clocks and
outbox written. Raw does, on one connection, a locked read and the same row writes with nothing checked. Both commit per
move (or per move and batch) with synchronous_commit = on; sides alternate in one run, and ratios are of medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from infra.bench.raw import RawRoad
from infra.bench.road import Road
from infra.bench.world import prepare

BATCH = 200


def rate(road: Callable[[list[uuid.UUID]], None], groups: list[list[uuid.UUID]]) -> float:
    """Lifecycles a second over the groups."""
    begun = time.perf_counter()
    for group in groups:
        road(group)
    return sum(len(group) for group in groups) / (time.perf_counter() - begun)


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--singles", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        world = prepare(Path(directory))
        roads: dict[str, Callable[[list[uuid.UUID]], None]] = {
            "raw one by one": RawRoad(world), "ours one by one": Road(world), f"ours in batches of {BATCH}": Road(world)}
        rates: dict[str, list[float]] = {name: [] for name in roads}
        for turn in range(options.rounds + 1):
            for name, road in roads.items():
                count, size = (BATCH, BATCH) if "batches" in name else (options.singles, 1)
                value = rate(road, world.claims(count, size))
                if turn:            # the first round warms caches and prepared statements
                    rates[name].append(value)
        world.verify()
        world.close()
    show(rates, as_json=options.json)


def show(rates: dict[str, list[float]], *, as_json: bool) -> None:
    """Medians with ranges, and each ratio to raw."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    raw = medians["raw one by one"]
    if as_json:
        print(json.dumps({name: {"median": round(value, 1), "ratio": round(value / raw, 2)}
                          for name, value in medians.items()}))
        return
    print(f"{'':28}{'lifecycles/s':>14}{'range':>18}{'ratio to raw':>14}")
    for name, values in rates.items():
        print(f"{name:28}{medians[name]:14.1f}{f'{min(values):.1f}–{max(values):.1f}':>18}{medians[name] / raw:14.2f}")


if __name__ == "__main__":
    main()
