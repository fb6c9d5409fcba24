"""A waiting period gives back what was paid: what came in where receipts are entered, what was due where none ever was."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.access.actor import Actor
from services.benefit import queries
from services.core.db import Database
from tests.services.premium_world import NX_UNIT, cover_of, receive
from tests.support.claims import NX_EVENT, report
from tests.support.world import NX_PLAN, ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def premium_paid(world: World, now: datetime, n: int, *readers: Actor) -> list[str]:
    """The fact as each reader's computation of member `n`'s claim has it (ROOT when nobody is named)."""
    with world.db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, world.member(n, "nx"), NX_EVENT, now, by="nx.clerk")
        found = claim.id
    said = []
    for reader in readers or (ROOT,):
        with world.db.view(reader.scope) as session:
            paid = queries.computation(session, [found])[found].cover.premium_paid
            said.append(str(paid))
    return said


def test_without_any_receipt_of_the_plan_the_premium_due_stands_for_it(world: World, now: datetime) -> None:
    assert premium_paid(world, now, 1) == ["100.00"]


def test_a_premium_never_paid_is_not_given_back(world: World, now: datetime) -> None:
    receive(world, "100.00", now, plan=NX_PLAN, org=NX_UNIT, certificates=[cover_of(world, 0, "nx").certificate_no])
    assert premium_paid(world, now, 1) == ["0.00"]
    assert premium_paid(world, now, 0) == ["100.00"]


def test_of_a_premium_paid_in_part_that_part(world: World, now: datetime) -> None:
    receive(world, "40.00", now, plan=NX_PLAN, org=NX_UNIT, certificates=[cover_of(world, 1, "nx").certificate_no])
    assert premium_paid(world, now, 1) == ["40.00"]


def test_a_receipt_above_the_reader_counts_alike(world: World, now: datetime) -> None:
    """The district's slip pays its units' covers: the unit's clerk, who cannot see it, computes what the office computes."""
    receive(world, "100.00", now, plan=NX_PLAN, org="cn.nx.yc.xq.", certificates=[cover_of(world, 0, "nx").certificate_no])
    readers = (world.actor("nx.clerk"), world.actor("nx.head"))
    assert premium_paid(world, now, 1, *readers) == ["0.00", "0.00"]
    assert premium_paid(world, now, 0, *readers) == ["100.00", "100.00"]
