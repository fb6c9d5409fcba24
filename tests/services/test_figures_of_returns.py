"""A claim that was sent down, sent back and came into review again: its stays told by hand, day by day, and what boards say of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.access.actor import insurer
from services.core.clock import at_hour
from services.core.db import Scope
from services.core.errors import NotFound, NotPermitted
from services.reporting.boards import queries
from services.reporting.boards.reading import cut_of
from services.reporting.boards.views import Cut, Which
from services.reporting.figures.service import refresh
from services.review import service as review
from tests.services.review_world import ROOT, passes, report, route, verify
from tests.support.databases import Fresh
from tests.support.world import World, build_world

UNIT, OFFICE = "cn.xj.wlmq.tsd.u001.", "cn.xj."
# stage, level, entered, left, what ended it, then calendar and working days of the visit, of the stay in the stage it ended, and
# lists asked for and returns behind it. The clerk's Friday is 20 March 2026; from 4 to 6 April everybody is away.
ROAD = (
    ("reported", "", "03-20", "03-23", "verify", 3, 1, 3, 1, 0),
    ("verified", "", "03-23", "03-23", "route", 0, 0, 0, 0, 0),
    ("in_review", "unit", "03-23", "03-24", "pass", 1, 1, None, None, 0),
    ("in_review", "district", "03-24", "03-26", "send_down", 2, 2, None, None, 1),
    ("in_review", "unit", "03-26", "03-30", "pass", 4, 2, None, None, 1),
    ("in_review", "district", "03-30", "03-31", "send_back", 1, 1, 8, 6, 2),
    ("reported", "", "03-31", "04-02", "verify", 2, 2, 2, 2, 2),
    ("verified", "", "04-02", "04-02", "route", 0, 0, 0, 0, 2),
    ("in_review", "district", "04-02", "04-03", "pass", 1, 1, None, None, 2),
    ("in_review", "office_first", "04-03", "04-07", "approve", 4, 1, 5, 2, 2),
    ("payable", "", "04-07", None, None, None, None, None, None, None))


def on(day: str) -> datetime:
    return at_hour(date.fromisoformat(f"2026-{day}"), 14)


def returned(world: World) -> None:
    """Each verb on its day; a figure is brought up in between, while the claim lies at the district for the second time."""
    claim, district = report(world, 3, on("03-20")), world.actor("xj.district")
    verify(world, claim, on("03-23"), verifier=world.actor("xj.clerk"))
    route(world, claim, now=on("03-23"))
    passes(world, claim, "xj.clerk", on("03-24"))
    with world.db.unit_of_work(district.scope) as session:
        review.send_down(session, claim_id=claim, to_level="unit", reason="certificate_doubt", actor=district, now=on("03-26"))
    passes(world, claim, "xj.clerk", on("03-30"))
    bring_up(world, on("03-30"))
    with world.db.unit_of_work(district.scope) as session:
        review.send_back(session, claim_id=claim, reason="diagnosis_doubt", actor=district, now=on("03-31"))
    verify(world, claim, on("04-02"), verifier=world.actor("xj.clerk"))
    route(world, claim, now=on("04-02"))
    passes(world, claim, "xj.district", on("04-03"))
    assert passes(world, claim, "xj.office1", on("04-07")).decided_fen == 1_500_000


def bring_up(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT) as session:
        assert refresh(session, now=now)


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    made = build_world(db, on("03-20"))
    returned(made)
    bring_up(made, on("04-07") + timedelta(minutes=1))
    yield made
    db.drop()


def test_every_stay_of_a_returned_claim_is_the_one_told_by_hand(world: World) -> None:
    with world.db.view(ROOT) as session:
        found = session.execute(sa.text("""
            SELECT stage, level, to_char(entered_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD') AS entered,
                   to_char(left_at AT TIME ZONE 'Asia/Shanghai', 'MM-DD') AS left, event, days, workdays, stay_days, stay_workdays, returned
            FROM stage_visit ORDER BY ordinal""")).all()
        firsts = session.execute(sa.text("SELECT event, first FROM stage_visit WHERE first IS NOT NULL ORDER BY ordinal")).all()
    assert [tuple(row) for row in found] == list(ROAD)
    assert [tuple(row) for row in firsts] == [("verify", True), ("verify", False), ("approve", True)]
    for key in (UNIT, "cn.xj.wlmq.tsd.", OFFICE, "cn."):          # the unit from its rows, the others from what was added up
        with world.db.view(Scope(key.rstrip("."))) as session:
            whole = queries.quality(session, Cut(key), now=on("04-07")).whole
            assert (whole.verified, whole.complete, whole.decided, whole.returned, whole.asked, whole.rounds) == (1, 1, 1, 1, 0, 0), key
            assert len(queries.claims(session, Cut(key), Which("returned"), now=on("04-07")).rows) == 1
            levels = queries.turnaround(session, Cut(key), by="level", now=on("04-07")).rows
            assert {row.key: (row.n, row.days.median, row.days.p90) for row in levels} == {
                "unit": (2, 1, 4), "district": (3, 1, 2), "office_first": (1, 4, 4)}
            march = queries.turnaround(session, Cut(key, month=date(2026, 3, 1)), by="stage", now=on("04-07")).rows
            assert {row.key: (row.n, row.days.median, row.workdays.median) for row in march} == {
                "reported": (1, 3, 1), "verified": (1, 0, 0), "in_review": (1, 8, 6)}


def test_nobody_else_reads_a_figure_of_it(world: World) -> None:
    for login in ("nx.head", "nx.clerk"):
        with world.db.view(world.actor(login).scope) as session:
            for table in ("stage_visit", "day_tally", "month_tally", "open_tally", "claim_risk"):
                found = session.execute(sa.text(f"SELECT count(*) FROM {table} WHERE starts_with(org_key, 'cn.xj')")).scalar_one()
                assert found == 0, (login, table)
            with pytest.raises(NotFound):
                queries.claims(session, Cut(OFFICE), Which("returned"), now=on("04-07"))
    for actor in (world.insurer(), insurer(OFFICE, "示例保险公司"), world.actor("xj.m3")):      # not even of the own claim
        with pytest.raises(NotPermitted):
            cut_of(actor)
