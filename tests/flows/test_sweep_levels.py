"""The sweep's own step for levels that nobody may take."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import escalate_levels, sweep_deadlines
from services.core import telemetry
from services.core.clock import FixedClock, at_hour
from services.core.db import Database
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.services.review_world import in_review, levels, passes
from tests.support.world import ROOT

STAFF = ["xj.district", "xj.city", "xj.office1", "xj.office2", "xj.senior", "xj.head"]


def staffed(db: Database, active: bool) -> None:
    with db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE account SET active = :active WHERE login = ANY(:logins)"), {"active": active, "logins": STAFF})


def test_the_sweep_opens_a_level_since_somebody_came(db: Database, now: datetime, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(db, now, tmp_path / "keys")
    monkeypatch.setattr("flows.runtime.wiring", lambda: api.app.state.wiring)
    claim = in_review(api.world, 3, now)
    staffed(db, False)
    passes(api.world, claim, "xj.clerk", now)
    for active, district in ((False, "waiting"), (True, "open")):
        staffed(db, active)
        asyncio.run(sweep_deadlines.go_on.fn())
        assert levels(db, claim)[1][:2] == ("district", district)
    api.http.close()


def test_a_sweep_takes_every_step() -> None:
    """Each step's own tests are its stage's; here, that the pass forgets none of them."""
    names = sweep_deadlines.sweep_deadlines.fn.__code__.co_names
    assert {"watch", "go_on", "lapse", "forward_overdue", "close"} <= set(names)


def test_what_the_sweep_fires_is_counted_by_kind_once(db: Database, now: datetime, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(db, now, tmp_path / "keys")
    wiring = replace(api.app.state.wiring, clock=FixedClock(at_hour(date(2026, 4, 10))))
    monkeypatch.setattr("flows.runtime.wiring", lambda: wiring)
    with db.unit_of_work(ROOT.scope) as session:
        decided(session, api.world, 0, 100, now=now)
    names = ("warned", 2.0), ("breached", 1.0), ("escalated", 1.0)
    before = {what: telemetry.FIRED.labels(what, "pay")._value.get() for what, _ in names}
    for _ in range(2):
        asyncio.run(sweep_deadlines.watch.fn())
    assert tuple((what, telemetry.FIRED.labels(what, "pay")._value.get() - before[what]) for what, _ in names) == names
    api.http.close()


def test_a_breach_hands_its_level_up_once_though_the_worker_died_after_it(db: Database, now: datetime, tmp_path: Path,
                                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is owed again when its worker died between the commit and letting go of it; `infra.lab.crash` found it."""
    api = Api(db, now, tmp_path / "keys")
    late = at_hour(date(2026, 5, 8))
    wiring = replace(api.app.state.wiring, clock=FixedClock(late))
    monkeypatch.setattr("flows.runtime.wiring", lambda: wiring)
    claim = in_review(api.world, 3, now)
    passes(api.world, claim, "xj.clerk", now)
    asyncio.run(sweep_deadlines.watch.fn())
    with db.view(ROOT.scope) as session:
        owed = session.execute(sa.text("SELECT subject_id FROM outbox WHERE topic = 'clock.breach'")).scalars().all()
    for _ in range(2):
        asyncio.run(escalate_levels.hand_up.fn(owed))
        assert levels(db, claim)[1] == ("district", "open", "cn.xj.wlmq.")
    api.http.close()
