"""An insurer that cannot be reached holds up nothing that it said before."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.cli.supervisor import Program
from services.core.db import Database
from services.insurer import service as insurer
from services.outbox import service as outbox
from services.outbox.service import Work
from tests.flows.conftest import until
from tests.services.handoff_world import handoff, number, with_insurer
from tests.services.insurer_world import polled, running
from tests.services.review_world import ROOT
from tests.support.world import World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_what_was_received_is_applied_while_the_insurer_is_away(world: World, now: datetime, worker: Program, tmp_path: Path) -> None:
    with running(tmp_path, "--seed", "3") as twin:
        claim = with_insurer(world, twin, now)
        twin.walk(number(world, claim), "ack")
        messages = polled(twin, number(world, claim))
    with world.db.unit_of_work(ROOT) as session:
        assert [insurer.receive(session, message=message, now=now) for message in messages] == [True]
        outbox.add(session, [Work("insurer.message", "cn.", None, handoff(world, claim).id)], now=now)
    worker.start()                  # its settings name an address where nobody listens
    until(lambda: handoff(world, claim).state == "received", worker)
