"""Lines of a settlement that wait: one line of the list for each settlement and reason, and gone once the reason is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from services.core.db import Database
from services.enrolment import persons
from services.payment import service as payment
from services.reporting.stuck import service
from tests.services.settled_world import answered, lines, read, runs, sent, settled
from tests.support.world import ROOT, XJ_PLAN, World, build_world


def found(world: World, now: datetime) -> dict[str, str]:
    with world.db.view(ROOT.scope) as session:
        return {one.subject: one.said for one in service.look(session, now=now, only=service.BY_CODE["settled_line_waits"])}


def test_lines_that_wait_are_named_by_settlement_and_reason(db: Database, now: datetime) -> None:
    world = build_world(db, now)
    members = [world.member(n, "xj").person_id for n in range(5)]
    settlement = settled(world, now, {0: 120_000, 1: 35_050, 2: 7, 3: 90_000, 4: 5}, without_card=frozenset({0, 2, 3}))
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    read(world, answered(world, run.id, {members[1]: "returned", members[4]: "credited"}), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        for person in (members[0], members[3]):
            persons.note_died(session, person_id=person, died_on=date(2026, 3, 10), actor=ROOT, now=now)
    late, name = now + timedelta(days=5, seconds=1), f"{XJ_PLAN} 2026Q3"
    assert found(world, now + timedelta(days=5)) == {}
    other = {f"{name} 被银行退回": "被银行退回：1 笔，共 350.50 元", f"{name} 没有账户": "没有账户：1 笔，共 0.07 元"}
    assert found(world, late) == {f"{name} 会员已去世": "会员已去世：2 笔，共 2100.00 元"} | other
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        for person in (members[0], members[3]):
            payment.give_to_heirs(session, payment_id=lines(world, settlement)[person].id, reason="继承人已告知", actor=maker, now=now)
    assert found(world, late) == other
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE settlement_payment SET card_id = (SELECT id FROM bank_card LIMIT 1) WHERE amount_fen = 7"))
    assert f"{name} 没有列入批次" in found(world, late) and f"{name} 没有账户" not in found(world, late)
