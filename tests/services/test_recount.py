"""A year is released while clocks run: counted anew once, days that moved listed, letters owed once; nothing else is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from flows import recount_clocks, runtime
from services.core.clock import FixedClock
from services.core.errors import NotFound
from services.notice import recounted
from services.notice import service as notice
from services.sla import calendars, recount
from services.sla import service as sla
from services.wiring import Wiring
from services.workdays.calendar import calendar
from services.workdays.count import add_working
from services.workdays.years import parse
from tests.services.paying_world import decided
from tests.services.recount_world import BAIRAM, LIST, NOW, Y2027, changes, clock, counted, owed, pays, released, told
from tests.services.supplement_world import undone
from tests.support.databases import Fresh
from tests.support.world import ROOT, World, build_world


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, NOW)
    db.drop()


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    with undone(world) as opened:
        yield opened


def test_over_the_new_year_the_date_is_provisional_and_recounted_on_release(session: Session, world: World) -> None:
    same, moved, quiet = (pays(session, world, n, day) for n, day in enumerate(
        (date(2026, 12, 11), date(2026, 12, 18), date(2026, 12, 18))))
    assert clock(session, same)[:2] == (date(2027, 1, 4), True)
    assert clock(session, moved)[:2] == (date(2027, 1, 11), True)
    letter = told(session, moved)
    released(session, world, Y2027, 2027)
    assert counted(session) == 3
    # 21-25 and 28-31 December are nine days, 4 to 8 January make fourteen, Sunday 10 January is worked: the fifteenth.
    assert clock(session, same) == (date(2027, 1, 4), False, "自12月11日次日起算，跳过元旦3天，第15个工作日为2027年1月4日")
    assert clock(session, moved) == (
        date(2027, 1, 10), False, "自12月18日次日起算，跳过元旦3天，含2027年1月10日调休上班日，第15个工作日为2027年1月10日")
    assert session.execute(sa.text("SELECT pay_due FROM claim WHERE id = :id"), {"id": moved}).scalar_one() == date(2027, 1, 10)
    assert changes(session) == [("pay", date(2027, 1, 11), date(2027, 1, 10), 1), ("pay", date(2027, 1, 11), date(2027, 1, 10), 0)]
    listed = session.execute(sa.text("SELECT claim_id, letters FROM clock_recount")).all()
    assert {row.claim_id: row.letters for row in listed} == {moved: [str(letter)], quiet: []}
    assert len(owed(session)) == 1, "only who was told in writing"


def test_nothing_is_counted_listed_or_told_twice(session: Session, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recount, "BATCH", 1)
    claims = [pays(session, world, n, date(2026, 12, 18)) for n in range(3)]
    told(session, claims[0])
    released(session, world, Y2027, 2027)
    [one] = [found for found in recount.stale(session) if found.domain == "cn.xj."]
    assert recount.recount(session, one, now=NOW) == 1, "and here the run dies"
    assert len(changes(session)) == 1
    assert counted(session) == 2
    assert (counted(session), recount.stale(session), len(changes(session))) == (0, [], 3)
    assert owed(session) == owed(session) and len(owed(session)) == 1


def test_the_letter_says_both_days_the_letter_before_and_the_announcement(session: Session, world: World) -> None:
    claim = pays(session, world, 0, date(2026, 12, 18))
    told(session, claim)
    released(session, world, Y2027, 2027)
    counted(session)
    [letter] = recounted.tell(session, actor=ROOT, now=NOW)
    [issued] = notice.issue(session, notice_ids=[letter.id], actor=ROOT, now=NOW)
    said = issued.context
    number = session.execute(sa.text("SELECT number FROM notice WHERE claim_id = :id AND code = 'decision'"), {"id": claim}).scalar_one()
    assert (said["which"], said["old"], said["named_in"]) == ("给付期限", "2027-01-11", [f"《互助金给付决定通知书》（{number}）"])
    assert said["due"]["on"] == "2027-01-10"  # type: ignore[index]
    assert said["sources"] == ["国务院办公厅关于2027年部分节假日安排的通知（测试用，非真实安排）"]
    assert not issued.stuck and issued.recipient == "member"


def test_a_day_that_moves_twice_is_told_as_it_stands(session: Session, world: World) -> None:
    claim = pays(session, world, 0, date(2026, 12, 18))
    told(session, claim)
    released(session, world, Y2027, 2027)
    counted(session)
    [letter] = recounted.tell(session, actor=ROOT, now=NOW)
    released(session, world, Y2027.replace("[2027-01-10, ", "[2027-01-09, 2027-01-10, "), 2027)
    counted(session)
    assert recounted.tell(session, actor=ROOT, now=NOW) == []
    [issued] = notice.issue(session, notice_ids=[letter.id], actor=ROOT, now=NOW)
    assert (issued.context["old"], issued.context["due"]["on"]) == ("2027-01-11", "2027-01-09")  # type: ignore[index]


def test_a_stopped_clock_stays_a_paused_one_is_counted_and_goes_on_by_the_new_year(session: Session, world: World) -> None:
    stopped, paused = (pays(session, world, n, date(2026, 12, 18)) for n in range(2))
    sla.stop(session, [sla.Stopped(stopped, "pay", date(2026, 12, 22))])
    session.execute(sa.text("UPDATE sla_clock SET state = 'paused', pauses = '[[\"2026-12-22\", null]]' WHERE claim_id = :id"
                            " AND kind = 'pay'"), {"id": paused})
    released(session, world, Y2027, 2027)
    assert counted(session) == 1
    assert clock(session, stopped)[:2] == (date(2027, 1, 11), True)
    assert clock(session, paused)[:2] == (date(2027, 1, 10), False)
    assert changes(session) == [("pay", date(2027, 1, 11), date(2027, 1, 10), 0)]


def test_a_holiday_announced_midway_moves_only_its_offices_clocks(session: Session, world: World) -> None:
    theirs, others = (pays(session, world, 0, date(2026, 12, 11), office) for office in ("xj", "nx"))
    before = (date(2026, 12, 7), date(2026, 12, 28))
    over = pays(session, world, 1, before[0])
    released(session, world, BAIRAM, 2026)
    assert counted(session) == 2
    # From 7 December the fifteenth day was the 28th; the 23rd and 24th fall out, Saturday the 26th comes in.
    assert add_working(before[0], 15).due == before[1]
    assert clock(session, over) == (
        date(2026, 12, 29), False, "自12月7日次日起算，跳过测试节2天，含12月26日调休上班日，第15个工作日为12月29日")
    assert clock(session, theirs)[:2] == (date(2027, 1, 5), True)
    assert clock(session, others)[:2] == (date(2027, 1, 4), True)


def test_what_a_reader_was_given_is_not_cut_short(session: Session, world: World) -> None:
    claim = decided(session, world, 0, 60_000_00, now=NOW)
    # The thirtieth day after 11 December is Sunday 10 January: till Monday, and that stays, though the Sunday is worked now.
    sla.start(session, [sla.NewClock(claim.id, claim.org_key, 1, "supplement", "", LIST, date(2026, 12, 11))])
    assert clock(session, claim.id, "supplement")[0] == date(2027, 1, 11)
    released(session, world, Y2027, 2027)
    counted(session)
    due, provisional, words = clock(session, claim.id, "supplement")
    assert (due, provisional, words) == (
        date(2027, 1, 11), False, "自12月11日次日起算，第30日为2027年1月10日；原告知的日期较晚，仍以原日期为准")
    assert changes(session) == []


def test_a_preview_says_what_would_move_and_writes_nothing(session: Session, world: World) -> None:
    claims = [pays(session, world, n, date(2026, 12, 18)) for n in range(2)]
    pays(session, world, 2, date(2026, 12, 11))
    year = parse(Y2027)
    assert recount.foreseen(session, "cn.xj.", year) == [recount.Change("pay", date(2027, 1, 11), date(2027, 1, 10), 2)]
    assert recount.foreseen(session, "cn.nx.", year) == []
    assert clock(session, claims[0])[0] == date(2027, 1, 11) and changes(session) == []


def test_a_pinned_version_counts_as_it_did(session: Session, world: World) -> None:
    claim = pays(session, world, 0, date(2026, 12, 18))
    pin = "SELECT calendar FROM sla_clock WHERE claim_id = :id AND kind = 'pay'"
    old = session.execute(sa.text(pin), {"id": claim}).scalar_one()
    released(session, world, Y2027, 2027)
    counted(session)
    new = session.execute(sa.text(pin), {"id": claim}).scalar_one()
    assert add_working(date(2026, 12, 18), 15, calendars.pinned(session, old)).due == date(2027, 1, 11)
    assert add_working(date(2026, 12, 18), 15, calendars.pinned(session, new)).due == date(2027, 1, 10)
    assert old == calendar().version != new == calendars.calendar_for(session, "cn.xj.wlmq.").version
    assert calendars.calendar_for(session, "cn.nx.yc.").version == old
    with pytest.raises(NotFound):
        calendars.pinned(session, "cn-2025-2027-00000000")


def test_an_official_year_yields_to_no_provisional_one(session: Session, world: World) -> None:
    released(session, world, Y2027, 2027)
    draft = Y2027.replace("official", "provisional").replace("holidays:", "why: 通知未发布\nholidays:").replace("[2027-01-10, ", "[")
    released(session, world, draft, 2027)
    found = calendars.calendar_for(session, "cn.xj.")
    assert found.years[2027].official and found.is_workday(date(2027, 1, 10))
    assert found.missing(date(2026, 12, 18)) == ()
    assert calendar().missing(date(2026, 12, 18)) == (2027,)
    released(session, world, Y2027.replace("[2027-01-10, ", "["), 2027)
    assert not calendars.calendar_for(session, "cn.xj.").is_workday(date(2027, 1, 10))


def test_the_flow_counts_and_tells_once_and_every_process_sees_the_release(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Fresh(server)
    world = build_world(db, NOW)
    try:
        with db.unit_of_work(ROOT.scope) as session:
            claim = pays(session, world, 0, date(2026, 12, 18))
            told(session, claim)
            assert not calendars.calendar_for(session, "cn.xj.").years[2027].official
        with db.unit_of_work(ROOT.scope) as session:
            released(session, world, Y2027, 2027)
        with db.view(ROOT.scope) as session:
            assert calendars.calendar_for(session, "cn.xj.").years[2027].official
            topics = session.execute(sa.text("SELECT topic FROM outbox WHERE topic = 'calendar.release'")).scalars().all()
        assert topics == ["calendar.release"]
        wiring = Wiring(db, FixedClock(NOW), None, ROOT.scope)  # type: ignore[arg-type]
        monkeypatch.setattr(runtime, "wiring", lambda: wiring)
        for _ in range(2):
            asyncio.run(recount_clocks.count_anew.fn())
            asyncio.run(recount_clocks.tell.fn())
        with db.view(ROOT.scope) as session:
            assert clock(session, claim)[0] == date(2027, 1, 10)
            assert len(changes(session)) == 1
            assert session.execute(sa.text("SELECT count(*) FROM notice WHERE code = 'date_changed'")).scalar_one() == 1
    finally:
        db.drop()
