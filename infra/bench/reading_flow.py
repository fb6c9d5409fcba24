"""Papers through the whole flow while people work: pages a minute, beside bare RapidOCR, and what the web's pages take meanwhile.

`python -m infra.bench.reading_flow [--pages 60]` fills a small simulated house in a scratch directory and starts it as `huzhu up`
does: one web process, one worker, Prefect. Twenty people work at its desks (infra.bench.desks), first while nothing is read, then
while the worker draws, reads and checks the papers of that many pages; p95 of each page in milliseconds for both. Then RapidOCR
with its own default settings reads the same pictures in one process, on the machine left to it alone.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import httpx
import sqlalchemy as sa

from infra.bench.desks import ACTS, THINK, Desk, Person, seat
from infra.bench.reading import FIRST_SEED, QUALITIES, scans
from services.cli.setup import prepare
from services.cli.supervisor import Supervisor, free_port
from services.core.clock import at_hour, business_day
from services.core.db import Database, Scope, urls
from services.core.ids import uuidv7
from services.core.settings import ROOT, settings
from services.evidence.papers import CHECKED_AGAIN
from services.evidence.recognition.vocabulary import SHEETS
from services.models import Paper
from services.outbox import service as outbox
from services.outbox.service import Work
from services.simulate.scans import LAYOUTS, MIME
from services.simulate.years.service import analyze, simulate
from services.simulate.years.size import Size
from services.storage import service as storage

CLAIMS, CLAIMS_A_UNIT, PAPERS_A_CLAIM = 4_000, 53, 5
IDLE = 60.0                     # seconds of the house without reading
_STUCK = 3600.0

_REPORTED = sa.text("SELECT id, org_key FROM claim WHERE state IN ('reported', 'supplementing') ORDER BY md5(id::text) LIMIT :count")
_OPEN = sa.text("SELECT id, org_key FROM claim WHERE state NOT IN ('closed', 'cancelled') ORDER BY md5(id::text) LIMIT :count")
_READ = sa.text("SELECT count(*) FROM paper_reading WHERE source <> 'hand'")


class Found(TypedDict):
    """What one run found."""

    pages: int
    flow: float
    bare: float
    idle: dict[str, float]
    reading: dict[str, float]
    load: float


class Visitor(Desk):
    """Somebody at a desk until told to go; her first round warms up."""

    def stay(self, over: threading.Event) -> None:
        """The acts in turn, with thought between them."""
        over.wait(self.chance.uniform(0, THINK))
        for turn in itertools.count():
            for act in ACTS:
                if over.is_set():
                    self.http.close()
                    return
                began = time.perf_counter()
                try:
                    status = self.do(act).status_code
                except httpx.TransportError as error:
                    self.faults.append(f"{act} as {self.person.role}: {error}")
                    return
                if status not in (200, 303):
                    self.faults.append(f"{act} as {self.person.role}: {status}")
                elif turn:
                    self.taken[act].append((time.perf_counter() - began) * 1000)
                over.wait(self.chance.uniform(0.8, 1.2) * THINK)


class Crowd:
    """All of them, in threads; what their pages took goes where `taken` points."""

    def __init__(self, people: Sequence[Person], url: str) -> None:
        self.over, self.faults = threading.Event(), list[str]()
        self.taken: dict[str, list[float]] = defaultdict(list)
        self._visitors = [Visitor(person, url, place, self.taken, self.faults) for place, person in enumerate(people)]
        self._threads = [threading.Thread(target=visitor.stay, args=(self.over,)) for visitor in self._visitors]
        for thread in self._threads:
            thread.start()

    def p95(self) -> dict[str, float]:
        """p95 by act of what was taken so far, which is then forgotten."""
        told = {act: round(_p95(self.taken[act]), 1) for act in ACTS if self.taken[act]}
        for times in self.taken.values():
            times.clear()
        return told

    def leave(self) -> None:
        """Everybody goes home."""
        self.over.set()
        for thread in self._threads:
            thread.join()
        if self.faults:
            raise SystemExit(f"{len(self.faults)} pages did not come: {self.faults[:3]}")


def _p95(found: list[float]) -> float:
    return statistics.quantiles(found, n=20, method="inclusive")[18] if len(found) > 1 else found[0]


def pictures(count: int, directory: Path) -> None:
    """So many different scans, half scanned and half photographed, as files `00001-diagnosis.jpg`."""
    kinds = list(SHEETS)
    asked = []
    for place in range(count):
        kind = kinds[place % len(kinds)]
        layouts = list(LAYOUTS[kind])
        turn = place // len(kinds)
        asked.append((kind, FIRST_SEED + 10_000 + place, layouts[turn % len(layouts)], QUALITIES[turn // len(layouts) % 2]))
    for place, scan in enumerate(scans(asked)):
        (directory / f"{place:05}-{scan.sheet}.jpg").write_bytes(scan.data)


def hand_in(db: Database, files: Sequence[Path]) -> None:
    """The papers on the files of claims that are on the way, and the checks that are owed for them."""
    now, scope = datetime.now(UTC), Scope(settings().root_org)
    with db.unit_of_work(scope) as session:
        count = -(-len(files) // PAPERS_A_CLAIM)
        claims = [*session.execute(_REPORTED, {"count": count}).all(), *session.execute(_OPEN, {"count": count}).all()][:count]
        papers = []
        for place, file in enumerate(files):
            claim, content = claims[place // PAPERS_A_CLAIM % len(claims)], file.read_bytes()
            sheet = file.stem.partition("-")[2]
            papers.append(Paper(id=uuidv7(), org_key=claim.org_key, claim_id=claim.id, kind=SHEETS[sheet].papers[0],
                                sha256=storage.put(content), mime=MIME, size=len(content), file_name=file.name, uploaded_at=now))
        session.add_all(papers)
        session.flush()
        outbox.add(session, [Work(CHECKED_AGAIN, paper.org_key, paper.claim_id, paper.id) for paper in papers], now=now)


def _await_read(db: Database, machine: Supervisor, count: int) -> None:
    """Until so many papers were read and nothing is owed. SystemExit when that takes too long or a program died."""
    deadline = time.monotonic() + _STUCK
    while True:
        with db.view(Scope(settings().root_org)) as session:
            if session.execute(_READ).scalar_one() >= count and not outbox.waiting(session):
                return
        if machine.died() or time.monotonic() > deadline:
            raise SystemExit(f"not read in time; ended by themselves: {machine.died()}")
        time.sleep(0.25)


def inside(files: Sequence[Path]) -> Found:
    """The house of the settings: filled, started, measured idle and reading."""
    config = settings()
    with Supervisor(config) as machine:
        prepare(config)
        size = Size(CLAIMS * 3 // 4, CLAIMS, CLAIMS // CLAIMS_A_UNIT, 1, at_hour(business_day(datetime.now(UTC)) - timedelta(days=1), 18))
        simulate(Database(urls(config)[0]), size, root=config.root_org)
        analyze(urls(config)[1])
        db = Database(urls(config)[0], pool_size=2)
        people = seat(db)
        machine.start_all()
        hand_in(db, files[:1])                   # the reading processes start before the clock does
        _await_read(db, machine, 1)
        crowd = Crowd(people, machine.base_url)
        time.sleep(IDLE)
        idle = crowd.p95()
        began = time.perf_counter()
        hand_in(db, files[1:])
        _await_read(db, machine, len(files))
        took, load = time.perf_counter() - began, os.getloadavg()[0]
        reading = crowd.p95()
        crowd.leave()
        db.close()
    return Found(pages=len(files) - 1, flow=60 * (len(files) - 1) / took, bare=0.0, idle=idle, reading=reading, load=round(load, 1))


def bare(files: Sequence[Path]) -> float:
    """Pages a minute of RapidOCR with its own settings, its start left out."""
    from rapidocr import RapidOCR

    read = RapidOCR(params={"Global.log_level": "critical"})
    read(files[0].read_bytes())
    began = time.perf_counter()
    for file in files[1:]:
        read(file.read_bytes())
    return 60 * (len(files) - 1) / (time.perf_counter() - began)


def measure(count: int) -> Found:
    """The flow in a process with its own settings, then bare RapidOCR in another, over the same pictures."""
    with tempfile.TemporaryDirectory(prefix="hz") as scratch:
        place = Path(scratch)
        (place / "scans").mkdir()
        pictures(count + 1, place / "scans")
        house = place / "house"
        given = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(house), "HUZHU_INSURER_URL": "http://127.0.0.1:9", "HUZHU_OCR": "rapidocr",
                 "HUZHU_INSURER_KEYS": str(house / "keys" / "insurer"), "HUZHU_WEB_PORT": str(free_port()),
                 "HUZHU_PREFECT_PORT": str(free_port())}
        found: Found = json.loads(_run("--inside", place / "scans", given))
        found["bare"] = float(_run("--bare", place / "scans", {}))
    return found


def _run(what: str, directory: Path, given: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-m", "infra.bench.reading_flow", what, str(directory)], cwd=ROOT, env={**os.environ, **given},
                          check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


def show(found: Found) -> None:
    """The table."""
    print(f"{'pages read, ' + str(found['pages']) + ' of them':34}{'pages/min':>16}{'ratio to bare':>18}")
    print(f"{'bare RapidOCR, one process':34}{found['bare']:16.1f}{1:18.2f}")
    print(f"{'through the flow, people at work':34}{found['flow']:16.1f}{found['flow'] / found['bare']:18.2f}")
    print(f"{'20 people, p95 in ms':34}{'idle':>16}{'while reading':>18}{'ratio':>10}")
    for act in ACTS:
        if act in found["idle"] and act in found["reading"]:
            idle, reading = found["idle"][act], found["reading"][act]
            print(f"{act:34}{idle:16.1f}{reading:18.1f}{reading / idle:10.2f}")
    print(f"load of the machine at the end of reading: {found['load']}")


def main() -> None:
    """Measure and print; `--json` for programs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(inside(sorted(given.inside.iterdir()))))
    elif given.bare:
        print(bare(sorted(given.bare.iterdir())))
    else:
        found = measure(given.pages)
        if given.json:
            print(json.dumps(found))
        else:
            show(found)


if __name__ == "__main__":
    main()
