"""A clerk's morning at a web process whose surroundings fail, and the same morning undisturbed."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import psycopg
from fastapi.testclient import TestClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.lab import compare
from infra.lab.compare import Difference
from infra.lab.crash.ground import SPRING
from infra.lab.faults.bench import Bench
from infra.lab.faults.web import Client, Json, Web, acts, web
from infra.lab.proxy import Fault, Proxy, Side
from services.core import crypto, embedded
from services.core.db import BusinessClock
from services.models import BusinessClockRow
from services.wiring import Wiring
from tests.support.apps import app_over
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world

WHO = "xj.clerk"


@dataclass(slots=True)
class Desk:
    """The web at work behind bad lines."""

    bench: Bench
    world: World
    web: Web
    client: Client
    to_web: Proxy
    to_database: Proxy
    url: str
    chance: random.Random
    cases: list[str]

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Rows, past row security and past the proxy."""
        with psycopg.connect(embedded.with_user(self.url, "postgres"), autocommit=True) as look:
            return look.execute(statement).fetchall()

    def without_bytes(self) -> list[str]:
        """Papers whose file is not in the store, or is another."""
        rows = self.ask("SELECT DISTINCT sha256 FROM paper WHERE sha256 IS NOT NULL")
        places = {str(key): self.web.here / str(key)[:2] / str(key)[2:4] / str(key) for (key,) in rows}
        return [key for key, place in places.items()
                if not place.is_file() or hashlib.sha256(place.read_bytes()).hexdigest() != key]


@dataclass(slots=True)
class Morning:
    """How it ended: differences from the undisturbed one, and what the client met."""

    unlike: list[Difference]
    without_bytes: list[str]
    met: Counter[str]
    faults: int
    seconds: float


Disturb = Callable[[Desk], None]
_OFFSET = [("business_clock", re.compile(r'"offset_seconds": -?\d+'))]      # from the machine's own hour, which each run has otherwise


@contextmanager
def _office(bench: Bench) -> Iterator[tuple[Fresh, World]]:
    db = Fresh(bench.server)
    world = build_world(db, SPRING)
    try:
        yield db, world
    finally:
        db.drop()


def _in_spring(db: Fresh) -> None:
    with db.unit_of_work(ROOT.scope) as session:
        session.merge(BusinessClockRow(single=True, offset_seconds=round((SPRING - datetime.now(UTC)).total_seconds())))


def undisturbed(bench: Bench) -> tuple[compare.Snapshot, compare.Snapshot]:
    """Where a morning begins and where it ends."""
    with _office(bench) as (db, world):
        superuser = embedded.with_user(db.url, "postgres")
        begun = compare.of_database(superuser, crypto.key_ring())
        _in_spring(db)
        http = TestClient(app_over(Wiring(db, BusinessClock(db), cast(Any, None), ROOT.scope)))

        def send(path: str, key: str, **content: Any) -> Json:
            headers = {"Authorization": f"Bearer {world.tokens[WHO]}", "Idempotency-Key": key}
            answer = http.post(f"/api/v1{path}", headers=headers, **content)
            assert answer.is_success, answer.text
            return cast(Json, answer.json())

        acts(world, send)
        return begun, compare.of_database(superuser, crypto.key_ring())


def morning(bench: Bench, expected: tuple[compare.Snapshot, compare.Snapshot], disturb: Disturb, *, seed: int, folder: Path,
            megabytes: int = 64) -> Morning:
    """The clerk's acts while the surroundings fail; the disturbance goes on beside them, and afterwards everything is well."""
    with ExitStack() as stack:
        db, world = stack.enter_context(_office(bench))
        _in_spring(db)
        parts = conninfo_to_dict(db.url)
        to_database = stack.enter_context(Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port') or 5432}", seed=seed))
        behind = make_conninfo(**{**parts, "host": "127.0.0.1", "port": to_database.port})     # type: ignore[arg-type]
        served = stack.enter_context(web(behind, bench.ground.data, folder, megabytes=megabytes))
        to_web = stack.enter_context(Proxy(f"127.0.0.1:{served.port}", seed=seed))
        desk = Desk(bench, world, served, Client(to_web.url, world.tokens[WHO]), to_web, to_database, db.url, random.Random(seed), [])
        began, failed = time.monotonic(), list[BaseException]()
        disturber = threading.Thread(target=_beside, args=(desk, disturb, failed), daemon=True)
        disturber.start()
        desk.cases = acts(world, desk.client.send)
        disturber.join(300)
        if failed:
            raise failed[0]
        ended = compare.of_database(embedded.with_user(db.url, "postgres"), crypto.key_ring())
        faults = sum(event.what not in ("open", "target_away") for event in to_web.log + to_database.log)
        return Morning(compare.differences(*expected, ended, instants=False, drawn=_OFFSET), desk.without_bytes(), desk.client.met, faults,
                       time.monotonic() - began)


def _beside(desk: Desk, disturb: Disturb, failed: list[BaseException]) -> None:
    try:
        disturb(desk)
    except BaseException as error:      # noqa: BLE001  # told by the thread that waits
        failed.append(error)
    finally:
        for proxy in (desk.to_web, desk.to_database):
            proxy.well()
            proxy.open()


def client_line_cut(desk: Desk) -> None:
    """The client's lines break in the middle of what it sends and of what it is answered."""
    for _ in range(5):
        side: Side = desk.chance.choice(("up", "down"))
        # Lines that stand are cut too: a client that keeps its line would never open the next one.
        desk.to_web.befall(Fault("cut", side, after=desk.chance.randrange(40_000 if side == "up" else 300)))
        _until_met(desk)
        desk.to_web.well()
    desk.to_web.befall(Fault("halve", "both", seconds=0.005))
    time.sleep(1)


def database_line_cut(desk: Desk) -> None:
    """The web's lines to the database break, commits included."""
    for _ in range(5):
        desk.to_database.befall(Fault("cut", desk.chance.choice(("up", "down")), after=desk.chance.randrange(4000)))
        _until_met(desk)
        desk.to_database.well()
        time.sleep(0.2)


def postgres_killed(desk: Desk) -> None:
    """Every process of the server is killed under the web, and started again after a while."""
    for _ in range(2):
        time.sleep(desk.chance.uniform(0.3, 1.0))
        assert desk.bench.kill_postgres() > 1
        _until_met(desk)
        time.sleep(desk.chance.uniform(0.1, 1.0))
        desk.bench.start_postgres()


def store_full(desk: Desk) -> None:
    """The store has no room from the start: papers are refused with 503 until there is some, and what was refused left no row."""
    filler = desk.web.fill()
    until = time.monotonic() + 60
    while not desk.client.met["store_full"] and time.monotonic() < until:
        time.sleep(0.05)
    told = desk.client.met["store_full"]
    try:
        assert told, f"nobody was told: {dict(desk.client.met)}"
        assert desk.without_bytes() == []
        health = httpx.get(f"http://127.0.0.1:{desk.web.port}/api/v1/health", trust_env=False)
        assert health.status_code == httpx.codes.OK
    finally:
        filler.unlink()


def _until_met(desk: Desk) -> None:
    """The client met a fault since; or the morning is over, or took too long."""
    before, until = sum(desk.client.met[name] for name in desk.client.met if name not in ("answered", "replayed")), time.monotonic() + 4
    while time.monotonic() < until and before == sum(desk.client.met[name] for name in list(desk.client.met)
                                                     if name not in ("answered", "replayed")):
        time.sleep(0.02)


def everything(desk: Desk) -> None:
    """All of it in one morning."""
    for part in (store_full, client_line_cut, database_line_cut, postgres_killed):
        part(desk)


WEB: Mapping[str, Disturb] = {f"web_{disturb.__name__}": disturb for disturb in (
    client_line_cut, database_line_cut, postgres_killed, store_full, everything)}
