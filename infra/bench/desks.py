"""The desks under people: my work, a claim, search by number, name and identity number, in two houses of different size.

`python -m infra.bench.desks` fills a small and a larger simulated house in scratch directories and compares them.
`--houses SMALL LARGE` compares houses that are there instead: data directories as `infra.bench.million` fills them, which are
brought up to the newest tables. Twenty people with five seconds of thought between two pages, over HTTP against one server
process: p95 of each page in milliseconds, and how much longer the larger house takes. Each person works in the scope of an own
account, so that row security is on; every person's first round is left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import httpx
import sqlalchemy as sa

from services.access.sessions import csrf_of, open_session
from services.cli.setup import prepare
from services.core.clock import at_hour, business_day
from services.core.crypto import key_ring
from services.core.db import Database, Scope, urls
from services.core.settings import ROOT, settings
from services.enrolment.people import ID_NUMBER
from services.simulate.years.service import analyze, simulate
from services.simulate.years.size import Size
from services.web.door import COOKIE

ACTS = ("my work", "claim", "number", "name", "identity number")
# Who sits at the twenty desks.
SEATS = (("unit_clerk", 8), ("district_reviewer", 6), ("office_reviewer", 3), ("senior_reviewer", 2), ("head", 1))
THINK = 5.0
CLAIMS_A_UNIT, DAY = 53, timedelta(days=1)
SEED = 20260320


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a desk: the cookie, and what she may look for."""

    role: str
    token: str
    claims: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[str, ...]


_ACCOUNTS = sa.text("""
    SELECT a.id, a.org_key FROM account a JOIN role_grant g ON g.account_id = a.id JOIN organisation o ON o.id = a.org_id
    WHERE g.role = :role AND a.active AND EXISTS (SELECT 1 FROM claim c WHERE c.org_key >= a.org_key
        AND c.org_key < rtrim(a.org_key, '.') || '/') ORDER BY md5(a.id::text) LIMIT :seats""")
_CLAIMS = sa.text("""
    SELECT x.claim_no, p.name, p.id_number_sealed FROM (SELECT claim_no, person_id FROM claim
        WHERE org_key >= :low AND org_key < :high ORDER BY org_key LIMIT 4000) x JOIN person p ON p.id = x.person_id
    ORDER BY md5(x.claim_no) LIMIT 40""")


def seat(db: Database) -> list[Person]:
    """Twenty people of the house, each with a session in force and claims in her own area."""
    now, people = datetime.now(UTC), []
    with db.unit_of_work(Scope(settings().root_org)) as session:
        for role, seats in SEATS:
            for row in session.execute(_ACCOUNTS, {"role": role, "seats": seats}).all():
                session.execute(sa.text("INSERT INTO credential (account_id, totp_step, totp_at) VALUES (:id, 0, :now)"
                                        " ON CONFLICT (account_id) DO UPDATE SET totp_at = excluded.totp_at"), {"id": row.id, "now": now})
                token = open_session(session, account_id=row.id, stage="full", door="password", agent="bench", address="127.0.0.1", now=now)
                found = session.execute(_CLAIMS, {"low": row.org_key, "high": row.org_key.rstrip(".") + "/"}).all()
                people.append(Person(role, token, tuple(one.claim_no for one in found), tuple(one.name for one in found),
                                     tuple(key_ring().open(bytes(one.id_number_sealed), field=ID_NUMBER) for one in found)))
    return people


class Desk:
    """One person at work: the five acts in turn, with thought between them."""

    def __init__(self, person: Person, url: str, place: int, taken: dict[str, list[float]], faults: list[str]) -> None:
        self.person, self.taken, self.faults = person, taken, faults
        self.chance = random.Random(SEED + place)
        self.http = httpx.Client(base_url=url, cookies={COOKIE: person.token}, timeout=30, headers={"origin": url},
                                 limits=httpx.Limits(keepalive_expiry=1))      # the server closes idle ones sooner than people think

    def work(self, until: float) -> None:
        """Until the time is over; the first round warms up."""
        time.sleep(self.chance.uniform(0, THINK))
        for turn in itertools.count():
            for act in ACTS:
                if time.monotonic() >= until:
                    self.http.close()
                    return
                began = time.perf_counter()
                try:
                    status = self.do(act).status_code
                except httpx.TransportError as error:
                    self.faults.append(f"{act} as {self.person.role}: {error}")
                    return
                took = (time.perf_counter() - began) * 1000
                if status not in (200, 303):
                    self.faults.append(f"{act} as {self.person.role}: {status}")
                elif turn:
                    self.taken[act].append(took)
                time.sleep(self.chance.uniform(0.8, 1.2) * THINK)

    def do(self, act: str) -> httpx.Response:
        if act == "my work":
            return self.http.get("/work")
        if act == "claim":
            return self.http.get(f"/claims/{self.chance.choice(self.person.claims)}")
        words = {"number": self.person.claims, "name": self.person.names, "identity number": self.person.numbers}[act]
        return self.http.post("/search", data={"words": self.chance.choice(words), "csrf": csrf_of(self.person.token)})


class Times(TypedDict):
    """Milliseconds of one act."""

    times: int
    p50: float
    p95: float


class House(TypedDict):
    """What one house took: acts by name."""

    claims: int
    people: int
    load: float
    ms: dict[str, Times]


def measure(seconds: float) -> House:
    """The house of the settings, served by a process of its own: milliseconds of each act."""
    db = Database(urls(settings())[0], pool_size=2)
    people = seat(db)
    with db.view(Scope(settings().root_org)) as session:
        claims = session.execute(sa.text("SELECT count(*) FROM claim")).scalar_one()
    db.close()
    port = _free_port()
    server = subprocess.Popen([sys.executable, "-m", "services.api", "--host", "127.0.0.1", "--port", str(port)], cwd=ROOT)
    taken: dict[str, list[float]] = defaultdict(list)
    faults: list[str] = []
    try:
        _await(f"http://127.0.0.1:{port}/progress")
        until = time.monotonic() + seconds
        desks = [Desk(person, f"http://127.0.0.1:{port}", place, taken, faults) for place, person in enumerate(people)]
        threads = [threading.Thread(target=desk.work, args=(until,)) for desk in desks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait()
    if faults:
        raise SystemExit(f"{len(faults)} pages did not come: {faults[:3]}")
    if missed := set(ACTS) - set(taken):
        raise SystemExit(f"too short: nobody came a second time to {sorted(missed)}; give more --seconds")
    times = {act: Times(times=len(found), p50=round(statistics.median(found), 1), p95=round(_p95(found), 1))
             for act, found in taken.items()}
    return House(claims=claims, people=len(people), load=round(os.getloadavg()[0], 1), ms=times)


def _p95(found: list[float]) -> float:
    return statistics.quantiles(found, n=20, method="inclusive")[18] if len(found) > 1 else found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str) -> None:
    for _ in range(240):
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass                        # not listening yet
        time.sleep(0.25)
    raise SystemExit("the server does not answer")


def house(directory: Path, *, claims: int, seconds: float) -> House:
    """Fill the house (with `claims`) or take it as it is, and measure it, in a process with its own settings."""
    given = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(directory), "HUZHU_INSURER_URL": "http://127.0.0.1:9",
             "HUZHU_INSURER_KEYS": str(directory / "keys" / "insurer")}
    done = subprocess.run([sys.executable, "-m", "infra.bench.desks", "--inside", str(claims), "--seconds", str(seconds)], cwd=ROOT,
                          env={**os.environ, **given}, check=True, stdout=subprocess.PIPE, text=True)
    found: House = json.loads(done.stdout.splitlines()[-1])
    return found


def _inside(claims: int, seconds: float) -> None:
    prepare(settings())
    if claims:
        size = Size(claims * 3 // 4, claims, max(3, claims // CLAIMS_A_UNIT), 1, at_hour(business_day(datetime.now(UTC)) - DAY, 18))
        simulate(Database(urls(settings())[0]), size, root=settings().root_org)
        analyze(urls(settings())[1])
    print(json.dumps(measure(seconds)))


def show(houses: list[House], *, as_json: bool) -> None:
    """p95 of each act in each house, and the larger against the smaller."""
    small, large = ({act: found["p95"] for act, found in house["ms"].items()} for house in houses)
    if as_json:
        print(json.dumps({"houses": houses, "ratio": {act: round(large[act] / small[act], 2) for act in ACTS}}))
        return
    heads = [f"{house['claims']:,} claims" for house in houses]
    print(f"{'20 people, p95 in ms':34}{heads[0]:>16}{heads[1]:>18}{'ratio':>10}")
    for act in ACTS:
        print(f"{act:34}{small[act]:16.1f}{large[act]:18.1f}{large[act] / small[act]:10.2f}")
    print(f"load of the machine at the end: {houses[0]['load']}, {houses[1]['load']}")


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--houses", nargs=2, type=Path, metavar=("SMALL", "LARGE"))
    parser.add_argument("--claims", nargs=2, type=int, default=(4_000, 20_000), metavar=("SMALL", "LARGE"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inside", type=int, default=-1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside >= 0:
        _inside(given.inside, given.seconds)
    elif given.houses:
        show([house(place.resolve(), claims=0, seconds=given.seconds) for place in given.houses], as_json=given.json)
    else:
        with tempfile.TemporaryDirectory(prefix="hz") as scratch:
            show([house(Path(scratch) / str(claims), claims=claims, seconds=given.seconds) for claims in given.claims], as_json=given.json)


if __name__ == "__main__":
    main()
