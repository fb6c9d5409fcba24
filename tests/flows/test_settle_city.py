"""The real worker settles what `huzhu settle` received: in its own process, and spread over two by Dask, to the same lines."""

from __future__ import annotations

import io
import json
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.cli import main as cli
from services.cli.setup import make_pair
from services.cli.supervisor import Program
from services.core import db as databases
from services.core.clock import at_hour
from services.core.db import Database
from services.core.settings import settings
from services.outbox import service as outbox
from services.storage import service as storage
from tests.flows.conftest import until
from tests.services import city_world
from tests.services.city_world import Row
from tests.support.world import ROOT

APRIL = at_hour(date(2026, 4, 10))
ROWS = [Row(0, "A1", "2026-01-05", "8406.00"), Row(1, "B1", "2026-01-06", "5000.00", stay=True), Row(2, "C1", "2026-03-06", "1000.00"),
        Row(3, "D1", "2026-02-06", "2300.00"), Row(4, "E1", "2026-02-06", "2300.00", name="别人")]


@pytest.fixture
def spread(prefect_api: str, db: Database, var: Path) -> Iterator[Program]:
    """A worker that settles with two processes."""
    for name in ("office", "insurer"):
        make_pair(settings().insurer_keys, name)
    env = {**os.environ, "PREFECT_API_URL": prefect_api, "PREFECT_HOME": str(var / "prefect"), "HUZHU_DATABASE_URL": db.url,
           "PREFECT_LOGGING_LEVEL": "WARNING", "HUZHU_SETTLE_PROCESSES": "2"}
    program = Program("worker-2", [sys.executable, "-m", "flows.worker"], env, var / "logs" / "worker-2.log")
    yield program
    program.stop()


def outcome(db: Database, settlement_id: uuid.UUID) -> tuple[str, str | None, list[tuple[object, ...]]]:
    with db.view(ROOT.scope) as session:
        state, fault = session.execute(sa.text("SELECT state, fault FROM settlement WHERE id = :id"), {"id": settlement_id}).one()
        lines = session.execute(sa.text("SELECT due_fen, outcome, lines FROM settlement_line WHERE settlement_id = :id"
                                        " ORDER BY due_fen DESC"), {"id": settlement_id}).all()
    return state, fault, [tuple(line) for line in lines]


SETTLED = [(132120, "pay", [132120, 0, 0]), (74000, "pay", [0, 74000, 0]), (10000, "pay", [10000, 0, 0]), (0, "nothing", [0, 0, 0])]


def test_the_worker_settles(db: Database, worker: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`huzhu settle` says that nobody works while no worker runs; with one it tells what came out."""
    city = city_world.build(db, APRIL)
    file = tmp_path / "q1.csv"
    file.write_bytes(city_world.feed_csv(city, ROWS))
    monkeypatch.setattr(databases, "database", lambda: db)
    monkeypatch.setattr("services.cli.settle.database", lambda: db)
    monkeypatch.setattr("services.cli.settle.moment", lambda _db: datetime(2026, 4, 10, tzinfo=UTC))
    asked = ["settle", str(file), "--year", "2026", "--quarter", "1", "--as", "bj.maker"]
    said = io.StringIO()
    with redirect_stdout(said):
        assert cli.main(asked) == 1
    assert "没有后台进程" in said.getvalue()
    worker.start()
    said = io.StringIO()
    until(lambda: bool(_workers(db)), worker)
    with redirect_stdout(said):
        assert cli.main([*asked, "--json"]) == 0
    told = json.loads(said.getvalue())
    assert (told["state"], told["due"], told["lines"], told["unresolved"]) == ("settled", "2161.20", 4, 1)
    assert outcome(db, uuid.UUID(told["id"])) == ("settled", None, SETTLED)
    until(lambda: not _left_behind(db), worker)


def _left_behind(db: Database) -> bool:
    """Whether anything that names members outlived the settlement: the folder it worked in, or the feed's bytes."""
    with db.view(ROOT.scope) as session:
        feeds = session.execute(sa.text("SELECT id FROM feed_file")).scalars().all()
    return any((settings().data_dir / "settling").glob("*")) or any(storage.part_offsets(feed) for feed in feeds)


def _workers(db: Database) -> int:
    with db.view(ROOT.scope) as session:
        return outbox.workers(session)


def test_two_processes_settle_to_the_same_lines(db: Database, spread: Program) -> None:
    city = city_world.build(db, APRIL)
    settlement_id = city_world.begin(city, ROWS, APRIL, quarter=1)
    spread.start()
    until(lambda: outcome(db, settlement_id)[0] == "settled" or outcome(db, settlement_id)[1] is not None, spread, 240)
    assert outcome(db, settlement_id) == ("settled", None, SETTLED)
