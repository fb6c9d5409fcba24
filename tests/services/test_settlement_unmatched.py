"""A bank's line that names a settlement's payment and differs from it: two persons assign it, or it stays off the books."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest
from sqlmodel import col, select

from services.core.db import Database
from services.core.errors import HuzhuError
from services.models import BankLine
from services.payment import service as payment
from services.reporting import bank_lines, checks
from tests.services.settled_world import answered, lines, read, runs, sent, settled
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def unmatched(world: World) -> uuid.UUID:
    with world.db.view(ROOT.scope) as session:
        return session.exec(select(BankLine).where(col(BankLine.fault).is_not(None))).all()[0].id


def test_two_persons_assign_a_line_under_another_name(world: World, now: datetime) -> None:
    who, maker, checker = world.member(0, "xj").person_id, world.actor("xj.maker"), world.actor("xj.checker")
    settlement = settled(world, now, {0: 500, 2: 70})
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    read(world, answered(world, run.id, {who: "credited"}, holder="李示范"), now)
    line, paid = unmatched(world), lines(world, settlement)
    with world.db.view(maker.scope) as session:
        assert [row.id for row in bank_lines.line(session, line).candidates] == [paid[who].id]
    other = paid[world.member(2, "xj").person_id].id
    with pytest.raises(HuzhuError, match="line_of_another"), world.db.unit_of_work(maker.scope) as session:
        payment.propose_assign(session, line_id=line, payment_id=other, reason="凭证", actor=maker, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.propose_assign(session, line_id=line, payment_id=paid[who].id, reason="银行凭证载明", actor=maker, now=now)
    with pytest.raises(HuzhuError, match="two_persons_needed"), world.db.unit_of_work(maker.scope) as session:
        payment.confirm_line(session, line_id=line, actor=maker, now=now)
    assert lines(world, settlement)[who].state == "sent"
    with world.db.unit_of_work(checker.scope) as session:
        payment.confirm_line(session, line_id=line, actor=checker, now=now)
    assert lines(world, settlement)[who].state == "credited"
    with world.db.view(ROOT.scope) as session:
        assert [one.what for one in checks.run(session) if one.check.startswith(("settled", "claims_in", "premium_in"))] == []
        assert bank_lines.line(session, line).verdict


def test_a_line_of_another_sum_is_nobodys(world: World, now: datetime) -> None:
    who, maker = world.member(0, "xj").person_id, world.actor("xj.maker")
    settlement = settled(world, now, {0: 500})
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    read(world, answered(world, run.id, {who: "credited"}, amount_fen=499), now)
    with world.db.view(maker.scope) as session:
        assert bank_lines.line(session, unmatched(world)).candidates == []
    with pytest.raises(HuzhuError, match="amount_differs"), world.db.unit_of_work(maker.scope) as session:
        payment.propose_assign(session, line_id=unmatched(world), payment_id=lines(world, settlement)[who].id, reason="凭证", actor=maker,
                               now=now)
