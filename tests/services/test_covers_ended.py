"""An early end against what hangs on the cover: open claims, its day of beginning, the renewal that follows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour, business_day
from services.core.db import Database
from services.core.errors import Conflict, InputError, NotPermitted
from services.enrolment import cover_queries
from services.enrolment.queries import covers_of
from services.intake import service as intake
from services.models import Cover
from tests.services.premium_world import cover_of, end, unproven_in
from tests.support.claims import XJ_EVENT, report
from tests.support.world import EFFECTIVE, ROOT, XJ_PLAN, World, build_world, enrol_members

BACK = EFFECTIVE - timedelta(days=1)            # taken back as a whole
JUNE, RENEWED = date(2026, 6, 30), date(2027, 1, 1)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.mark.parametrize(("last_day", "allowed"), [(BACK, False), (date(2026, 3, 15), False), (date(2026, 3, 16), True)])
def test_an_open_claim_keeps_its_cover(world: World, now: datetime, last_day: date, allowed: bool) -> None:
    """Diagnosed on 2026-03-16 and nothing decided yet: the day must stay covered."""
    with world.db.unit_of_work(ROOT.scope) as session:
        report(session, world, world.member(0, "xj"), XJ_EVENT, now, by="xj.clerk")
    number = cover_of(world, 0).certificate_no
    if allowed:
        assert end(world, number, last_day, now).ended_on == last_day
        return
    with pytest.raises(Conflict, match="cover_has_claims"):
        end(world, number, last_day, now)
    assert (cover_of(world, 0).ended_on, cover_of(world, 0).premium_fen) == (None, 10000)


def test_a_cancelled_claim_holds_no_cover(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now, by="xj.clerk")
    first, second = world.actor("xj.office1"), world.actor("xj.office2")
    with world.db.unit_of_work(first.scope) as session:
        intake.ask_cancel(session, claim_id=claim.id, ground="mistake", reason="登记有误", actor=first, now=now)
    with world.db.unit_of_work(second.scope) as session:
        intake.confirm_cancel(session, claim_id=claim.id, actor=second, now=now)
    assert end(world, cover_of(world, 0).certificate_no, BACK, now).premium_fen == 0
    assert unproven_in(world) == []


@pytest.mark.parametrize(("begins", "login", "allowed"), [(0, "xj.clerk", False), (1, "xj.clerk", True), (0, "xj.office1", True)])
def test_the_unit_takes_back_only_what_has_not_begun(world: World, now: datetime, begins: int, login: str, allowed: bool) -> None:
    """A cover whose first day is today covers today: the day before it is the office's to write."""
    first = business_day(now) + timedelta(days=begins)
    end(world, cover_of(world, 3).certificate_no, business_day(now) - timedelta(days=1), now)
    cover = _enrolled(world, first, now)
    if not allowed:
        with pytest.raises(InputError, match="cover_begun"):
            end(world, cover.certificate_no, first - timedelta(days=1), now, login=login)
        assert cover_of(world, 3).ended_on is None
        return
    assert end(world, cover.certificate_no, first - timedelta(days=1), now, login=login).premium_fen == 0


def _enrolled(world: World, first: date, now: datetime, *, n: int = 3, unit: str = "") -> Cover:
    person = replace(world.member(n, "xj").synthetic, shares=1)
    with world.db.unit_of_work(ROOT.scope) as session:
        enrol_members(session, world, "xj", XJ_PLAN, [person], first, now)
        if unit:
            session.execute(sa.text("UPDATE cover SET org_key = :key, org_id = :org WHERE effective = :first"),
                            {"key": unit, "org": world.org(unit), "first": first})
    return cover_of(world, n)


@pytest.mark.parametrize("last_day", [BACK, JUNE, date(2026, 12, 30)])
def test_the_renewal_after_an_early_end_waits_again(world: World, last_day: date) -> None:
    december = at_hour(date(2026, 12, 10))
    former, renewal = cover_of(world, 3), _enrolled(world, RENEWED, december)
    later = _enrolled(world, date(2028, 1, 1), december)
    assert renewal.renewal and later.renewal
    end(world, former.certificate_no, last_day, december)
    with world.db.view(ROOT.scope) as session:
        held = covers_of(session, former.person_id, XJ_PLAN)
        assert [cover.renewal for cover in held] == [False, False, True]        # the one after it is unbroken still
        assert [cover_queries.waiting_start(cover, held) for cover in held] == [EFFECTIVE, RENEWED, RENEWED]
        [told] = cover_queries.endorsements(session, held[1])
    assert (told.kind, told.text) == ("change", "上一期保障提前终止：按中断后参保，重新计算观察期")


def test_a_renewal_out_of_sight_is_not_broken_unseen(world: World) -> None:
    """Renewed at another unit: the unit's clerk is sent to the office, which sees both."""
    december, number = at_hour(date(2026, 12, 10)), cover_of(world, 3).certificate_no
    _enrolled(world, RENEWED, december, unit="cn.xj.wlmq.tsd.u002.")
    with pytest.raises(NotPermitted, match="beyond_scope"):
        end(world, number, date(2026, 12, 20), december, login="xj.clerk")
    assert end(world, number, date(2026, 12, 20), december).ended_on == date(2026, 12, 20)
    assert cover_of(world, 3).renewal is False
