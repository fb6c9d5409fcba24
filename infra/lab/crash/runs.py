"""One run: a copy of the start, a worker that lives undisturbed or dies at a point and is followed by another, and how it all ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg

from infra.lab import compare
from infra.lab.compare import Snapshot, of_rows
from infra.lab.crash import judging
from infra.lab.crash.ground import Ground, Start, prepare
from infra.lab.crash.journal import Seen
from infra.lab.crash.keeper import Keeper
from infra.lab.crash.points import Point, recorded
from services.core import crypto, embedded
from services.core.db import Database, Scope
from services.core.settings import ROOT as CODE
from services.core.settings import settings
from services.outbox.service import CHANNEL
from services.reporting import checks
from tests.support.databases import create, drop
from tests.support.gateway import http_gateway

PATIENCE = 150.0            # seconds in which owed work must be done, however busy the machine
_TURNS = 2                  # of collecting what the insurer says, at the end
_GLANCE = 0.05              # between two looks at what is owed


@dataclass(frozen=True, slots=True)
class Case:
    """One topic of a start, and what follows from it."""

    start: Start
    topic: str

    def __str__(self) -> str:
        return f"{self.start.name}/{self.topic}"


@dataclass(slots=True)
class Ending:
    """Everything there is when nothing is owed any more."""

    snapshot: Snapshot
    findings: frozenset[tuple[str, str, str]]       # of `huzhu check` and `audit verify`: code, claim, words
    points: list[Point]
    died: bool
    seconds: float


@dataclass(slots=True)
class Recording:
    """A case undisturbed: where it starts, where it ends, and the points in between."""

    case: Case
    begun: Snapshot
    ended: Ending
    restless: list[str] = field(default_factory=list)      # what two undisturbed runs have otherwise

    @property
    def seen(self) -> Seen:
        """What is kept of it when it is over."""
        return Seen(str(self.case), self.ended.points, self.restless, self.ended.seconds)


class Lab:
    """Starts built once, copied for every run; one keeper for each run at a time."""

    def __init__(self, server: str, prefect_api: str, folder: Path) -> None:
        self._server, self._api, self._folder = server, prefect_api, folder
        self._grounds: dict[str, Ground] = {}
        self._lock = threading.Lock()
        self._keepers: list[Keeper] = []
        self._log: IO[bytes] = (folder / "workers.log").open("ab")

    def keeper(self) -> Keeper:
        """Another process that keeps workers."""
        env = {**os.environ, "PREFECT_API_URL": self._api, "PREFECT_HOME": str(self._folder / "prefect"),
               "PREFECT_LOGGING_LEVEL": "CRITICAL", "HUZHU_OCR": "none"}
        made = Keeper(env, self._log)
        self._keepers.append(made)
        return made

    def ground(self, start: Start) -> Ground:
        """The start, built at its first use."""
        with self._lock:
            if start.name not in self._grounds:
                self._grounds[start.name] = prepare(self._server, self._folder / start.name, start)
            return self._grounds[start.name]

    def close(self) -> None:
        """Nobody lives on; the databases are gone."""
        for keeper in self._keepers:
            keeper.kill()
            keeper.end()
        for ground in self._grounds.values():
            drop(self._server, ground.db.name)
        self._log.close()

    def run(self, keeper: Keeper, case: Case, fatal: Point | None) -> tuple[Snapshot, Ending]:
        """From the start to where nothing is owed; killed at `fatal`, if the worker comes by there."""
        ground = self.ground(case.start)
        with ExitStack() as stack:
            copy = stack.enter_context(_copied(self._server, ground, self._folder / "runs"))
            outside = stack.enter_context(_outside(ground, case.start, copy))
            copy.only(case.topic)
            begun, began = copy.snapshot(outside), time.monotonic()
            keeper.live(outside.environment, record=copy.folder / "points", fatal=str(fatal or ""), clock=ground.at)
            stack.callback(keeper.kill)
            died = self._until_done(keeper, copy) if fatal is None else self._until_dead(keeper, copy)
            if died:
                keeper.live(outside.environment, record=copy.folder / "again", fatal="", clock=ground.at)
                self._until_done(keeper, copy)
            time.sleep(_GLANCE)                 # the last commit's other side
            points = recorded(copy.folder / "points")
            if case.start.twin:
                self._to_rest(keeper, copy)
            keeper.kill()
            return begun, Ending(copy.snapshot(outside), copy.findings(), points, died, time.monotonic() - began)

    def _until_dead(self, keeper: Keeper, copy: Copy) -> bool:
        """True when the worker died; False when it had nothing left to do and lives."""
        deadline = time.monotonic() + PATIENCE
        while (status := keeper.ended(_GLANCE)) is None:
            if not copy.owed():
                return keeper.ended(1.0) is not None       # the last commit is a point too
            assert time.monotonic() < deadline, f"neither dead nor done: {copy.hanging()}"
        assert status == -9, f"the worker ended by itself with {status}"
        return True

    def _until_done(self, keeper: Keeper, copy: Copy) -> bool:
        deadline = time.monotonic() + PATIENCE
        while copy.owed():
            status = keeper.ended(_GLANCE)
            assert status is None, f"the worker ended by itself with {status}"
            assert time.monotonic() < deadline, f"still owed: {copy.hanging()}"
        return False

    def _to_rest(self, keeper: Keeper, copy: Copy) -> None:
        """What came before what it follows is taken in at the timetable's next turn, and work done again is such a turn: so every
        run has further turns at its end, which leave none ahead of another.
        """
        for _ in range(_TURNS):
            copy.collect()
            self._until_done(keeper, copy)


@dataclass(slots=True)
class Copy:
    """A copy of a start: its database, its folders."""

    url: str
    folder: Path
    _look: psycopg.Connection[tuple[object, ...]]

    @property
    def data(self) -> Path:
        """The data directory of the run's workers."""
        return self.folder / "data"

    @property
    def second(self) -> Path:
        """The second place of the record's days."""
        return self.folder / "second"

    def only(self, topic: str) -> None:
        """The other topics are not owed in this run; the timetables turned just now, however long ago the start was built: they know
        real time alone, and `huzhu stuck` tells of one that is silent for an hour.
        """
        self._look.execute("DELETE FROM outbox WHERE topic <> %s", (topic,))
        self._look.execute("UPDATE timetable_run SET at = clock_timestamp()")

    def owed(self) -> int:
        """How many rows are owed."""
        row = self._look.execute("SELECT count(*) FROM outbox").fetchone()
        return int(str(row[0])) if row else 0

    def collect(self) -> None:
        """The insurer's messages are owed once more, as by the timetable."""
        self._look.execute("INSERT INTO outbox (org_key, topic, payload, created_at, tries) SELECT %s, 'timetable.collect', '{}', now(), 0",
                           (f"{settings().root_org}.",))
        self._look.execute(f"NOTIFY {CHANNEL}")

    def hanging(self) -> list[tuple[object, ...]]:
        """What is owed and why."""
        return self._look.execute("SELECT topic, tries, fault FROM outbox").fetchall()

    def snapshot(self, outside: Outside) -> Snapshot:
        """The database, the papers by name, the bank's folder, the insurer's store, what the provider of messages received."""
        database = compare.of_database(embedded.with_user(self.url, "postgres"), crypto.key_ring())
        places = compare.of_papers(self.data / "objects") | compare.of_folder(self.data / "bank", "bank") | compare.of_folder(
            self.data / "settling", "settling", contents=False) | compare.of_folder(self.second, "second")
        return database | places | outside.snapshot()

    def findings(self) -> frozenset[tuple[str, str, str]]:
        """What `huzhu check` and the audit's verification say."""
        db = Database(self.url, pool_size=1)
        try:
            with db.view(Scope(settings().root_org)) as session:
                found = {(breach.check, breach.claim_no, breach.what) for breach in checks.run(session)}
                return frozenset(found | judging.broken_chains(session))
        finally:
            db.close()


@contextmanager
def _copied(server: str, ground: Ground, runs: Path) -> Iterator[Copy]:
    name = f"c{uuid.uuid4().hex[:12]}"
    folder = runs / name
    shutil.copytree(ground.data, folder / "data")
    create(server, name, ground.db.name)
    try:
        with psycopg.connect(embedded.with_user(server, "postgres", name), autocommit=True) as look:
            yield Copy(embedded.with_user(server, embedded.APP, name), folder, look)
    finally:
        drop(server, name)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Outside:
    """The other side of a run's outside calls, and how the worker reaches it."""

    environment: dict[str, str]
    store: Path | None = None
    got: Sequence[tuple[str, str, str]] = ()

    def snapshot(self) -> Snapshot:
        """What the insurer keeps and what the provider of messages received, each message once however often it was repeated."""
        insurer = compare.of_sqlite(self.store, "insurer", drawn=judging.INSURER_DRAWN) if self.store else Snapshot({})
        return insurer | Snapshot({"messages": of_rows({"to": to, "text": text, "key": key} for to, text, key in self.got)})


@contextmanager
def _outside(ground: Ground, start: Start, copy: Copy) -> Iterator[Outside]:
    environment = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(copy.data), "HUZHU_DATABASE_URL": copy.url,
                   "HUZHU_INSURER_URL": "http://127.0.0.1:9", "HUZHU_INSURER_KEYS": str(copy.data / "keys" / "insurer"),
                   "HUZHU_AUDIT_PLACE": f"file:{copy.second}"}
    with ExitStack() as stack:
        found = Outside(environment)
        if start.twin:
            url, found.store = stack.enter_context(_insurer(ground, copy))
            environment |= {"HUZHU_INSURER_URL": url, "HUZHU_INSURER_KEYS": str(ground.folder / "twin" / "keys")}
        if start.gateway:
            gateway = stack.enter_context(http_gateway())
            addresses = copy.folder / "channels"
            addresses.write_text(f"sms {gateway.url}\n", "utf-8")
            environment |= {"HUZHU_CHANNELS": "sms", "HUZHU_CHANNEL_URLS": str(addresses)}
            found.got = gateway.got
        yield found


@contextmanager
def _insurer(ground: Ground, copy: Copy) -> Iterator[tuple[str, Path]]:
    """The start's insurer, with a copy of what it kept."""
    shutil.copytree(ground.folder / "twin" / "data", copy.folder / "twin")
    process = subprocess.Popen([sys.executable, "-m", "infra.twins.insurer", "--port", "0", "--data", str(copy.folder / "twin"), "--keys",
                                str(ground.folder / "twin" / "keys"), "--office-url", "http://127.0.0.1:9", "--suite", "gm", "--seed", "7",
                                "--auto-ack"], cwd=CODE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().strip().rsplit(":", 1)[1])
        yield f"http://127.0.0.1:{port}", copy.folder / "twin" / "insurer.sqlite3"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
