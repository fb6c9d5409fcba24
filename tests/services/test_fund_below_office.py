"""A fund is paid from at its office: whoever sees only a branch of the payments does not see what is left of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.access.actor import Role
from services.core.db import Database
from services.core.errors import GuardFailed, NotPermitted
from services.models import Settlement
from services.payment import service as payment
from services.settlement.paying import service as paying
from tests.services.after_world import colleague
from tests.services.paying_world import decided, in_run, made, read, returned_file, sent
from tests.services.settled_world import settled
from tests.support.world import ROOT, World, build_world

FUND = 100_000
DISTRICT = "cn.xj.wlmq.tsd."


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    """The fund holds one payment, which the office has paid; another claim waits."""
    made_world = build_world(db, now)
    with db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE fund SET opening_fen = :fen WHERE plan = 'xj-women'"), {"fen": FUND})
    made(made_world, now, FUND)
    read(made_world, returned_file(made_world, sent(made_world, now), "credited"), now)
    with db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=[decided(session, made_world, 1, FUND, now=now).id], actor=ROOT, now=now)
    colleague(made_world, "d.maker", Role.FINANCE_MAKER, 1, now, DISTRICT)
    colleague(made_world, "d.checker", Role.FINANCE_CHECKER, 2, now, DISTRICT)
    return made_world


def test_a_district_makes_no_run(world: World, now: datetime) -> None:
    maker = world.actor("d.maker")
    with pytest.raises(NotPermitted, match="fund_partly_seen"), world.db.unit_of_work(maker.scope) as session:
        payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=now)


def test_a_district_releases_none_made_before(world: World, now: datetime) -> None:
    """Made when districts still could; at the office the same run is short of money."""
    run, checker, office = in_run(world, now), world.actor("d.checker"), world.actor("xj.checker")
    with pytest.raises(GuardFailed, match="fund_short"), world.db.unit_of_work(office.scope) as session:
        payment.release(session, run_id=run, actor=office, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE payment_run SET org_key = :key WHERE id = :run"), {"key": DISTRICT, "run": run})
    with pytest.raises(NotPermitted, match="fund_partly_seen"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run, actor=checker, now=now)


def test_a_district_gathers_no_settlements_money(db: Database, now: datetime) -> None:
    """Whichever way the runs come about: when it ends, and from what waits."""
    world = build_world(db, now)
    settlement = settled(world, now, {0: 120_000})
    below = replace(world.actor("xj.maker"), org_key=DISTRICT)
    with pytest.raises(NotPermitted, match="fund_partly_seen"), world.db.unit_of_work(ROOT.scope) as session:
        paying.build_again(session, settlement_id=settlement, actor=below, now=now)
    with pytest.raises(NotPermitted, match="fund_partly_seen"), world.db.unit_of_work(ROOT.scope) as session:
        paying.close_runs(session, session.get_one(Settlement, settlement), actor=below, now=now)
