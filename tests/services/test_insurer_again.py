"""What is said twice between the office and the insurer: the same bytes when we say it again, and no standstill when they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import collect_replies, runtime
from services.core.clock import FixedClock
from services.core.db import Database
from services.insurer import service as insurer
from services.wiring import Wiring
from tests.services.handoff_world import number, with_insurer
from tests.services.insurer_world import Twin, polled, running
from tests.services.review_world import ROOT
from tests.support.world import World, build_world


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_a_message_that_differs_from_its_kept_twin_keeps_no_other_away(world: World, twin: Twin, now: datetime,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    ack, file = polled(twin, no)
    with world.db.unit_of_work(ROOT) as session:        # they numbered it anew since: the gap before it is asked for again
        insurer.receive(session, message=ack.model_copy(update={"seq": ack.seq + 1000}), now=now)
    wiring = Wiring(world.db, FixedClock(now), twin.port, ROOT)
    for module in (runtime, collect_replies):
        monkeypatch.setattr(module, "wiring", lambda: wiring)
    assert asyncio.run(collect_replies.poll.fn()) is True
    assert asyncio.run(collect_replies.poll.fn()) is False
    with world.db.view(ROOT) as session:
        kept = session.execute(sa.text("SELECT kind, seq FROM insurer_message WHERE claim_no = :no ORDER BY seq"), {"no": no}).all()
    assert [tuple(row) for row in kept] == [("file", file.seq), ("ack", ack.seq + 1000)], "the former stays as it is"
