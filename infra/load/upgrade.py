"""`python -m infra.load.upgrade`: the newest release becomes this tree while people work in it.

Two web processes and a worker of the release (its commit, taken out of the history; the same libraries) serve a simulated house behind
a balancer. While load comes, `huzhu setup` of this tree runs its migrations beside them, then each web process is replaced (the new one
answers, the old one is drained, then stopped), then the worker. Ends with 1 when a request failed, a write was lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from infra.load import arrivals, house, report
from infra.load.acts import People
from infra.load.balancer import Balancer
from infra.load.caller import Answer, Book
from infra.load.proof import Proof, prove
from services.cli.stopping import stop_like_ctrl_c
from services.cli.supervisor import Program, free_port, prefect_server
from services.core import embedded
from services.core.db import DATABASE, Database
from services.core.settings import ROOT

RELEASE, NAME = "285047d", "0.9.0"
WARM = 20               # answers after which it is taken to be at work
CALM = 8.0              # seconds of load before, between and after the steps


def told(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def taken_out(directory: Path) -> Path:
    """The release's tree."""
    packed = subprocess.run(["git", "archive", "--format=tar", RELEASE], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tree:
        tree.extractall(directory, filter="data")
    return directory


@dataclass(slots=True)
class Site:
    """The processes of both releases over one database."""

    directory: Path
    trees: dict[str, Path]
    environment: dict[str, str]
    programs: list[Program] = field(default_factory=list)

    def start(self, name: str, release: str, argv: list[str], health: str = "") -> Program:
        """One program of a release."""
        env = {**self.environment, **house.of_tree(self.trees[release])}
        program = Program(name, [sys.executable, *argv], env, self.directory / "logs" / f"{name}.log", health)
        self.programs.append(program)
        program.start()
        return program

    def web(self, name: str, release: str) -> tuple[Program, int]:
        """A web process and its port; it answers later."""
        port = free_port()
        address = f"http://127.0.0.1:{port}/api/v1/health"
        return self.start(name, release, ["-m", "services.api", "--host", "127.0.0.1", "--port", str(port)], address), port

    def stop(self) -> None:
        """All, the last first."""
        for program in reversed(self.programs):
            program.stop()


@dataclass(slots=True)
class Diary:
    """What was done when: each step with the answers that came during it."""

    book: Book
    steps: list[tuple[str, float, list[Answer]]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _seen: int = 0

    def over(self, name: str) -> None:
        """A step ends."""
        now = time.monotonic()
        self.steps.append((name, now - self._began, self.book.answers[self._seen:]))
        self._began, self._seen = now, len(self.book.answers)
        told(f"{name}: {self.steps[-1][1]:.1f} s, {len(self.steps[-1][2])} answers")


async def leave(program: Program) -> None:
    """SIGTERM, and wait: it ends what it has in hand."""
    assert program.process is not None
    program.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(program.process.wait, 60)


async def migrate(site: Site) -> None:
    """This tree's migrations, as an operator runs them."""
    with (site.directory / "logs" / "setup.log").open("wb") as log:
        env = {**site.environment, **house.of_tree(ROOT)}
        done = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.cli.main", "setup", env=env, stdout=log, stderr=log)
        if await done.wait():
            raise SystemExit(f"huzhu setup failed: {log.name}")


async def play(site: Site, people: People, balancer: Balancer, times: float) -> Diary:
    """The upgrade, step by step, under load."""
    olds = [site.web(f"web-old-{n}", "old") for n in (1, 2)]
    worker = site.start("worker-old", "old", ["-m", "flows.worker"])
    for program, port in olds:
        await asyncio.to_thread(program.wait_ready, 120)
        balancer.add(port)
    over, diary = asyncio.Event(), Diary(people.book)
    load = asyncio.create_task(arrivals.come(people, times, 3600, told, over))
    while len(people.book.answers) < WARM:      # the first visitors wait until it has read its books
        await asyncio.sleep(0.1)
    await asyncio.sleep(CALM)
    diary.over(f"{NAME} alone")
    await migrate(site)
    diary.over("migrations")
    await asyncio.sleep(CALM)
    diary.over(f"{NAME} on the new tables")
    for place, (old, port) in enumerate(olds, 1):
        new, new_port = site.web(f"web-new-{place}", "new")
        await asyncio.to_thread(new.wait_ready, 120)
        balancer.add(new_port)
        await balancer.drain(port)
        await leave(old)
        diary.over(f"web process {place} replaced")
    await leave(worker)
    site.start("worker-new", "new", ["-m", "flows.worker"])
    diary.over("worker replaced")
    await asyncio.sleep(CALM)
    over.set()
    await load
    diary.over("this release alone")
    await people.close()
    return diary


def run(directory: Path, given: argparse.Namespace) -> int:
    """Fill, serve, upgrade, prove, tell."""
    trees = {"old": taken_out(directory / "release"), "new": ROOT}
    home = directory / "house"
    told(f"{NAME} fills a house of {given.claims} claims")
    house.fill(home, given.claims, tree=trees["old"])
    os.environ.update(house.environment(home))
    superuser = embedded.start(home / "postgres")
    app_url, owner_url = embedded.prepare(superuser, DATABASE)
    prefect = f"http://127.0.0.1:{(port := free_port())}/api"
    site = Site(directory, trees, house.environment(home, {
        "HUZHU_DATABASE_URL": app_url, "HUZHU_OWNER_URL": owner_url, "HUZHU_PREFECT_API_URL": prefect, "PREFECT_API_URL": prefect,
        "PREFECT_HOME": str(directory / "prefect"), "PREFECT_LOGGING_LEVEL": "WARNING", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1", **prefect_server()}))
    before = _revision(owner_url)
    db = Database(app_url, pool_size=2)
    try:
        told("starting the Prefect server and the release's programs")
        site.start("prefect", "old", ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
                   f"{prefect}/health").wait_ready(120)
        since = datetime.now(UTC)
        diary, people, balancer = asyncio.run(_under_load(site, db, given, since))
        proof = prove(db, people.book.writes, since)
        newest = _revision(owner_url)
    finally:
        db.close()
        site.stop()
    return show(diary, proof, f"{before} -> {newest}", given, balancer.refused)


async def _under_load(site: Site, db: Database, given: argparse.Namespace, since: datetime) -> tuple[Diary, People, Balancer]:
    balancer = Balancer()
    await balancer.open()
    people = People(house.cast(db), f"http://127.0.0.1:{balancer.port}", random.Random(given.seed), f"升级{since:%H%M%S}")
    try:
        return await play(site, people, balancer, given.times), people, balancer
    finally:
        await balancer.close()


def _revision(owner_url: str) -> str:
    with psycopg.connect(owner_url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


def show(diary: Diary, proof: Proof, revisions: str, given: argparse.Namespace, unserved: int) -> int:
    """The result, and whether it holds."""
    answers = [answer for _, _, found in diary.steps for answer in found]
    faults = report.faults(answers)
    failed = sum(bool(answer.fault) for answer in answers)
    print(f"python -m infra.load.upgrade --claims {given.claims} --times {given.times:g} --seed {given.seed}")
    print(f"{NAME} ({RELEASE}) becomes this tree; migrations {revisions}; {os.cpu_count()} cores; load of the machine in the quarter of"
          f" an hour before: {given.before:.1f}\n")
    print(f"{'step':<30} {'seconds':>8} {'answers':>8} {'done':>6} {'p50 ms':>7} {'p95 ms':>7} {'most ms':>8} {'refused':>8} {'failed':>7}")
    for name, seconds, found in [*diary.steps, ("in all", sum(step[1] for step in diary.steps), answers)]:
        got = report.times(found)
        most = max((answer.ms for answer in found), default=0)
        print(f"{name:<30} {seconds:8.1f} {len(found):8d} {got.done:6d} {got.p50:7.0f} {got.p95:7.0f} {most:8.0f} {got.refused:8d}"
              f" {got.faults:7d}")
    print(f"\nrequests failed: {failed}; connections that no process took: {unserved}")
    print(f"writes told to be done: {sum(proof.told.values())}; of these lost: {len(proof.lost)}; there twice: {len(proof.doubled)};"
          f" never taken: {proof.untold}")
    for line in [*faults, *proof.lost[:10], *proof.doubled[:10]]:
        print(f"  {line}")
    return int(bool(failed or unserved or proof.lost or proof.doubled or proof.untold))


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m infra.load.upgrade")
    parser.add_argument("--claims", type=int, default=6000)
    parser.add_argument("--times", type=float, default=1.0, help="the usual rate")
    parser.add_argument("--seed", type=int, default=20261123)
    given = parser.parse_args()
    given.before = os.getloadavg()[2]
    stop_like_ctrl_c()
    with tempfile.TemporaryDirectory(prefix="hz", ignore_cleanup_errors=True) as directory:
        return run(Path(directory), given)


if __name__ == "__main__":
    sys.exit(main())
