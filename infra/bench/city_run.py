"""One settlement of the bench's city measured step by step, and the bare copies it is held against."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psycopg
from psycopg import sql

from infra.bench.city_house import NOW, OFFICE, PLAN, YEAR, House
from infra.bench.city_watch import Measured, timed, watched
from services.core.db import Database, Scope
from services.core.settings import settings
from services.models import Settlement
from services.settlement.city import service as city
from services.settlement.city.folder import PARTS
from services.settlement.feed import receive

_COPIED = ("bill", "settlement_line", "settlement_payment")


def settle(house: House, file: Path, processes: int) -> tuple[Measured, Settlement]:
    """Every step that `huzhu settle` and the flow take, without Prefect's own time. The other processes' start is in it."""
    os.environ["HUZHU_SETTLE_PROCESSES"] = str(processes)       # staging takes it from there
    settings.cache_clear()
    measured, scope, data = Measured(), house.maker.scope, house.directory / "pg"
    with watched(measured, data):
        with timed(measured, "receive", data), house.db.unit_of_work(scope) as session, file.open("rb") as content:
            feed = receive.receive(session, content, file_name=file.name, size=file.stat().st_size, plan=PLAN, year=YEAR, quarter=1,
                                   actor=house.maker, now=NOW)
            settlement_id = city.start(session, feed_id=feed.id, actor=house.maker, now=NOW).id
        with timed(measured, "stage and look up", data):
            with house.db.unit_of_work(scope) as session:
                settlement = city.open_one(session, settlement_id)
                assert settlement is not None
                city.prepare(session, settlement=settlement, actor=house.maker, now=NOW)
            city.ready(settlement_id)
        with timed(measured, "partitions", data):
            _work_parts(house, settlement_id, processes)
        with timed(measured, "conclude", data), house.db.unit_of_work(scope) as session:
            done = city.finish(session, settlement_id=settlement_id, actor=house.maker, now=NOW)
            assert done is not None
        with timed(measured, "clear", data), house.db.unit_of_work(scope) as session:
            city.clear(session, settlement_id)
    return measured, done


def digests(house: House, settlement_id: uuid.UUID) -> list[tuple[object, ...]]:
    """What the partitions came to: the same of the same feed, however many processes."""
    with psycopg.connect(house.superuser) as connection:
        return connection.execute("SELECT part, digest, lines, due_fen FROM settlement_part WHERE settlement_id = %s ORDER BY part",
                                  (settlement_id,)).fetchall()


def _work_parts(house: House, settlement_id: uuid.UUID, processes: int) -> None:
    """In this process, or spread over others."""
    if processes == 1:
        for part in range(PARTS):
            _part(house.db, settlement_id, part)
        return
    # A fresh interpreter for each, as Dask's workers are.
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(house.db.url,)) as pool:
        list(pool.map(_elsewhere, [settlement_id] * PARTS, range(PARTS)))


_OWN: dict[str, Database] = {}


def _begin(url: str) -> None:
    _OWN["db"] = Database(url)


def _elsewhere(settlement_id: uuid.UUID, part: int) -> None:
    _part(_OWN["db"], settlement_id, part)


def _part(db: Database, settlement_id: uuid.UUID, part: int) -> None:
    with db.unit_of_work(Scope(OFFICE.rstrip("."))) as session:
        city.settle_part(session, settlement_id=settlement_id, part=part, now=NOW)


def bare_copies(house: House, file: Path) -> Measured:
    """What it costs to copy the file's rows, and every row that the settlement wrote, into tables that are nothing but columns."""
    spent, data = Measured(), house.directory / "pg"
    with psycopg.connect(house.superuser, autocommit=True) as connection:
        heads = file.open().readline().strip().split(",")
        connection.execute(sql.SQL("CREATE TABLE bare ({})").format(sql.SQL(", ").join(
            sql.SQL("{} text").format(sql.Identifier(name)) for name in heads)))
        _checkpoint(connection)
        with timed(spent, "feed", data):
            _copy_file(connection, file, header=True)
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
            connection.execute("DROP TABLE bare")
            connection.execute(sql.SQL("CREATE TABLE bare AS SELECT {} FROM {} WITH NO DATA").format(listed, sql.Identifier(table)))
            _checkpoint(connection)
            with timed(spent, table, data):
                _copy_file(connection, out, header=False)
            out.unlink()
        connection.execute("DROP TABLE bare")
    return spent


def _checkpoint(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """So that nobody pays for what was written before."""
    connection.execute("CHECKPOINT")


def _copy_file(connection: psycopg.Connection[tuple[object, ...]], file: Path, *, header: bool) -> None:
    with file.open("rb") as held, connection.cursor().copy(sql.SQL("COPY bare FROM STDIN (FORMAT csv{})").format(
            sql.SQL(", HEADER" if header else ""))) as copy:
        while chunk := held.read(1 << 20):
            copy.write(chunk)
