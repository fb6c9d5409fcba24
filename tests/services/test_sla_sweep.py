"""The daily sweep: warned once, breached once, never while paused."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from services.core.clock import at_hour
from services.core.db import Database
from services.sla.queries import clocks, clocks_of
from services.sla.sweep import sweep
from tests.services.paying_world import decided
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def swept(world: World, day: date) -> list[tuple[str, str]]:
    with world.db.unit_of_work(ROOT.scope) as session:
        return [(due.what, due.kind) for due in sweep(session, now=at_hour(day))]


def test_warned_once_then_breached_once(world: World, now: datetime) -> None:
    """The pay clock runs from 18 March to 9 April: 22 days, seven tenths of them are over on 3 April."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 100, now=now).id
    assert swept(world, date(2026, 4, 2)) == []
    assert swept(world, date(2026, 4, 3)) == [("warned", "pay")]
    assert swept(world, date(2026, 4, 9)) == []
    assert swept(world, date(2026, 4, 10)) == [("breached", "pay")]
    assert swept(world, date(2026, 4, 11)) == []
    with world.db.view(ROOT.scope) as session:
        [clock] = clocks_of(session, claim)
        assert clock.warned_at == at_hour(date(2026, 4, 3)) and clock.breached_at == at_hour(date(2026, 4, 10))
        assert clocks(session, [claim], "pay")[claim].id == clock.id


def test_a_paused_clock_is_neither(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        decided(session, world, 0, 100, now=now)
        session.connection().exec_driver_sql("UPDATE sla_clock SET state = 'paused'")
    assert swept(world, date(2026, 5, 1)) == []
