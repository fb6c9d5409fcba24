"""A city's quarter from file to payment run and stored inputs. `python -m infra.bench.city [MEMBERS …]`

For each size a house is filled (not measured) and a feed written; then the feed is settled as the worker settles it, and the same rows
are copied as bare as PostgreSQL can: the feed in, and every row written into tables without keys, checks or row security. A drawn
sample is computed again one by one, and the totals by a formula in SQL that knows nothing of the rule-book. At last the largest city is
settled anew by several processes. Memory is the sum of proportional sets, the server's processes told apart from ours.

With `--houses DIR` the houses stay (3.6 million members: 6 GB) and are not filled again next time.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

import polars as pl
import psycopg

from infra.bench import city_house, city_run
from infra.bench.city_house import YEAR, House
from infra.bench.city_proof import agree_one_by_one, agree_with_sql
from infra.bench.city_watch import Measured
from services.models import Settlement
from services.simulate import feed as simulated

SIZES = (360_000, 3_600_000)
SAMPLE = 10_000


def main() -> None:
    """Measure each size, and several processes on the largest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("members", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--processes", type=int, default=2, help="what one process is compared with; 1: with nothing")
    parser.add_argument("--houses", type=Path, help="keep the houses here, and take those that are here")
    options = parser.parse_args()
    begun, sizes = time.perf_counter(), sorted(options.members)
    say(_machine())
    taken = {count: one_size(count, options.processes if count == sizes[-1] else 1, options.houses) for count in sizes}
    if len(sizes) > 1:
        say(f"\ngrowth {sizes[0]:,} → {sizes[-1]:,} members (×{sizes[-1] / sizes[0]:.0f}): ×{taken[sizes[-1]] / taken[sizes[0]]:.2f}")
    say(f"whole bench {time.perf_counter() - begun:.0f} s, load at the end {os.getloadavg()[0]:.1f}")


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"python -m infra.bench.city: {os.cpu_count()} processors, {memory:.0f} GB, {platform.system()} {platform.machine()},"
            f" Python {platform.python_version()}, Polars {pl.__version__}, load at the beginning {os.getloadavg()[0]:.1f}")


def one_size(count: int, processes: int, houses: Path | None) -> float:
    """Fill, settle, compare, prove, settle again beside; returns the seconds of one process."""
    if houses is not None:
        directory = houses / f"hzcity-{count}"
        directory.mkdir(parents=True, exist_ok=True)
        return _measured(directory, count, processes)
    directory = Path(tempfile.mkdtemp(prefix="hzcity"))
    try:
        return _measured(directory, count, processes)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _measured(directory: Path, count: int, processes: int) -> float:
    begun = time.perf_counter()
    house, file = city_house.build(directory, count), directory / "feed.csv"
    rows = simulated.write(file, house.members, rows=count, year=YEAR, quarter=1, seed=7)
    with psycopg.connect(house.superuser) as connection:
        version = connection.info.parameter_status("server_version")
    say(f"\n{count:,} members, {rows:,} rows ({file.stat().st_size / 1e6:,.0f} MB of CSV), PostgreSQL {version};"
        f" house and feed ready in {time.perf_counter() - begun:.0f} s")
    measured, done = city_run.settle(house, file, 1)
    _tell(measured, done, 1)
    bare = city_run.bare_copies(house, file)
    say(f"  bare COPY {bare.seconds:.2f} s ({', '.join(f'{name} {step.wall:.2f}' for name, step in bare.steps.items())}):"
        f" ratio {measured.seconds / bare.seconds:.2f}; in CPU seconds {measured.cpu:.1f} to {bare.cpu:.1f}: {measured.cpu / bare.cpu:.2f}")
    say("  " + agree_with_sql(house, done.id))
    say("  " + agree_one_by_one(house, done.id, min(SAMPLE, count)))
    if processes > 1:
        _beside(house, file, processes, measured, done)
    return measured.seconds


def _beside(house: House, file: Path, processes: int, alone: Measured, before: Settlement) -> None:
    """The same feed in the same house by several processes: the same partitions must come out."""
    came = city_run.digests(house, before.id)
    city_house.unsettled(house.superuser)
    measured, done = city_run.settle(house, file, processes)
    _tell(measured, done, processes)
    if city_run.digests(house, done.id) != came:
        raise SystemExit(f"{processes} processes settled otherwise than one")
    steps = {name: alone.steps[name].wall / measured.steps[name].wall for name in ("stage and look up", "partitions")}
    say(f"  {processes} processes against 1: ×{alone.seconds / measured.seconds:.2f}"
        f" ({', '.join(f'{name} ×{times:.2f}' for name, times in steps.items())}); every partition the same")


def _tell(measured: Measured, done: Settlement, processes: int) -> None:
    say(f"  {processes} process{'es' * (processes > 1)}: {done.bills:,} bills, {done.lines:,} lines, {done.paying:,} paid"
        f" {done.due_fen / 100:,.2f} yuan, {done.unresolved:,} unresolved; load {os.getloadavg()[0]:.1f}")
    say(f"    {'':24}{'wall':>10}{'our CPU':>10}{'server CPU':>12}")
    for name, step in measured.steps.items():
        say(f"    {name:24}{step.wall:10.2f}{step.ours:10.2f}{step.server:12.2f}")
    say(f"    {'together':24}{measured.seconds:10.2f}{sum(step.ours for step in measured.steps.values()):10.2f}"
        f"{sum(step.server for step in measured.steps.values()):12.2f}")
    say(f"    peak memory {measured.together_mb:,.0f} MB: ours {measured.ours_mb:,.0f}, the server's {measured.server_mb:,.0f}")


def say(text: str) -> None:
    """At once, however long the rest takes."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
