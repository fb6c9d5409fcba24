"""Money asked back: by agreement, in parts, or written off by two persons."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.lifecycle.create import create
from services.models import Receivable
from services.payment import receivables
from services.review import service as review
from tests.services.after_world import ask
from tests.services.paying_world import decided
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def owed(world: World, now: datetime) -> uuid.UUID:
    """14000.00 to come back on a refused claim of which nothing else is open."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 0, now=now, state="refused", kind="nothing")
        row = Receivable(org_key=claim.org_key, state="open", claim_id=claim.id, round=1, person_id=claim.person_id,
                         amount_fen=1_400_000, why="objection", created_at=now)
        create(session, "receivable", [row], actor=ROOT, now=now)
        return row.id


def does(world: World, login: str, verb: str, owed: uuid.UUID, now: datetime, **more: object) -> Receivable:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        row: Receivable = getattr(receivables, verb)(session, receivable_id=owed, actor=actor, now=now, **more)
        session.expunge(row)
        return row


def closes(world: World, now: datetime) -> int:
    with world.db.unit_of_work(ROOT.scope) as session:
        return len(review.close(session, actor=ROOT, now=now + timedelta(days=60)))


def test_received_in_parts_and_then_the_file_closes(world: World, now: datetime, owed: uuid.UUID) -> None:
    with pytest.raises(Conflict):
        does(world, "xj.maker", "receive", owed, now, amount=Decimal("1.00"), reference="B1")
    with pytest.raises(NotPermitted):
        does(world, "xj.head", "agree", owed, now, agreement="分两期")
    assert does(world, "xj.maker", "agree", owed, now, agreement="分两期，4月底、5月底各7000元").state == "agreed"
    assert does(world, "xj.maker", "receive", owed, now, amount=Decimal("7000.00"), reference="B1").received_fen == 700_000
    with pytest.raises(InputError, match="receivable_amount"):
        does(world, "xj.maker", "receive", owed, now, amount=Decimal("7000.01"), reference="B2")
    assert closes(world, now) == 0
    row = does(world, "xj.checker", "receive", owed, now, amount=Decimal("7000.00"), reference="B2")
    assert (row.state, row.closed_at) == ("received", now)
    assert closes(world, now) == 1
    parts = ask(world, "SELECT record->'details'->>'reference' AS ref FROM audit_record WHERE event = 'part_received' ORDER BY seq")
    assert [row.ref for row in parts] == ["B1", "B2"]


def test_two_persons_write_it_off(world: World, now: datetime, owed: uuid.UUID) -> None:
    with pytest.raises(GuardFailed):
        does(world, "xj.head", "write_off", owed, now)                      # nobody proposed it
    does(world, "xj.head", "propose_write_off", owed, now, reason="家庭困难，已享受低保")
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        does(world, "xj.head", "write_off", owed, now)
    assert does(world, "xj.checker", "write_off", owed, now).state == "written_off"
    with pytest.raises(Conflict):
        does(world, "xj.maker", "agree", owed, now, agreement="迟了")
    assert closes(world, now) == 1


def test_the_table_itself_refuses_more_than_is_owed(world: World, owed: uuid.UUID) -> None:
    with pytest.raises(sa.exc.IntegrityError), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE receivable SET received_fen = amount_fen + 1 WHERE id = :id"), {"id": owed})
