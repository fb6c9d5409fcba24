"""Originals: asked for with reason and day, received and given back against numbered receipts."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest

from services.core.db import Database
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.evidence import originals
from services.evidence import service as evidence
from services.models import OriginalRequest
from tests.services.after_world import ask
from tests.services.review_world import report
from tests.support.claims import picture
from tests.support.world import World, build_world

DUE = date(2026, 4, 10)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def claim(world: World, now: datetime) -> uuid.UUID:
    return report(world, 0, now)


@pytest.fixture
def paper(world: World, now: datetime, claim: uuid.UUID) -> uuid.UUID:
    member = world.actor("xj.m0")
    with world.db.unit_of_work(member.scope) as session:
        return evidence.upload(session, claim_id=claim, kind="diagnosis", file_name="d.png", content=picture(5), actor=member, now=now).id


def asks(world: World, paper: uuid.UUID, now: datetime, *, by: str = "xj.office1", due: date = DUE) -> uuid.UUID:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        return originals.ask_original(session, paper_id=paper, reason="核对印章", due_on=due, actor=actor, now=now).id


def receives(world: World, request: uuid.UUID, now: datetime, *, by: str = "xj.clerk", same: bool = True,
             note: str = "") -> OriginalRequest:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        row = originals.receive_original(session, request_id=request, from_whom="王某本人", same=same, note=note, actor=actor, now=now)
        session.expunge(row)
        return row


def returns(world: World, request: uuid.UUID, now: datetime, *, how: str = "post") -> OriginalRequest:
    actor = world.actor("xj.clerk")
    with world.db.unit_of_work(actor.scope) as session:
        row = originals.return_original(session, request_id=request, to_whom="王某本人", how=how, actor=actor, now=now)
        session.expunge(row)
        return row


def log(world: World, claim: uuid.UUID, today: date, by: str = "xj.m0") -> list[str]:
    actor = world.actor(by)
    with world.db.view(actor.scope) as session:
        return [item.state for item in originals.originals_of(session, claim_id=claim, actor=actor, today=today)]


def test_asked_received_and_given_back_with_receipts(world: World, now: datetime, claim: uuid.UUID, paper: uuid.UUID) -> None:
    request = asks(world, paper, now)
    assert (log(world, claim, DUE), log(world, claim, DUE + timedelta(days=1))) == (["asked"], ["overdue"])
    assert receives(world, request, now).received_no == "XJYJ2026-00001"
    assert log(world, claim, now.date(), "xj.auditor") == ["received"]
    assert returns(world, request, now).returned_no == "XJYJ2026-00002"
    assert log(world, claim, now.date()) == ["returned"]
    events = [row.event for row in ask(
        world, "SELECT event FROM audit_record WHERE machine = 'paper' AND event LIKE 'original%' ORDER BY seq")]
    assert events == ["original_asked", "original_received", "original_returned"]


def test_what_was_received_must_go_back(world: World, now: datetime, claim: uuid.UUID, paper: uuid.UUID) -> None:
    request = asks(world, paper, now)
    with pytest.raises(Conflict, match="original_asked"):
        asks(world, paper, now)
    with pytest.raises(Conflict, match="original_not_received"):
        returns(world, request, now)
    receives(world, request, now)
    office = world.actor("xj.office1")
    with pytest.raises(Conflict, match="original_here"), world.db.unit_of_work(office.scope) as session:
        originals.drop_original(session, request_id=request, reason="不再需要", actor=office, now=now)
    with world.db.view(office.scope) as session:
        found = originals.originals_of(session, claim_id=claim, actor=office, today=now.date())
        assert [(one.row.id, one.state) for one in found] == [(request, "received")]
    returns(world, request, now)
    with pytest.raises(Conflict, match="original_over"):
        returns(world, request, now)
    assert asks(world, paper, now) != request


def test_a_difference_from_the_copy_is_written_down(world: World, now: datetime, paper: uuid.UUID) -> None:
    request = asks(world, paper, now)
    with pytest.raises(InputError, match="note_missing"):
        receives(world, request, now, same=False)
    row = receives(world, request, now, same=False, note="原件第二页日期为3月12日")
    assert (row.same, row.received_note) == (False, "原件第二页日期为3月12日")


def test_who_asks_and_until_when(world: World, now: datetime, paper: uuid.UUID) -> None:
    for login in ("xj.m0", "xj.clerk", "xj.auditor"):
        with pytest.raises(NotPermitted):
            asks(world, paper, now, by=login)
    with pytest.raises(NotFound):
        asks(world, paper, now, by="nx.office1")
    with pytest.raises(InputError, match="due_past"):
        asks(world, paper, now, due=date(2026, 3, 19))
    request = asks(world, paper, now)
    receives(world, request, now)
    with pytest.raises(InputError, match="original_way"):
        returns(world, request, now, how="drone")
