"""`simulate`: the whole house, district by district, a process for each core."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from services.core.db import Database, Scope
from services.core.errors import Conflict, HuzhuError, NotFound
from services.simulate.years import district, tree
from services.simulate.years.rows import Tables, write
from services.simulate.years.size import Place, Size
from services.simulate.years.world import Org
from services.sla.policies import keep
from services.sla.policy import policies


@dataclass(slots=True)
class Made:
    """What was written: rows by table, claims by state."""

    rows: Counter[str] = field(default_factory=Counter)
    states: dict[str, int] = field(default_factory=dict)


Tell = Callable[[str, int, int], None]      # what was written, districts done, of how many


def simulate(db: Database, size: Size, *, root: str, workers: int | None = None, tell: Tell = lambda *_: None) -> Made:
    """Fill a house that `huzhu setup` has made and nobody has used; each district is one transaction.

    Conflict when there is an office already. `workers` None: one a core; 1: in this process.
    """
    made, scope = Made(), Scope(root)
    with db.unit_of_work(scope) as session:
        top = _root(session, root)
        base = Tables()
        tree.base_rows(size, top, base)
        write(session, base)
        keep(session, policies().values())
    made.rows.update(base.counts())
    tell("offices", 0, len(size.places))
    for done, (place, counts) in enumerate(_districts(db, size, top, scope, workers or os.cpu_count() or 1), 1):
        made.rows.update(counts)
        tell(f"district {place.index}", done, len(size.places))
    with db.view(scope) as session:
        rows = session.execute(sa.text("SELECT state, count(*) FROM claim GROUP BY state ORDER BY 2 DESC, 1"))
        made.states = {row[0]: row[1] for row in rows}
    return made


def analyze(owner_url: str) -> None:
    """Fresh statistics for the planner, as the tables' owner: the first queries come before the server looks by itself."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _root(session: Session, root: str) -> Org:
    row = session.execute(sa.text("SELECT id, org_key, name, kind FROM organisation WHERE org_key = :key"),
                          {"key": f"{root}."}).one_or_none()
    if row is None:
        raise NotFound("not_set_up", "还没有根组织", remedy="先运行 huzhu setup")
    if session.execute(sa.text("SELECT 1 FROM organisation WHERE office IS NOT NULL LIMIT 1")).first():
        raise Conflict("not_empty", "库里已有办事处，模拟数据只写入新建的库", remedy="另设 HUZHU_DATA_DIR 或数据库，先运行 huzhu setup")
    return Org(row.id, None, row.org_key, row.name, row.kind)


def _districts(db: Database, size: Size, root: Org, scope: Scope, workers: int) -> Iterator[tuple[Place, dict[str, int]]]:
    if workers == 1:
        for place in size.places:
            yield place, _write(db, size, place, root, scope)
        return
    context = multiprocessing.get_context("spawn")      # a forked copy of a program with threads may hang
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        jobs = {pool.submit(_job, db.url, size, place, root, scope): place for place in size.places}
        for job in as_completed(jobs):
            yield jobs[job], job.result()
    finally:
        pool.shutdown(cancel_futures=True)      # who interrupts does not wait for the districts not yet begun


@lru_cache(maxsize=1)
def _database(url: str) -> Database:
    db = Database(url, pool_size=1)
    with db.unit_of_work(Scope("")) as session:      # a district's largest temporary table stays in memory
        session.execute(sa.text("SET temp_buffers = '192MB'; SET synchronous_commit = off"))
    return db


def _job(url: str, size: Size, place: Place, root: Org, scope: Scope) -> dict[str, int]:
    try:
        return _write(_database(url), size, place, root, scope)
    except HuzhuError as error:         # its fields do not travel between processes
        raise RuntimeError(str(error)) from None


def _write(db: Database, size: Size, place: Place, root: Org, scope: Scope) -> dict[str, int]:
    gc.disable()        # hundreds of thousands of rows that all live until the end: looking through them only costs
    try:
        tables = district.build(size, place, root)
    finally:
        gc.enable()
    with db.unit_of_work(scope) as session:
        write(session, tables)
    return tables.counts()
