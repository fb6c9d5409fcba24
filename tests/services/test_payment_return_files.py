"""Whose a bank's file is: read by the wrong office it changes nothing, and the right one reads it afterwards."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.core.db import Database
from services.core.errors import Conflict, InputError
from services.models import PaymentRun
from services.payment import queries
from services.payment import service as payment
from tests.services.paying_world import made, read, returned_file, sent, states
from tests.support.world import ROOT, World, build_world

SUM = 1_500_000


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def read_by_another(world: World, content: bytes, now: datetime) -> payment.ReturnSummary:
    maker = world.actor("nx.maker")
    with world.db.unit_of_work(maker.scope) as session:
        return payment.read_return(session, content=content, file_name="r.txt", actor=maker, now=now)


def test_another_offices_file_is_refused_and_read_where_it_belongs(world: World, now: datetime) -> None:
    (claim,) = made(world, now, SUM)
    content = returned_file(world, sent(world, now), "credited")
    with pytest.raises(InputError) as refused:
        read_by_another(world, content, now)
    assert refused.value.code == "not_our_runs" and "不是本单位付款的回盘" in refused.value.message
    with world.db.view(ROOT.scope) as session:
        assert queries.unmatched_lines(session) == []
    assert not read(world, content, now).unmatched
    assert states(world, claim) == [("credited", SUM, 1)]


def test_a_file_whose_lines_another_office_keeps_is_refused_with_the_way_out(world: World, now: datetime) -> None:
    """Lines that name no run may be anybody's: whoever reads them first keeps them."""
    made(world, now, SUM)
    content = returned_file(world, sent(world, now), "credited", reference="X-1")
    assert [one.fault for one in read_by_another(world, content, now).unmatched] == ["unknown_reference"]
    with pytest.raises(Conflict) as refused:
        read(world, content, now)
    assert refused.value.code == "bank_file_elsewhere" and refused.value.remedy


def test_a_reference_spoilt_on_its_way_is_kept(world: World, now: datetime) -> None:
    """Of a run that is ours, or of none: not another office's."""
    made(world, now, SUM)
    run = sent(world, now)
    with world.db.view(ROOT.scope) as session:
        number = session.get_one(PaymentRun, run).run_no
    for reference in (f"{number}-77777", "P2026"):
        kept = read(world, returned_file(world, run, "credited", reference=reference), now)
        assert [one.fault for one in kept.unmatched] == ["unknown_reference"]
