"""A city's quarter from file to payment run and stored inputs. `python -m infra.bench.city [MEMBERS …]`

For each size a house is filled (not measured) and a feed written; then the feed is settled as the worker settles it, and the same rows
are copied as bare as PostgreSQL can: the feed in, and every row written into tables without keys, checks or row security. Memory is
the sum of the proportional sets of all processes, server included. A drawn sample is computed again one by one, and the totals by a
formula in SQL that knows nothing of the rule-book.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from infra.bench import city_house
from infra.bench.city_house import NOW, PLAN, YEAR, House
from infra.bench.city_proof import agree_one_by_one, agree_with_sql
from services.core.db import Database, Scope
from services.settlement.city import service as city
from services.settlement.city.folder import PARTS, Folder
from services.settlement.feed import receive
from services.simulate import feed as simulated

SIZES = (360_000, 3_600_000)
SAMPLE = 10_000
_COPIED = ("bill", "settlement_line", "settlement_payment")


@dataclass
class Measured:
    """Seconds of each step, and the most memory at any time."""

    steps: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum(self.steps.values())


def main() -> None:
    """Measure each size, then two processes on the largest but one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("members", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    taken: dict[int, float] = {}
    for count in options.members:
        taken[count] = one_size(count, options.processes)
    sizes = sorted(taken)
    if len(sizes) > 1:
        print(f"growth {sizes[0]:,} → {sizes[-1]:,} members (×{sizes[-1] / sizes[0]:.0f}): ×{taken[sizes[-1]] / taken[sizes[0]]:.2f}")


def one_size(count: int, processes: int) -> float:
    """Fill, settle, compare, prove; returns the seconds of the settlement."""
    directory = Path(tempfile.mkdtemp(prefix="hzcity"))
    try:
        begun = time.perf_counter()
        house = city_house.build(directory, count)
        file = directory / "feed.csv"
        rows = simulated.write(file, house.members, rows=count, year=YEAR, quarter=1, seed=7)
        say(f"\n{count:,} members, {rows:,} rows ({file.stat().st_size / 1e6:,.0f} MB of CSV), {processes} process(es);"
            f" filled in {time.perf_counter() - begun:.0f} s")
        measured, settlement_id = settle(house, file, processes)
        bare = bare_copies(house, file)
        for step, seconds in measured.steps.items():
            say(f"  {step:24}{seconds:9.2f} s")
        say(f"  {'together':24}{measured.seconds:9.2f} s   bare COPY of the feed in and of all rows written {bare:.2f} s:"
            f" ratio {measured.seconds / bare:.2f}; peak memory {measured.peak_mb:,.0f} MB")
        say("  " + agree_with_sql(house, settlement_id))
        say("  " + agree_one_by_one(house, settlement_id, min(SAMPLE, count)))
        return measured.seconds
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def settle(house: House, file: Path, processes: int) -> tuple[Measured, uuid.UUID]:
    """Every step that `huzhu settle` and the flow take, without Prefect's own time."""
    measured, scope = Measured(), house.maker.scope
    with watched(measured):
        with timed(measured, "receive"), house.db.unit_of_work(scope) as session, file.open("rb") as content:
            feed = receive.receive(session, content, file_name=file.name, size=file.stat().st_size, plan=PLAN, year=YEAR, quarter=1,
                                   actor=house.maker, now=NOW)
            settlement_id = city.start(session, feed_id=feed.id, actor=house.maker, now=NOW).id
        with timed(measured, "stage and look up"):
            with house.db.unit_of_work(scope) as session:
                settlement = city.open_one(session, settlement_id)
                assert settlement is not None
                city.prepare(session, settlement=settlement, actor=house.maker, now=NOW)
            city.ready(settlement_id)
        with timed(measured, "partitions"):
            work_parts(house, settlement_id, processes)
        with timed(measured, "conclude"), house.db.unit_of_work(scope) as session:
            done = city.finish(session, settlement_id=settlement_id, actor=house.maker, now=NOW)
            assert done is not None
    Folder.of(settlement_id).remove()
    say(f"  {done.bills:,} bills, {done.lines:,} lines, {done.paying:,} paid {done.due_fen / 100:,.2f} yuan,"
        f" {done.unresolved:,} unresolved")
    return measured, settlement_id


def work_parts(house: House, settlement_id: uuid.UUID, processes: int) -> None:
    """In this process, or spread over others."""
    if processes == 1:
        for part in range(PARTS):
            _part(house.db, settlement_id, part)
        return
    with ProcessPoolExecutor(processes, initializer=_begin, initargs=(house.db.url,)) as pool:
        list(pool.map(_elsewhere, [settlement_id] * PARTS, range(PARTS)))


_OWN: dict[str, Database] = {}


def _begin(url: str) -> None:
    _OWN["db"] = Database(url)


def _elsewhere(settlement_id: uuid.UUID, part: int) -> None:
    _part(_OWN["db"], settlement_id, part)


def _part(db: Database, settlement_id: uuid.UUID, part: int) -> None:
    with db.unit_of_work(Scope(city_house.OFFICE.rstrip("."))) as session:
        city.settle_part(session, settlement_id=settlement_id, part=part, now=NOW)


def bare_copies(house: House, file: Path) -> float:
    """Seconds to copy the file's rows and every row that the settlement wrote into tables that are nothing but columns."""
    spent = 0.0
    with psycopg.connect(house.superuser, autocommit=True) as connection:
        heads = file.open().readline().strip().split(",")
        connection.execute(sql.SQL("CREATE TABLE bare_feed ({})").format(sql.SQL(", ").join(
            sql.SQL("{} text").format(sql.Identifier(name)) for name in heads)))
        spent += _copy_file(connection, "bare_feed", file, header=True)
        for table in _COPIED:
            columns = [row[0] for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped"
                " ORDER BY attnum", (table,))]
            listed = sql.SQL(", ").join(map(sql.Identifier, columns))
            out = file.with_name(f"{table}.csv")
            with out.open("wb") as to, connection.cursor().copy(
                    sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv)").format(listed, sql.Identifier(table))) as copy:
                for chunk in copy:
                    to.write(chunk)
            bare = f"bare_{table}"
            connection.execute(sql.SQL("CREATE TABLE {} AS SELECT {} FROM {} WITH NO DATA").format(
                sql.Identifier(bare), listed, sql.Identifier(table)))
            spent += _copy_file(connection, bare, out, header=False)
            out.unlink()
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(bare)))
        connection.execute("DROP TABLE bare_feed")
    return spent


def _copy_file(connection: psycopg.Connection[tuple[object, ...]], table: str, file: Path, *, header: bool) -> float:
    connection.execute("CHECKPOINT")
    begun = time.perf_counter()
    with file.open("rb") as held, connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv{})").format(
            sql.Identifier(table), sql.SQL(", HEADER" if header else ""))) as copy:
        while chunk := held.read(1 << 20):
            copy.write(chunk)
    return time.perf_counter() - begun


class timed:  # noqa: N801
    """A step's seconds."""

    def __init__(self, measured: Measured, step: str) -> None:
        self._measured, self._step = measured, step

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._measured.steps[self._step] = time.perf_counter() - self._begun


class watched:  # noqa: N801
    """Memory of this process, its children and the server, looked at five times a second."""

    def __init__(self, measured: Measured) -> None:
        self._measured, self._over = measured, threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._measured.peak_mb = max(self._measured.peak_mb, _family_mb())


def _family_mb() -> float:
    """Proportional set of everything that this process started, itself and the server's processes included."""
    parents: dict[int, list[int]] = {}
    servers: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
                if (entry / "comm").read_text().startswith("postgres") and _ours(entry):
                    servers.append(int(entry.name))
            except (OSError, IndexError):
                continue
    wanted, seen = [os.getpid(), *servers], set[int]()
    while wanted:
        pid = wanted.pop()
        if pid not in seen:
            seen.add(pid)
            wanted += parents.get(pid, [])
    return sum(map(_pss_mb, seen))


def _ours(entry: Path) -> bool:
    return str((entry / "cwd").resolve()).startswith(tempfile.gettempdir() + "/hzcity")


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def say(text: str) -> None:
    """At once, however long the rest takes."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
