"""The morning's comparison as the worker does it: the insurer asked for its list, the day kept once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from services.cli.supervisor import Program
from services.core.clock import business_day
from services.core.db import Database
from services.outbox import service as outbox
from services.outbox.service import Work
from tests.flows.conftest import until
from tests.services.insurer_world import running
from tests.services.review_world import ROOT
from tests.support.world import build_world


def test_yesterday_is_compared_once(db: Database, now: datetime, worker: Program, tmp_path: Path) -> None:
    world = build_world(db, now)
    with running(tmp_path, "--seed", "4") as twin:
        worker.env |= {"HUZHU_INSURER_URL": twin.url, "HUZHU_INSURER_KEYS": str(twin.keys)}
        for _ in range(2):
            with world.db.unit_of_work(ROOT) as session:
                outbox.add(session, [Work("timetable.reconcile", "cn.")], now=now)
        worker.start()
        until(lambda: not asked(world.db, "SELECT id FROM outbox"), worker)
    assert asked(world.db, "SELECT day, files, differences FROM reconciliation") == [
        (business_day(datetime.now(UTC)) - timedelta(days=1), 0, 0)]


def asked(db: Database, statement: str) -> list[tuple[object, ...]]:
    with db.view(ROOT) as session:
        return [tuple(row) for row in session.execute(sa.text(statement))]
