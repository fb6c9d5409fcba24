"""A day's proof: equal to the fen, open with its age, and every tampered row or file named; signed, kept, once."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flows.dispatch import ROUTES
from flows.prove_money import prove_money
from services.access.actor import system
from services.core.clock import at_hour, business_day
from services.core.db import Database
from services.enrolment import service as enrolment
from services.ledger import closing
from services.reporting import checks, money_proof
from services.storage import backend
from services.storage import service as storage
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.paying_world import made, read, returned_file, sent
from tests.support.databases import Superuser
from tests.support.world import ROOT, World, build_world

DAY, MORNING = date(2026, 3, 20), at_hour(date(2026, 3, 23), 9)
OFFICE = system("cn.xj")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def prove(world: World, day: date = DAY) -> dict[str, Any]:
    with world.db.unit_of_work(OFFICE.scope) as session:
        assert money_proof.prove(session, org_key="cn.xj.", office="新疆办事处", day=day, now=MORNING)
    with world.db.view(OFFICE.scope) as session:
        [found] = money_proof.kept(session, day)
        assert found.holds
        return found.report


def paid(world: World, now: datetime) -> None:
    """One credited, one returned by the bank; the same sum, because a file's order goes by claim numbers."""
    made(world, now, 200_000, 200_000)
    read(world, returned_file(world, sent(world, now), "credited", "returned"), now)


def test_equal_or_open_with_its_age(world: World, now: datetime) -> None:
    paid(world, now)
    report = prove(world)
    assert (report["claims"], report["approved_fen"], report["sent_fen"], report["credited_fen"]) == (2, 400_000, 200_000, 200_000)
    [left] = report["open"]
    assert (left["approved_fen"], left["sent_fen"], left["credited_fen"], left["states"], left["days"]) == (200_000, 0, 0, ["returned"], 3)
    assert report["breaches"] == []


def test_a_day_is_proven_once_and_stays(world: World, now: datetime) -> None:
    paid(world, now)
    prove(world)
    with world.db.unit_of_work(OFFICE.scope) as session:
        assert money_proof.prove(session, org_key="cn.xj.", office="新疆办事处", day=DAY, now=MORNING) is None
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), world.db.unit_of_work(OFFICE.scope) as session:
        session.execute(sa.text("UPDATE money_proof SET breaches = 0"))
    with world.db.view(world.actor("nx.head").scope) as session:
        assert money_proof.listed(session) == []


@pytest.mark.parametrize(("corruption", "said"), [
    ("UPDATE ledger_entry SET amount_fen = amount_fen - 1 WHERE step = 'decided'", "分户账 2000.01元"),
    ("UPDATE bank_line SET amount_fen = 199999 WHERE kind = 'credit'", "回盘文件第 1 行与登记不符"),
    ("UPDATE payment SET amount_fen = 200001 WHERE state = 'credited'", "决定 2000.00元，应付 2000.01元"),
    ("DELETE FROM bank_line WHERE kind = 'return'", "回盘文件第 2 行与登记不符")])
def test_a_tampered_row_is_named(world: World, now: datetime, superuser: Superuser, corruption: str, said: str) -> None:
    paid(world, now)
    superuser.execute(corruption)
    assert any(said in line for line in prove(world)["breaches"])


def test_a_booking_of_a_day_already_proven(world: World, now: datetime, superuser: Superuser) -> None:
    """Both sides changed alike, so that everything still balances: the day's digest tells."""
    paid(world, now)
    prove(world)
    superuser.execute("UPDATE ledger_transaction SET plan = 'nx-ankangbao' WHERE kind = 'due' AND plan = 'xj-women'")
    report = prove(world, date(2026, 3, 22))
    assert "2026-03-20 的分录与当日核对时不一致" in report["breaches"]


def test_a_tampered_file_is_named(world: World, now: datetime) -> None:
    paid(world, now)
    with world.db.view(OFFICE.scope) as session:
        sha = session.execute(sa.text("SELECT DISTINCT file_sha256 FROM bank_line WHERE kind = 'credit'")).scalar_one()
    content = storage.get(sha)
    backend.store().put(f"{sha[:2]}/{sha[2:4]}/{sha}", b"another file")
    try:
        assert any(f"{sha[:12]}…：object_damaged" in line for line in prove(world)["breaches"])
    finally:        # the store is this process's: another test may come by the very same bytes
        backend.store().put(f"{sha[:2]}/{sha[2:4]}/{sha}", content)


def test_another_offices_closed_month_is_its_own(world: World, now: datetime) -> None:
    """Ningxia sees that Xinjiang closed February, and none of what it closed."""
    paid(world, now)
    maker, checker = world.actor("xj.maker"), world.actor("xj.checker")
    with world.db.unit_of_work(maker.scope) as session:
        asked = closing.ask(session, plan="xj-women", month=date(2026, 3, 1), actor=maker, now=at_hour(date(2026, 4, 2), 9)).id
    with world.db.unit_of_work(checker.scope) as session:
        closing.agree(session, closing_id=asked, actor=checker, now=at_hour(date(2026, 4, 2), 9))
    with world.db.unit_of_work(system("cn.nx").scope) as session:
        made = money_proof.prove(session, org_key="cn.nx.", office="宁夏办事处", day=DAY, now=MORNING)
    assert made is not None and made.breaches == 0
    assert prove(world)["breaches"] == []


def test_two_amounts_of_one_claim_are_one_claim_by_hand(world: World, now: datetime, superuser: Superuser) -> None:
    made(world, now, 200_000)
    one = {"round": 1, "person": str(world.person("xj.office1")), "amount": "1000.00"}
    superuser.execute("UPDATE claim SET inputs = jsonb_build_object('manual', jsonb_build_object('a', %s::jsonb, 'b', %s::jsonb))",
                      [json.dumps(one), json.dumps(one)])
    [by_hand] = prove(world)["manual"]
    assert (by_hand["claims"], by_hand["decided_fen"]) == (1, 200_000)


def test_days_without_a_worker_are_made_up_for(world: World, now: datetime) -> None:
    days = {}
    for name, until in (("first", DAY), ("then", date(2026, 3, 23)), ("after a year", date(2027, 3, 23))):
        with world.db.view(OFFICE.scope) as session:
            days[name] = money_proof.unproven(session, org_key="cn.xj.", until=until)
        prove(world) if name == "first" else None
    assert days["first"] == [DAY]
    assert days["then"] == [date(2026, 3, 21), date(2026, 3, 22), date(2026, 3, 23)]
    assert (len(days["after a year"]), days["after a year"][0]) == (32, date(2027, 2, 20))


def test_a_deleted_proof_is_named(world: World, superuser: Superuser) -> None:
    """By the day's proof after it and by the promises; not the newest, which is made again, nor days too long ago to be made up for."""
    for day in (19, 20, 21):
        prove(world, date(2026, 3, day))
    assert gaps(world) == []
    superuser.execute("DELETE FROM money_proof WHERE day = '2026-03-20'")
    assert gaps(world) == [("新疆办事处", "2026-03-20 至 2026-03-20 没有每日资金核对报告")]
    assert "新疆办事处：2026-03-20 至 2026-03-20 没有每日资金核对报告" in prove(world, date(2026, 3, 22))["breaches"]


@pytest.mark.parametrize(("since", "named"), [(30, True), (31, False)])
def test_a_gap_before_what_was_made_up_for_is_no_deletion(world: World, since: int, named: bool) -> None:
    """After a worker stood still for months the first of the days made up for is proven this many days late."""
    first = business_day(MORNING) - timedelta(days=since)
    for day in (first - timedelta(days=9), first):
        prove(world, day)
    assert bool(gaps(world)) == named


def gaps(world: World) -> list[tuple[str, str]]:
    [check] = [one for one in checks.CHECKS if one.code == "proofs_whole"]
    with world.db.view(OFFICE.scope) as session:
        return list(check.find(session))


@pytest.mark.parametrize("forgery", ["signature = '\\x00'", "books = repeat('0', 64)", "breaches = 7", "sha256 = repeat('a', 64)"])
def test_a_report_that_no_longer_holds_is_named_the_next_day(world: World, now: datetime, superuser: Superuser, forgery: str) -> None:
    paid(world, now)
    prove(world)
    superuser.execute(f"UPDATE money_proof SET {forgery}")
    with world.db.view(OFFICE.scope) as session:
        [found] = money_proof.kept(session, DAY)
    assert not found.holds
    assert "新疆办事处 2026-03-20 的核对报告与当日签名不符" in prove(world, date(2026, 3, 22))["breaches"]


def test_an_office_merged_into_another_leaves_its_proofs_as_signed(world: World, now: datetime) -> None:
    """Both were proven for the same day; what the successor now sees besides is no change behind its back."""
    paid(world, now)
    prove(world)
    with world.db.unit_of_work(system("cn.nx").scope) as session:
        money_proof.prove(session, org_key="cn.nx.", office="宁夏办事处", day=DAY, now=MORNING)
    with world.db.unit_of_work(ROOT.scope) as session:
        enrolment.merge_organisation(session, org_id=world.org("cn.nx."), into_id=world.org("cn.xj."), why="两办合并", actor=ROOT,
                                     now=MORNING + timedelta(hours=1))
    with world.db.view(OFFICE.scope) as session:
        assert [(one.proof.org_key, one.holds) for one in money_proof.kept(session, DAY)] == [("cn.nx.", True), ("cn.xj.", True)]
    with world.db.unit_of_work(OFFICE.scope) as session:
        made_now = money_proof.prove(session, org_key="cn.xj.", office="新疆办事处", day=date(2026, 3, 23), now=MORNING + timedelta(days=1))
    assert made_now is not None and made_now.breaches == 0


def test_the_timetable_proves_every_office(world: World) -> None:
    assert ROUTES["timetable.prove"] == (prove_money,)
    with world.db.view(system("cn").scope) as session:
        assert [row.org_key for row in session.execute(money_proof.OFFICES)] == ["cn.nx.", "cn.xj."]


def test_the_page_says_what_differs_and_saves_the_reports(db: Database, now: datetime, tmp_path: Path, superuser: Superuser) -> None:
    api = Api(db, now, tmp_path)
    paid(api.world, now)
    superuser.execute("UPDATE payment SET amount_fen = 200001 WHERE state = 'credited'")
    prove(api.world)
    task = "查明资金核对不符</strong> <span lang=\"zh-CN\">新疆办事处"
    assert task in person(api, "xj.head").get("/work").text
    assert task not in person(api, "xj.office1").get("/work").text and task not in person(api, "nx.head").get("/work").text
    checker = person(api, "xj.checker")
    page = checker.get("/proofs").text
    assert "应付 2000.01元" in page and "处不符" in page
    [kept] = checker.get(f"/proofs/{DAY}").json()
    assert (kept["report"]["day"], kept["holds"]) == ("2026-03-20", True)
    assert checker.get(f"/proofs/{DAY}/workbook").content.startswith(b"PK")
    assert "还没有核对报告" in person(api, "nx.checker").get("/proofs").text
    assert checker.get("/proofs/2026-03-19").status_code == 404
    assert "试算平衡" in checker.get("/ledger?month=2026-03").text
    assert checker.get("/ledger/workbook?month=2026-03").content.startswith(b"PK")
    superuser.execute("UPDATE payment SET amount_fen = 200000 WHERE state = 'credited'")
    prove(api.world, date(2026, 3, 21))
    assert task not in person(api, "xj.head").get("/work").text, "whole again"
    superuser.execute("UPDATE money_proof SET sha256 = repeat('a', 64)")
    assert "的核对报告 aaaaaaaaaaaa…：object_missing" in checker.get("/proofs").text
    assert checker.get("/ledger?month=9999-12").status_code == 422
