"""The sweep over every open clock, in two houses of different size, beside a plain UPDATE of the same rows.

`python -m infra.bench.clocks` fills a small and a larger simulated house in scratch directories; `--houses SMALL LARGE` takes houses
that are there (data directories as `infra.bench.million` fills them), which are brought up to the newest tables. The day is set
so far ahead that every open clock owes all its steps: seconds of the sweep with what it keeps (who is told, what is owed to the
outbox), its ratio to the bare UPDATE … RETURNING by a comparison of dates, and the growth from one house to the other. Then a tick
on the day on which most clocks have a step, the days before it swept; and one on which nothing is owed. Everything is taken back.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from services.cli.setup import prepare
from services.core.clock import at_hour, business_day
from services.core.db import Database, Scope, driver_cursor, urls
from services.core.settings import ROOT, settings
from services.simulate.years.service import analyze, simulate
from services.simulate.years.size import Size
from services.sla.sweep import sweep

RUNS = 3
CLAIMS_A_UNIT, DAY = 53, timedelta(days=1)
_BARE = """
    UPDATE sla_clock SET breached_at = %(now)s WHERE state = 'running' AND watch_on <= %(today)s
    RETURNING id, claim_id, org_key, kind, subject, due_on"""
_OPEN = "SELECT count(*), max(due_on) FROM sla_clock WHERE state = 'running' AND watch_on IS NOT NULL"


_BUSIEST = "SELECT watch_on FROM sla_clock WHERE state = 'running' AND watch_on IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"


class House(TypedDict):
    """What one house took, in seconds; `steps`: what the clocks owed together, `day_steps`: on the busiest day."""

    claims: int
    clocks: int
    steps: int
    load: float
    sweep: float
    bare: float
    idle: float
    day: float
    day_steps: int


def _taken(db: Database, act: Callable[[Session], object]) -> float:
    """Seconds of one run, which is taken back."""
    with db.unit_of_work(Scope(settings().root_org)) as session:
        began = time.perf_counter()
        act(session)
        took = time.perf_counter() - began
        session.rollback()
    return took


def measure() -> House:
    """The house of the settings: the median of three runs of each, one beside the other."""
    db = Database(urls(settings())[0], pool_size=2)
    with db.view(Scope(settings().root_org)) as session:
        claims = session.execute(sa.text("SELECT count(*) FROM claim")).scalar_one()
        clocks, last = session.execute(sa.text(_OPEN)).one()
    everything, nothing = at_hour(last + 60 * DAY), at_hour(last - 3650 * DAY)
    steps: list[int] = []
    given = {"now": everything, "today": business_day(everything)}
    swept, bare, idle = [], [], []
    for _ in range(RUNS):
        swept.append(_taken(db, lambda session: steps.append(sweep(session, now=everything).total())))
        _tidy()
        bare.append(_taken(db, lambda session: driver_cursor(session).execute(_BARE, given).fetchall()))
        _tidy()
        idle.append(_taken(db, lambda session: sweep(session, now=nothing)))
    day, day_steps = _busiest(db)
    db.close()
    return House(claims=claims, clocks=clocks, steps=steps[0], load=round(os.getloadavg()[0], 1), sweep=_median(swept),
                 bare=_median(bare), idle=_median(idle), day=day, day_steps=day_steps)


def _busiest(db: Database) -> tuple[float, int]:
    """Seconds and steps of the tick on the day on which most clocks have their next step, after all days before."""
    with db.unit_of_work(Scope(settings().root_org)) as session:
        day = session.execute(sa.text(_BUSIEST)).scalar_one()
        sweep(session, now=at_hour(day - DAY))
        began = time.perf_counter()
        steps = sweep(session, now=at_hour(day)).total()
        took = time.perf_counter() - began
        session.rollback()
    _tidy()
    return round(took, 3), steps


def _median(taken: list[float]) -> float:
    return round(statistics.median(taken), 3)


def _tidy() -> None:
    """What a run that was taken back leaves behind would be in the next one's way."""
    with psycopg.connect(urls(settings())[1], autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) sla_clock")
        connection.execute("VACUUM sla_alert")


def house(directory: Path, *, claims: int) -> House:
    """Fill the house (with `claims`) or take it as it is, and measure it, in a process with its own settings."""
    given = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
             "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer")}
    done = subprocess.run([sys.executable, "-m", "infra.bench.clocks", "--inside", str(claims)], cwd=ROOT, env={**os.environ, **given},
                          check=True, stdout=subprocess.PIPE, text=True)
    found: House = json.loads(done.stdout.splitlines()[-1])
    return found


def _inside(claims: int) -> None:
    prepare(settings())
    if claims:
        size = Size(claims * 3 // 4, claims, max(3, claims // CLAIMS_A_UNIT), 1, at_hour(business_day(datetime.now(UTC)) - DAY, 18))
        simulate(Database(urls(settings())[0]), size, root=settings().root_org)
        analyze(urls(settings())[1])
    _tidy()
    print(json.dumps(measure()))


def show(houses: list[House], *, as_json: bool) -> None:
    """Seconds of each house, the sweep against the bare UPDATE, and against the number of clocks."""
    small, large = houses
    growth = round(large["sweep"] / small["sweep"], 2)
    more = round(large["clocks"] / max(1, small["clocks"]), 2)
    if as_json:
        print(json.dumps({"houses": houses, "ratio": [round(one["sweep"] / one["bare"], 2) for one in houses], "growth": growth,
                          "clocks_growth": more}))
        return
    print(f"{'every open clock owes all its steps':44}" + "".join(f"{one['claims']:>12,} claims" for one in houses))
    lines: list[tuple[str, list[str]]] = [
        ("open clocks", [f"{one['clocks']:,}" for one in houses]), ("steps owed", [f"{one['steps']:,}" for one in houses]),
        ("sweep, s", [f"{one['sweep']:.2f}" for one in houses]), ("bare UPDATE … RETURNING, s", [f"{one['bare']:.2f}" for one in houses]),
        ("sweep against bare", [f"{one['sweep'] / one['bare']:.2f}" for one in houses]),
        ("sweep, µs a clock", [f"{one['sweep'] / max(1, one['clocks']) * 1e6:.1f}" for one in houses]),
        ("the busiest day's tick, s", [f"{one['day']:.2f}" for one in houses]), ("its steps", [f"{one['day_steps']:,}" for one in houses]),
        ("a tick on which nothing is owed, s", [f"{one['idle']:.3f}" for one in houses]),
        ("load of the machine at the end", [f"{one['load']}" for one in houses])]
    for name, found in lines:
        print(f"{name:44}" + "".join(f"{value:>19}" for value in found))
    print(f"{more} times the clocks take {growth} times as long")


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--houses", nargs=2, type=Path, metavar=("SMALL", "LARGE"))
    parser.add_argument("--claims", nargs=2, type=int, default=(2_000, 10_000), metavar=("SMALL", "LARGE"))
    parser.add_argument("--inside", type=int, default=-1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside >= 0:
        _inside(given.inside)
    elif given.houses:
        show([house(place.resolve(), claims=0) for place in given.houses], as_json=given.json)
    else:
        with tempfile.TemporaryDirectory(prefix="hz") as scratch:
            show([house(Path(scratch) / str(claims), claims=claims) for claims in given.claims], as_json=given.json)


if __name__ == "__main__":
    main()
