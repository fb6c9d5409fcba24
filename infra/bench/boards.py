"""The boards of a unit, a district, an office and the root, in two houses of different size: pages over HTTP, and their refresh.

`python -m infra.bench.boards` fills a small and a larger simulated house in scratch directories and compares them.
`--houses SMALL LARGE` compares houses that are there instead, which are brought up to the newest tables; an auditor is seated at the
root of a house that has none. The figures are brought up first: everything anew (left out with `--changes`, of a house that has its
figures), the first time of a day, when the forecast is made anew, nothing changed, and a thousand claims changed: their stays are
forgotten and the refresh is told that it ran before them.
Then one person at each place asks for every page again and again: p95 in milliseconds, and how much longer the larger house takes.
Each person works in the scope of an own account, so that row security is on; the first time of each page is left out. What the boards
read is vacuumed before, as the server has done by itself in a house that runs: the houses were filled in one go and put down.
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import httpx
import psycopg
import sqlalchemy as sa

from infra.bench.desks import _await as await_server
from infra.bench.desks import _free_port as free_port
from infra.bench.desks import _p95 as p95
from services.access.actor import system
from services.access.service import open_account
from services.access.sessions import open_session
from services.cli.setup import prepare
from services.core.clock import at_hour, business_day
from services.core.db import Database, Scope, urls
from services.core.settings import ROOT, settings
from services.reporting.figures.service import refresh
from services.simulate.years.service import analyze, simulate
from services.simulate.years.size import Size
from services.web.door import COOKIE

# A board's place and the role that looks at it.
SEATS = (("unit", "unit_clerk"), ("district", "district_reviewer"), ("office", "head"), ("root", "auditor"))
PAGES = {"open now": "/boards", "time, this month": "/boards/time", "time, twelve months by organisation": "/boards/time?month=all&by=org",
         "kept": "/boards/kept?month=all", "waiting": "/boards/waiting", "claims: open": "/boards/claims?number=open",
         "claims: late": "/boards/claims?number=late", "claims: missed": "/boards/claims?number=missed",
         "claims: returned": "/boards/claims?number=returned"}
ROUNDS, CHANGED = 6, 1_000
READ = ("organisation", "claim", "sla_clock", "stage_visit", "day_tally", "month_tally", "open_tally", "claim_risk")
CLAIMS_A_UNIT, DAY = 53, timedelta(days=1)
_ROOT = sa.text("SELECT id FROM organisation WHERE org_key = :root")
_ACCOUNT = sa.text("""
    SELECT a.id FROM account a JOIN role_grant g ON g.account_id = a.id WHERE g.role = :role AND a.active
    AND (g.role <> 'auditor' OR a.org_key = :root) AND EXISTS (SELECT 1 FROM claim c WHERE c.org_key >= a.org_key
        AND c.org_key < (rtrim(a.org_key, '.') || '/') COLLATE "C") ORDER BY md5(a.id::text) LIMIT 1""")
_NEWEST = sa.text("SELECT max(at) FROM audit_record WHERE at > now() - interval '1 month'")
_MOVED = sa.text("SELECT count(DISTINCT chain_id) FROM audit_record WHERE at >= :since AND machine IN ('claim', 'review_step', 'payment')")
_BEFORE = sa.text("UPDATE figures_refresh SET as_of = :since WHERE name <> 'forecast'")
_FORGET = sa.text("DELETE FROM stage_visit WHERE claim_id IN (SELECT chain_id FROM audit_record WHERE at >= :since)")


class House(TypedDict):
    """What one house took: seconds of the refreshes (None: left out), p95 in milliseconds of each page by place."""

    claims: int
    load: float
    anew: float | None
    day: float
    nothing: float
    changed: int
    some: float
    ms: dict[str, float]


def seat(db: Database) -> dict[str, str]:
    """A person at each place, with a session in force: the cookie."""
    now, cookies, root = datetime.now(UTC), {}, f"{settings().root_org}."
    with db.unit_of_work(Scope(settings().root_org)) as session:
        for place, role in SEATS:
            found = session.execute(_ACCOUNT, {"role": role, "root": root}).scalar()
            if found is None and role == "auditor":
                found = open_account(session, login="bench.auditor", name="审计（测量）", roles=[role], actor=system(settings().root_org),
                                     org_id=session.execute(_ROOT, {"root": root}).scalar_one(), now=now).id
            if found is None:
                raise SystemExit(f"nobody sits at the {place}")
            session.execute(sa.text("INSERT INTO credential (account_id, totp_step, totp_at) VALUES (:id, 0, :now)"
                                    " ON CONFLICT (account_id) DO UPDATE SET totp_at = excluded.totp_at"), {"id": found, "now": now})
            cookies[place] = open_session(session, account_id=found, stage="full", door="password", agent="bench",
                                          address="127.0.0.1", now=now)
    return cookies


def tidy(owner_url: str) -> None:
    """What a running server's own vacuum would have done by now."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f"VACUUM (ANALYZE) {', '.join(READ)}")


def brought_up(db: Database, *, whole: bool = False) -> float:
    """Seconds of a refresh. SystemExit when another is at it."""
    began = time.perf_counter()
    with db.unit_of_work(Scope(settings().root_org)) as session:
        if refresh(session, now=datetime.now(UTC), whole=whole) is None:
            raise SystemExit("another refresh is under way")
    return round(time.perf_counter() - began, 2)


def next_day(db: Database) -> float:
    """Seconds of a refresh that finds the forecast to be of yesterday, and nothing else."""
    with db.unit_of_work(Scope(settings().root_org)) as session:
        session.execute(sa.text("UPDATE figures_refresh SET as_of = as_of - interval '1 day' WHERE name = 'forecast'"))
    return brought_up(db)


def forget(db: Database) -> int:
    """The stays of about a thousand claims that moved last: taken away, and the refreshes told that they ran before them."""
    with db.unit_of_work(Scope(settings().root_org)) as session:
        newest: datetime | None = session.execute(_NEWEST).scalar_one()
        if newest is None:
            raise SystemExit("nothing moved within a month")
        since, moved = newest, 0
        while moved < CHANGED and newest - since < 30 * DAY:
            since -= timedelta(hours=2)
            moved = session.execute(_MOVED, {"since": since}).scalar_one()
        session.execute(_FORGET, {"since": since})
        session.execute(_BEFORE, {"since": since + timedelta(hours=1)})
    return int(moved)


def measure(*, whole: bool) -> House:
    """The house of the settings, its pages served by a process of its own."""
    db = Database(urls(settings())[0], pool_size=2)
    anew = brought_up(db, whole=True) if whole else None
    if whole:
        analyze(urls(settings())[1])
    else:
        brought_up(db)
    day, nothing, changed = next_day(db), brought_up(db), forget(db)
    some, cookies = brought_up(db), seat(db)
    tidy(urls(settings())[1])
    with db.view(Scope(settings().root_org)) as session:
        claims = session.execute(sa.text("SELECT count(*) FROM claim")).scalar_one()
    db.close()
    port, taken = free_port(), defaultdict[str, list[float]](list)
    server = subprocess.Popen([sys.executable, "-m", "services.api", "--host", "127.0.0.1", "--port", str(port)], cwd=ROOT)
    try:
        await_server(f"http://127.0.0.1:{port}/progress")
        for place in cookies:
            _look(f"http://127.0.0.1:{port}", cookies[place], place, taken)
    finally:
        server.terminate()
        server.wait()
    return House(claims=claims, load=round(os.getloadavg()[0], 1), anew=anew, day=day, nothing=nothing, changed=changed, some=some,
                 ms={page: round(p95(found), 1) for page, found in taken.items()})


def _look(url: str, cookie: str, place: str, taken: dict[str, list[float]]) -> None:
    """Every page of a place, some rounds; the first warms up. SystemExit when a page does not come."""
    with httpx.Client(base_url=url, cookies={COOKIE: cookie}, timeout=60) as http:
        for turn in range(ROUNDS + 1):
            for name, path in PAGES.items():
                began = time.perf_counter()
                status = http.get(path).status_code
                if status != 200:
                    raise SystemExit(f"{path} of {place}: {status}")
                if turn:
                    taken[f"{place}: {name}"].append((time.perf_counter() - began) * 1000)


def house(directory: Path, *, claims: int, whole: bool) -> House:
    """Fill the house (with `claims`) or take it as it is, and measure it, in a process with its own settings."""
    given = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
             "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer")}
    asked = [sys.executable, "-m", "infra.bench.boards", "--inside", str(claims), *([] if whole else ["--changes"])]
    done = subprocess.run(asked, cwd=ROOT, env={**os.environ, **given}, check=True, stdout=subprocess.PIPE, text=True)
    found: House = json.loads(done.stdout.splitlines()[-1])
    return found


def _inside(claims: int, *, whole: bool) -> None:
    prepare(settings())
    if claims:
        size = Size(claims * 3 // 4, claims, max(3, claims // CLAIMS_A_UNIT), 1, at_hour(business_day(datetime.now(UTC)) - DAY, 18))
        simulate(Database(urls(settings())[0]), size, root=settings().root_org)
        analyze(urls(settings())[1])
    print(json.dumps(measure(whole=whole)))


def show(small: House, large: House, *, as_json: bool) -> None:
    """Each board in each house, and the larger against the smaller."""
    if as_json:
        print(json.dumps({"boards": [small, large]}))
        return
    print(f"{'p95 in ms':48}{small['claims']:>12,}{large['claims']:>12,}{'ratio':>8}")
    for page, took in small["ms"].items():
        print(f"{page:48}{took:12.1f}{large['ms'][page]:12.1f}{large['ms'][page] / took:8.2f}")
    print("refresh, seconds")
    for what, one, other in (("everything anew", small["anew"], large["anew"]), ("the first of a day", small["day"], large["day"]),
                             ("nothing changed", small["nothing"], large["nothing"]),
                             (f"claims changed: {small['changed']:,} and {large['changed']:,}", small["some"], large["some"])):
        if one and other:
            print(f"{what:48}{one:12.2f}{other:12.2f}{other / one:8.2f}")
    print(f"load of the machine at the end: {small['load']}, {large['load']}")


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--houses", nargs=2, type=Path, metavar=("SMALL", "LARGE"))
    parser.add_argument("--claims", nargs=2, type=int, default=(1_000, 4_000), metavar=("SMALL", "LARGE"))
    parser.add_argument("--changes", action="store_true", help="leave out the refresh of everything")
    parser.add_argument("--inside", type=int, default=-1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside >= 0:
        _inside(given.inside, whole=not given.changes)
    elif given.houses:
        small, large = (house(place.resolve(), claims=0, whole=not given.changes) for place in given.houses)
        show(small, large, as_json=given.json)
    else:
        with tempfile.TemporaryDirectory(prefix="hz") as scratch:
            small, large = (house(Path(scratch) / str(claims), claims=claims, whole=True) for claims in given.claims)
            show(small, large, as_json=given.json)


if __name__ == "__main__":
    main()
