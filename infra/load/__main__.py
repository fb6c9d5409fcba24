"""`python -m infra.load`: fifty clerks and five hundred members in an open loop, up to the knee and beyond.

A house of 20,000 claims, its web, worker, Prefect server and PostgreSQL, and the people who ask, all on this machine. One clerk acts
every 15 seconds, one member every 60: that is the usual rate; the ladder goes on to several times it. An act's time counts from when it
was due. Four of a hundred writes lose their line before the answer and are sent again with their key; a write that is refused is sent
again when it was told to be. Afterwards each write that was taken is looked for in the database. Ends with 1 when one is lost or
doubled, or when anything was answered otherwise than done or refused.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from infra.load import arrivals, house, report
from infra.load.acts import People
from infra.load.caller import Answer
from infra.load.house import Cast
from infra.load.proof import Proof, prove
from infra.load.report import Rung
from services.cli.stopping import stop_like_ctrl_c
from services.cli.supervisor import Supervisor, free_port
from services.core.db import Database, urls
from services.core.settings import settings

SEED = 20261123
LADDER = (1.0, 2.0, 3.0, 4.0, 6.0, 10.0)
WARM_SECONDS = 10


def told(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


async def climb(people: People, ladder: tuple[float, ...], seconds: float) -> list[Rung]:
    """Every rate in turn."""
    rungs = []
    await arrivals.come(people, 1, WARM_SECONDS)
    for times in ladder:
        people.book.answers, people.book.offered = list[Answer](), 0
        began, used, spent = time.monotonic(), time.process_time(), _web_seconds()
        late = await arrivals.come(people, times, seconds, lambda text, times=times: told(f"{times:.0f} x: {text}"))  # type: ignore[misc]
        lasted = time.monotonic() - began
        rungs.append(Rung(times, people.book.offered / seconds, lasted, people.book.answers, (time.process_time() - used) / lasted,
                          (_web_seconds() - spent) / lasted, late))
        told(report.by_rate(rungs[-1:])[1])
    await people.close()
    return rungs


def _web_seconds() -> float:
    """What the web process, a child of this one, has used of a processor."""
    ticks = 0
    for task in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (task / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == os.getpid() and b"services.api" in (task / "cmdline").read_bytes():
                ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run(directory: Path, given: argparse.Namespace) -> int:
    """Fill, serve, load, prove, tell."""
    if not (directory / house.MARK).exists():
        told(f"filling a house of {given.claims} claims")
        house.fill(directory, given.claims)
    os.environ.update(house.environment(directory, {"HUZHU_WEB_PORT": str(free_port()), "HUZHU_PREFECT_PORT": str(free_port())}))
    told("starting the web, the worker, the Prefect server")
    with Supervisor(settings()) as machine:
        db = Database(urls(settings())[0], pool_size=2)
        machine.start_all()
        since = datetime.now(UTC)
        people = People(house.cast(db), machine.base_url, random.Random(given.seed), f"压测{since:%H%M%S}")
        rungs = asyncio.run(climb(people, tuple(given.ladder), given.seconds))
        told("looking for every write")
        proof = prove(db, people.book.writes, since)
        died = machine.died()
        db.close()
    return show(people.cast, rungs, proof, died, given)


def show(cast: Cast, rungs: list[Rung], proof: Proof, died: list[str], given: argparse.Namespace) -> int:
    """The result, and whether it holds."""
    faults = [answer for rung in rungs for answer in rung.answers if answer.fault]
    print(f"python -m infra.load --claims {given.claims} --seconds {given.seconds:.0f} --seed {given.seed}")
    print(f"{os.cpu_count()} cores for PostgreSQL, one web process of {settings().web_seats} seats, one worker, Prefect and whoever asks;"
          f" the machine's load in the quarter of an hour before: {given.before:.1f}")
    print(f"{len(cast.clerks)} clerks, an act every 15 s; {len(cast.members)} members, one every 60 s: the usual rate\n")
    print("\n".join(report.by_rate(rungs)))
    for rung in rungs:
        print("\n" + "\n".join(report.by_kind(rung)))
    print(f"\nwrites told to be done: {sum(proof.told.values())} ({', '.join(f'{kind} {count}' for kind, count in proof.told.items())})")
    print(f"of these lost: {len(proof.lost)}; there twice: {len(proof.doubled)}; never taken: {proof.untold}")
    print(f"errors (answers neither done nor refused): {len(faults)}; programs that died: {', '.join(died) or 'none'}")
    for line in [*proof.lost[:10], *proof.doubled[:10], *report.faults(faults)]:
        print(f"  {line}")
    return int(bool(faults or proof.lost or proof.doubled or proof.untold or died))


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m infra.load")
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=25, help="of each rate")
    parser.add_argument("--ladder", type=float, nargs="+", default=list(LADDER), help="times the usual rate")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--house", type=Path, help="a house that is kept, and filled when it is not there")
    given = parser.parse_args()
    stop_like_ctrl_c()
    given.before = os.getloadavg()[2]
    if given.house:
        return run(given.house, given)
    with tempfile.TemporaryDirectory(prefix="hz") as directory:
        return run(Path(directory), given)


if __name__ == "__main__":
    sys.exit(main())
