"""The forecast held against what came after, on a house's own record: `services/reporting/forecast/backtest.py`.

`python -m infra.bench.forecast` fills a simulated house in a scratch directory; `--house DIR` takes one that is there (a data
directory as `infra.bench.million` fills them), which is brought up to the newest tables. On the first of each month the record up
to that day alone says how likely each open promise is to be missed; then it is told how many of those that were missed stood in the
riskiest tenth, against two orders that need no forecast, and whether the shares came true. Promises late by that day are left out,
of equals at the edge of the tenth each is as likely to be in it. At the end: what bringing the forecast up takes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import Session

from services.cli.setup import prepare
from services.core.clock import at_hour, business_day
from services.core.db import Database, Scope, urls
from services.core.months import months_on
from services.core.settings import ROOT, settings
from services.reporting.figures import service as figures
from services.reporting.forecast import backtest, histograms, service
from services.reporting.forecast.backtest import ORDERS, Found, Then, calibration, in_first_tenth
from services.simulate.years.service import analyze, simulate
from services.simulate.years.size import Size

CLAIMS, CLAIMS_A_UNIT = 20_000, 53
FIRST_MONTHS = 6                # of the record, before the first day on which it is asked
LAST_DAYS = 60                  # before the record's end: what was open then is nearly all decided by now


class Promise(TypedDict):
    """`days`: by day the open ones, those missed later, and how many of these each order had in its first tenth."""

    days: list[dict[str, float | str]]
    found: dict[str, float]
    found_within_office: dict[str, float]
    calibration: list[dict[str, float]]


def days(session: Session) -> list[date]:
    """The first days of months with half a year of record before and two months after."""
    first, last = session.execute(sa.text("SELECT min(entered_at)::date, max(entered_at)::date FROM stage_visit")).one()
    found, day = [], months_on(first, FIRST_MONTHS + 1)
    while day <= last - timedelta(days=LAST_DAYS):
        found.append(day)
        day = months_on(day, 1)
    return found


def _offices(ones: list[Then], order: backtest.Order) -> Found:
    """The first tenth of each office's own list."""
    each = [in_first_tenth([one for one in ones if one.office == office], order) for office in sorted({one.office for one in ones})]
    return Found(sum(one.late for one in each), sum(one.found for one in each))


def held_against(session: Session, promise: str, asked: list[date], known: date) -> Promise:
    """One kind of promise over all days."""
    told: list[dict[str, float | str]] = []
    every: list[Then] = []
    sums: dict[str, float] = defaultdict(float)
    within: dict[str, float] = defaultdict(float)
    for day in asked:
        ones = backtest.then(session, day=day, known=known, promise=promise)
        every += ones
        line: dict[str, float | str] = {"day": day.isoformat(), "open": len(ones), "missed": sum(one.late for one in ones)}
        for name, order in ORDERS.items():
            found = in_first_tenth(ones, order).found
            line[name] = round(found, 1)
            sums[name] += found
            within[name] += _offices(ones, order).found
        told.append(line)
    late = max(1, sum(one.late for one in every))
    return Promise(days=told, found={name: round(found / late, 3) for name, found in sums.items()},
                   found_within_office={name: round(found / late, 3) for name, found in within.items()},
                   calibration=[{name: round(value, 4) for name, value in asdict(band).items()} for band in calibration(every)])


def measure() -> dict[str, object]:
    """The house of the present settings: figures brought up, the forecast made, then held against the past."""
    db = Database(urls(settings())[0], pool_size=1)
    scope = Scope(settings().root_org)
    with db.view(scope) as session:
        newest: datetime = session.execute(sa.text("SELECT max(at) FROM audit_record")).scalar_one()
    known = business_day(newest)
    with db.unit_of_work(scope) as session:
        figures.refresh(session, now=newest)
    took = []
    for _ in range(2):
        with db.unit_of_work(scope) as session:
            began = time.perf_counter()
            open_ones = service.refresh(session, newest)
            took.append(round(time.perf_counter() - began, 1))
    with db.unit_of_work(scope) as session:        # it writes nothing but tables of its own transaction
        claims = int(session.execute(sa.text("SELECT count(*) FROM claim")).scalar_one())
        asked = days(session)
        promises = {promise: held_against(session, promise, asked, known) for promise in histograms.PROMISES}
    db.close()
    return {"claims": claims, "open": open_ones, "first_s": took[0], "again_s": took[1], "load": round(os.getloadavg()[0], 1),
            "promises": promises}


def lines(promises: dict[str, Promise]) -> Iterator[str]:
    """The tables: day by day, in all, share against what came."""
    for name, found in promises.items():
        yield f"{name}: of the promises missed later, how many stood in the first tenth of each order"
        yield f"{'day':12}{'open':>8}{'missed':>8}" + "".join(f"{order:>26}" for order in ORDERS)
        for line in found["days"]:
            yield f"{line['day']:12}{line['open']:8}{line['missed']:8}" + "".join(f"{line[order]:26}" for order in ORDERS)
        yield f"{'share, all offices in one list':>28}" + "".join(f"{found['found'][order]:26.1%}" for order in ORDERS)
        yield f"{'share, each office by itself':>28}" + "".join(f"{found['found_within_office'][order]:26.1%}" for order in ORDERS)
        yield f"{'forecast share':>28}{'promises':>26}{'forecast, average':>26}{'missed':>26}"
        for band in found["calibration"]:
            said = f"{band['low'] / 100:g}% to {min(band['high'], 10_000) / 100:g}%" if band["high"] <= 10_001 else "longer than all before"
            yield f"{said:>28}{band['n']:26.0f}{band['forecast'] if band['high'] <= 10_001 else 1:26.1%}{band['late']:26.1%}"
        yield ""


def house(directory: Path, claims: int) -> dict[str, object]:
    """Fill the house (with `claims`) or take it as it is, and measure it, in a process with its own settings."""
    given = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
             "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer")}
    done = subprocess.run([sys.executable, "-m", "infra.bench.forecast", "--inside", str(claims)], cwd=ROOT, env={**os.environ, **given},
                          check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def _inside(claims: int) -> None:
    prepare(settings())
    if claims:
        size = Size(claims * 3 // 4, claims, max(3, claims // CLAIMS_A_UNIT), 1,
                    at_hour(business_day(datetime.now(UTC)) - timedelta(days=1), 18))
        simulate(Database(urls(settings())[0]), size, root=settings().root_org)
        analyze(urls(settings())[1])
    print(json.dumps(measure()))


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--house", type=Path, metavar="DIR")
    parser.add_argument("--claims", type=int, default=CLAIMS)
    parser.add_argument("--inside", type=int, default=-1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside >= 0:
        _inside(given.inside)
        return
    if given.house:
        found = house(given.house.resolve(), 0)
    else:
        with tempfile.TemporaryDirectory(prefix="hz") as scratch:
            found = house(Path(scratch), given.claims)
    if given.json:
        print(json.dumps({"forecast": found}))
        return
    print(f"forecast on {found['claims']:,} claims, {found['open']:,} promises open now")
    for line in lines(found["promises"]):      # type: ignore[arg-type]
        print(line)
    print(f"bringing it up: {found['first_s']} s from nothing, {found['again_s']} s again; load of the machine at the end: {found['load']}")


if __name__ == "__main__":
    main()
