"""The morning's comparison: the insurer asked for the day that is over, the day kept once; over three days all of them, in order."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import dispatch, reconcile, runtime
from services.core.clock import FixedClock, business_day
from services.core.db import Database
from services.wiring import Wiring
from tests.services.insurer_world import running
from tests.support.world import ROOT, build_world

BATCH = runtime.Batch("reconcile", "timetable.reconcile", [], [])


def test_each_day_that_is_over_is_compared_once(db: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, clock = build_world(db, now), FixedClock(now)
    monkeypatch.setattr(reconcile, "compare", reconcile.compare.fn)     # in this process; the worker's retries are its own
    with running(tmp_path, "--seed", "4") as twin:
        wiring = Wiring(world.db, clock, twin.port, ROOT.scope)
        for module in (runtime, reconcile):
            monkeypatch.setattr(module, "wiring", lambda: wiring)
        for later in (0, 0, 2):
            clock.advance(timedelta(days=later))
            asyncio.run(reconcile.reconcile.fn("reconcile", BATCH))
    today = business_day(now)
    with world.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT day, files, differences FROM reconciliation ORDER BY at, day")).all() == [
            (today + timedelta(days=n), 0, 0) for n in (-1, 0, 1)]


def test_the_worker_answers_the_timetable_with_it() -> None:
    assert dispatch.ROUTES["timetable.reconcile"] == (reconcile.reconcile,)
