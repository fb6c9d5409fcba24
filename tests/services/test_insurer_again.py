"""What is said twice between the office and the insurer: the same bytes when we say it again, and no standstill when they do not."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import collect_replies, runtime
from services.core.clock import FixedClock
from services.core.db import Database
from services.evidence import service as evidence
from services.insurer import service as insurer
from services.insurer.port import Answers
from services.wiring import Wiring
from tests.services.handoff_world import collect, handoff, number, with_insurer
from tests.services.insurer_world import Twin, polled, running
from tests.services.review_world import ROOT, SYSTEM, pdf
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


def answers(world: World, claim: uuid.UUID, now: datetime) -> Answers:
    with world.db.unit_of_work(ROOT) as session:
        [found] = insurer.replies(session, claim_ids=[claim], now=now)
    return found


@pytest.mark.parametrize("since", ["one more page", "a page rejected"])
def test_an_answer_whose_receipt_was_lost_goes_again_with_the_same_bytes(world: World, twin: Twin, now: datetime, since: str) -> None:
    claim = with_insurer(world, twin, now)
    no, clerk, later = number(world, claim), world.actor("nx.clerk"), now + timedelta(days=3)
    twin.walk(no, "ack", "file")
    twin.desk(no, "question", items=[{"code": "Q1", "paper": "pathology", "text": "请补充免疫组化"}])
    collect(world, twin, claim, now)
    with world.db.view(ROOT) as session:
        listed = session.execute(sa.text("SELECT id FROM supplement")).scalar_one()
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.deliver(session, supplement_id=listed, on=None, actor=clerk, now=now)
    with world.db.unit_of_work(clerk.scope) as session:
        page = evidence.upload(session, claim_id=claim, kind="pathology", file_name="1.pdf", content=pdf("一"), actor=clerk, now=later).id
        evidence.answer(session, supplement_id=listed, on=None, actor=clerk, now=later,
                        items=[{"paper": "pathology", "state": "answered", "note": ""}])
    first = answers(world, claim, later)
    assert len(first.items[0].papers) == 1
    twin.port.reply(first)                              # heard; its receipt is lost
    with world.db.unit_of_work(clerk.scope) as session:
        if since == "one more page":
            evidence.upload(session, claim_id=claim, kind="pathology", file_name="2.pdf", content=pdf("二"), actor=clerk, now=later)
        else:
            evidence.judge(session, paper_id=page, accept=False, fault="看不清", actor=clerk, now=later)
    again = answers(world, claim, later + timedelta(minutes=5))
    assert (again.message_id, again.body()) == (first.message_id, first.body())
    twin.port.reply(again)
    with world.db.unit_of_work(ROOT) as session:
        insurer.replied(session, answers=again, actor=SYSTEM, now=later)
    assert handoff(world, claim).state == "received"
