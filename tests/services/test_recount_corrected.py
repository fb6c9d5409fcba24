"""A year released twice, or beside moves: who is told, and what clocks then stand by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.releases import service as releases
from services.sla import calendars, policies, recount
from services.sla import service as sla
from tests.services.recount_world import NOW, Y2027, changes, clock, counted, owed, pays, released, told
from tests.services.supplement_world import undone
from tests.support.databases import Fresh
from tests.support.world import World, build_world


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, NOW)
    db.drop()


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    with undone(world) as opened:
        yield opened


def test_a_year_released_and_then_corrected_is_told_by_who_was_told_before_either(session: Session, world: World) -> None:
    claim, quiet = (pays(session, world, n, date(2026, 12, 11)) for n in range(2))
    letter = told(session, claim)
    released(session, world, Y2027, 2027)
    counted(session)
    assert clock(session, claim)[:2] == (date(2027, 1, 4), False) and changes(session) == [], "its words alone have changed"
    released(session, world, Y2027.replace("last: 2027-01-03", "last: 2027-01-04"), 2027)
    counted(session)
    listed = session.execute(sa.text("SELECT claim_id, old_due, new_due, letters FROM clock_recount")).all()
    day = date(2027, 1, 4), date(2027, 1, 5)
    assert {tuple(row)[:3]: row.letters for row in listed} == {(claim, *day): [str(letter)], (quiet, *day): []}
    assert len(owed(session)) == len(owed(session)) == 1


def test_a_year_released_and_taken_back_while_it_is_counted_ends(session: Session, world: World) -> None:
    pays(session, world, 0, date(2026, 12, 18))
    released(session, world, Y2027, 2027)
    [one] = [found for found in recount.stale(session) if found.domain == "cn.xj."]
    session.execute(sa.text("UPDATE release SET state = 'withdrawn' WHERE kind = 'calendar'"))
    calendars.forget(session)
    assert recount.recount(session, one, now=NOW) == 0


def test_rungs_of_a_day_before_the_new_year_move_with_the_year(session: Session, world: World) -> None:
    """Due on 31 December: of the rungs one and three working days on, by the file 4 and 6 January, then with the 4th and 5th off."""
    claim = pays(session, world, 0, date(2026, 12, 10))
    days = "SELECT watch_days[4:] FROM sla_clock WHERE claim_id = :id AND kind = 'pay'"
    assert session.execute(sa.text(days), {"id": claim}).scalar_one() == [date(2027, 1, 4), date(2027, 1, 6)]
    released(session, world, Y2027.replace("last: 2027-01-03", "last: 2027-01-05"), 2027)
    assert counted(session) == 1
    assert session.execute(sa.text(days), {"id": claim}).scalar_one() == [date(2027, 1, 6), date(2027, 1, 8)]
    assert clock(session, claim)[0] == date(2026, 12, 31) and changes(session) == []


def test_a_clock_that_goes_on_after_the_release_pins_what_it_was_counted_by(session: Session, world: World) -> None:
    claim = pays(session, world, 0, date(2026, 12, 18))
    [listed] = session.execute(sa.text("SELECT gen_random_uuid()")).scalars()
    session.execute(sa.text("UPDATE sla_clock SET state = 'paused', pauses = '[[\"2026-12-22\", null]]' WHERE claim_id = :id"
                            " AND kind = 'pay'"), {"id": claim})
    released(session, world, Y2027, 2027)
    session.execute(sa.text("INSERT INTO supplement (id, org_key, version, state, claim_id, round, source, items, asked_at)"
                            " SELECT :listed, org_key, 1, 'delivered', id, 1, 'union', '[]', now() FROM claim WHERE id = :id"),
                    {"listed": listed, "id": claim})
    sla.follow(session, "supplement", "answer", {listed: (claim, date(2026, 12, 24))}, now=NOW)
    pin = session.execute(sa.text("SELECT calendar FROM sla_clock WHERE claim_id = :id AND kind = 'pay'"), {"id": claim}).scalar_one()
    assert pin == calendars.calendar_for(session, "cn.xj.").version
    # 21 and 22 December, then 25 and 28-31: seven days; 4 to 8 January and the 10th make thirteen, Tuesday the 12th is the fifteenth.
    assert clock(session, claim)[:2] == (date(2027, 1, 12), False)
    assert (counted(session), changes(session)) == (0, [])


def test_a_letter_counts_by_its_offices_calendar_and_days(session: Session, world: World) -> None:
    """Fifteen days after 18 December is 2 January, a holiday until the 5th at one office and the 3rd at the other."""
    released(session, world, Y2027.replace("last: 2027-01-03", "last: 2027-01-05"), 2027)
    assert objection(session, world, 0, "xj") == (15, "2027-01-06")
    assert objection(session, world, 0, "nx") == (15, "2027-01-04")
    admin, head = world.actor("xj.admin"), world.actor("xj.head")
    made = releases.propose(session, kind="clock_policy", payload={"plan": "*", "kind": "objection", "days": 30}, note="延长异议期",
                            effective_on=date(2026, 12, 18), org_id=world.org("cn.xj."), actor=admin, now=NOW)
    releases.release(session, release_id=made.id, digest=made.digest, actor=head, now=NOW)
    session.info.pop(policies.KEPT)
    assert objection(session, world, 1, "xj") == (30, "2027-01-18"), "17 January is a Sunday"


def objection(session: Session, world: World, n: int, office: str) -> tuple[int, str]:
    """What the decision's letter says of objecting: the days, and until when."""
    letter = told(session, pays(session, world, n, date(2026, 12, 18), office))
    said = session.execute(sa.text("SELECT context -> 'objection' FROM notice WHERE id = :id"), {"id": letter}).scalar_one()
    return said["days"], said["due"]["on"]
