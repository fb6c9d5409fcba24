"""The sweep: every warning, breach and rung once, in the order they were owed; never while paused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.core.clock import at_hour
from services.core.db import Database
from services.evidence import service as evidence
from services.models import Claim, SlaClock, Supplement
from services.sla import service as sla
from services.sla.queries import alerts_of, clocks, clocks_of
from services.sla.rewatch import rewatch
from tests.services.paying_world import decided
from tests.services.review_world import in_review, levels
from tests.support.fired import Fired, fired
from tests.support.world import ROOT, World, build_world

# The pay clock runs from Wednesday 18 March 2026 to Thursday 9 April (15 working days over Qingming): 22 days. Seven tenths are
# over on 3 April (15.4), nine tenths on 7 April (19.8); the 10th is one day late, the first working day past due is the 10th too
# and the third the 14th.
DAYS = [("warned", 1, date(2026, 4, 3)), ("warned", 2, date(2026, 4, 7)), ("breached", 1, date(2026, 4, 10)),
        ("escalated", 1, date(2026, 4, 10)), ("escalated", 2, date(2026, 4, 14))]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def paying(world: World, now: datetime) -> Iterator[tuple[World, uuid.UUID]]:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 100, now=now).id
    yield world, claim


def on(session: Session, day: date) -> list[Fired]:
    return fired(session, at_hour(day))


def swept(world: World, day: date) -> list[tuple[str, int, date]]:
    with world.db.unit_of_work(ROOT.scope) as session:
        return [(due.what, due.nth, due.day) for due in on(session, day)]


def test_each_step_once_on_its_day(paying: tuple[World, uuid.UUID]) -> None:
    world, claim = paying
    for day, owed in ((date(2026, 4, 2), []), (date(2026, 4, 3), DAYS[:1]), (date(2026, 4, 6), []), (date(2026, 4, 7), DAYS[1:2]),
                      (date(2026, 4, 9), []), (date(2026, 4, 10), DAYS[2:4]), (date(2026, 4, 13), []), (date(2026, 4, 14), DAYS[4:]),
                      (date(2026, 5, 20), [])):
        assert swept(world, day) == owed, day
    with world.db.view(ROOT.scope) as session:
        [clock] = clocks_of(session, claim)
        assert (clock.warned_at, clock.breached_at) == (at_hour(date(2026, 4, 3)), at_hour(date(2026, 4, 10)))
        assert (clock.step, clock.watch_on, clock.owner_role) == (5, None, "office_reviewer")
        assert clocks(session, [claim], "pay")[claim].id == clock.id


def test_an_outage_is_caught_up_in_order_and_told_to_the_right_desks(paying: tuple[World, uuid.UUID]) -> None:
    """Down from 5 to 15 April: what was owed comes with its own day, and the instant at which it was seen to."""
    world, claim = paying
    assert swept(world, date(2026, 4, 5)) == DAYS[:1]
    assert swept(world, date(2026, 4, 15)) == DAYS[1:]
    assert swept(world, date(2026, 4, 15)) == []
    with world.db.view(ROOT.scope) as session:
        kept = [(one.due_on, one.fired_at, one.role, one.duty_key) for one in alerts_of(session, claim)]
    first, late = at_hour(date(2026, 4, 5)), at_hour(date(2026, 4, 15))
    assert kept == [
        (date(2026, 4, 3), first, "office_reviewer", "cn.xj."), (date(2026, 4, 7), late, "office_reviewer", "cn.xj."),
        (date(2026, 4, 10), late, "office_reviewer", "cn.xj."), (date(2026, 4, 10), late, "senior_reviewer", "cn.xj."),
        (date(2026, 4, 14), late, "head", "cn.xj.")]


def test_a_level_past_its_days_is_told_to_its_desk_and_owed_to_the_outbox(world: World, now: datetime) -> None:
    """The unit's level: 1 working day from Friday 20 March, so late on the 24th. Its desk is the level's own role at its own place."""
    claim = in_review(world, 3, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("DELETE FROM outbox"))
        found = [due for due in on(session, date(2026, 3, 24)) if due.kind == "level"]
        owed = session.execute(sa.text("SELECT topic, claim_id, subject_id::text FROM outbox")).all()
    assert [(due.what, due.role, due.claim_id) for due in found] == [("warned", "unit_clerk", claim), ("breached", "unit_clerk", claim)]
    assert found[0].duty_key == found[0].org_key
    assert owed == [("clock.breach", claim, found[0].subject)]
    assert levels(world.db, claim)[0][1] == "open"


def test_two_sweeps_at_once_share_the_steps(paying: tuple[World, uuid.UUID]) -> None:
    world, _ = paying
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: swept(world, date(2026, 4, 15)), range(2)))
    assert sorted(both, key=len) == [[], DAYS]


def test_a_row_that_is_being_moved_waits_for_the_next_tick(paying: tuple[World, uuid.UUID]) -> None:
    world, _ = paying
    with world.db.unit_of_work(ROOT.scope) as moving:
        moving.execute(sa.text("SELECT 1 FROM sla_clock FOR UPDATE"))
        assert swept(world, date(2026, 4, 15)) == []
    assert swept(world, date(2026, 4, 15)) == DAYS


def _listed(session: Session, world: World, claim_id: uuid.UUID) -> uuid.UUID:
    """A supplement list of the union's."""
    claim = session.get_one(Claim, claim_id)
    listed = Supplement(org_key=claim.org_key, state="delivered", claim_id=claim.id, round=1, source="union", items=[], reason="",
                        asked_by=world.account("xj.office1"), asked_at=at_hour(date(2026, 4, 1)))
    session.add(listed)
    session.flush()
    return listed.id


def test_a_pause_silences_the_clock_and_moves_what_is_to_come(paying: tuple[World, uuid.UUID]) -> None:
    """Paused from 1 to 10 April. The 15 working days end on 17 April; of the 21 days that run, seven tenths (14.7) are over on the
    11th, nine tenths (18.9) on the 15th.
    """
    world, claim = paying
    with world.db.unit_of_work(ROOT.scope) as session:
        listed = _listed(session, world, claim)
        sla.follow(session, "supplement", "deliver", {listed: (claim, date(2026, 4, 1))}, now=at_hour(date(2026, 4, 1)))
        assert [due for due in on(session, date(2026, 4, 9)) if due.kind == "pay"] == []
    with world.db.unit_of_work(ROOT.scope) as session:
        sla.follow(session, "supplement", "answer", {listed: (claim, date(2026, 4, 10))}, now=at_hour(date(2026, 4, 10)))
        clock = clocks(session, [claim], "pay")[claim]
        assert clock.due_on == date(2026, 4, 17)
        assert clock.watch_days[:3] == [date(2026, 4, 11), date(2026, 4, 15), date(2026, 4, 18)]
        assert clock.watch_on == date(2026, 4, 11)


def test_a_pause_told_after_the_last_day_takes_the_breach_back_and_the_new_day_is_watched(paying: tuple[World, uuid.UUID]) -> None:
    """Delivered on 1 April, entered on the 15th, when the breach and all rungs are out; answered on the 20th. Of the 15 working days
    10 were used by 1 April: the other five end on 27 April.
    """
    world, claim = paying
    assert swept(world, date(2026, 4, 14)) == DAYS
    with world.db.unit_of_work(ROOT.scope) as session:
        listed = _listed(session, world, claim)
        sla.follow(session, "supplement", "deliver", {listed: (claim, date(2026, 4, 1))}, now=at_hour(date(2026, 4, 15)))
    with world.db.unit_of_work(ROOT.scope) as session:
        sla.follow(session, "supplement", "answer", {listed: (claim, date(2026, 4, 20))}, now=at_hour(date(2026, 4, 20)))
        clock = clocks(session, [claim], "pay")[claim]
        assert (clock.due_on, clock.breached_at, clock.watch_on) == (date(2026, 4, 27), None, date(2026, 4, 28))
    assert swept(world, date(2026, 4, 27)) == []
    assert swept(world, date(2026, 4, 28)) == [("breached", 1, date(2026, 4, 28)), ("escalated", 1, date(2026, 4, 28))]
    assert swept(world, date(2026, 4, 30)) == [("escalated", 2, date(2026, 4, 30))]


def test_a_pause_told_late_and_too_short_leaves_the_breach(paying: tuple[World, uuid.UUID]) -> None:
    """One working day away, from 1 to 2 April: due on the 10th instead of the 9th, and told on the 13th still late."""
    world, claim = paying
    told = at_hour(date(2026, 4, 13))
    assert swept(world, date(2026, 4, 13)) == DAYS[:4]
    with world.db.unit_of_work(ROOT.scope) as session:
        listed = _listed(session, world, claim)
        for event, day in (("deliver", 1), ("answer", 2)):
            sla.follow(session, "supplement", event, {listed: (claim, date(2026, 4, day))}, now=told)
        clock = clocks(session, [claim], "pay")[claim]
        assert (clock.due_on, clock.breached_at, clock.lap) == (date(2026, 4, 10), told, 1)
    assert swept(world, date(2026, 4, 15)) == [("escalated", 2, date(2026, 4, 15))]


def test_a_file_with_the_member_owes_its_desk_nothing(world: World, now: datetime) -> None:
    """The unit's level ran for its one working day; the list is asked on the day it opens."""
    claim, clerk = in_review(world, 3, now), world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        evidence.ask(session, claim_id=claim, items=[{"paper": "pathology", "reason": "缺"}], actor=clerk, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert [due for due in on(session, date(2026, 4, 3)) if due.kind == "level"] == []


def test_a_recount_moves_what_is_to_come_and_a_breach_taken_back_is_owed_again(paying: tuple[World, uuid.UUID]) -> None:
    world, claim = paying
    assert swept(world, date(2026, 4, 10)) == DAYS[:4]
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE sla_clock SET due_on = DATE '2026-04-13', breached_at = NULL"))
        rewatch(session, [clock.id for clock in clocks_of(session, claim)])
    assert swept(world, date(2026, 4, 13)) == []
    assert swept(world, date(2026, 4, 14)) == [("breached", 1, date(2026, 4, 14)), ("escalated", 1, date(2026, 4, 14))]


def test_a_clock_that_begins_anew_owes_all_its_steps_again(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 100, now=now)
        on(session, date(2026, 4, 3))
        sla.follow(session, "claim", "lapse", {claim.id: (claim.id, date(2026, 4, 7))}, now=now)
        sla.follow(session, "claim", "verify", {claim.id: (claim.id, date(2026, 4, 8))}, now=now)
        [clock] = clocks_of(session, claim.id)
        session.refresh(clock)
        assert (clock.lap, clock.step, clock.warned_at, clock.state) == (2, 0, None, "running")
        assert len(on(session, date(2026, 6, 1))) == 5


def any_days(first: date, most: int) -> st.SearchStrategy[list[date]]:
    return st.lists(st.integers(0, 40).map(lambda n: first + timedelta(days=n)), max_size=most)


@given(days=any_days(date(2026, 3, 20), 6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_sweeps_fires_what_is_owed_up_to_the_latest(paying: tuple[World, uuid.UUID], days: Sequence[date]) -> None:
    """Whatever the days and their order (a clock may be set back): each step once, in order, none before its day. Each example is
    taken back.
    """
    world, claim = paying
    with world.db.unit_of_work(ROOT.scope) as session:
        found = [(due.what, due.nth, due.day) for day in days for due in on(session, day)]
        step = session.scalars(sa.select(SlaClock.step).where(SlaClock.claim_id == claim)).one()  # type: ignore[call-overload]
        session.rollback()
    latest = max(days, default=date.min)
    assert found == [one for one in DAYS if one[2] <= latest]
    assert step == len(found)
