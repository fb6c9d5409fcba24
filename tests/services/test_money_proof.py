"""A day's proof: equal to the fen, open with its age, and every tampered row or file named; signed, kept, once."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flows.dispatch import ROUTES
from flows.prove_money import prove_money
from services.access.actor import system
from services.core.clock import at_hour
from services.core.db import Database
from services.reporting import money_proof
from services.storage import backend
from services.storage import service as storage
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.paying_world import made, read, returned_file, sent
from tests.support.databases import Superuser
from tests.support.world import World, build_world

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
    ("UPDATE ledger_entry SET amount_fen = amount_fen - 1 WHERE step = 'decided'", "分户账 200001 分"),
    ("UPDATE bank_line SET amount_fen = 199999 WHERE kind = 'credit'", "回盘文件第 1 行与登记不符"),
    ("UPDATE payment SET amount_fen = 200001 WHERE state = 'credited'", "决定 200000 分，应付 200001 分"),
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


def test_a_report_that_was_changed_does_not_hold(world: World, now: datetime, superuser: Superuser) -> None:
    paid(world, now)
    prove(world)
    superuser.execute("UPDATE money_proof SET signature = '\\x00'")
    with world.db.view(OFFICE.scope) as session:
        [found] = money_proof.kept(session, DAY)
    assert not found.holds


def test_the_timetable_proves_every_office(world: World) -> None:
    assert ROUTES["timetable.prove"] == (prove_money,)
    with world.db.view(system("cn").scope) as session:
        assert [row.org_key for row in session.execute(money_proof.OFFICES)] == ["cn.nx.", "cn.xj."]


def test_the_page_says_what_differs_and_saves_the_reports(db: Database, now: datetime, tmp_path: Path, superuser: Superuser) -> None:
    api = Api(db, now, tmp_path)
    paid(api.world, now)
    superuser.execute("UPDATE payment SET amount_fen = 200001 WHERE state = 'credited'")
    prove(api.world)
    checker = person(api, "xj.checker")
    page = checker.get("/proofs").text
    assert "应付 200001 分" in page and "处不符" in page
    [kept] = checker.get(f"/proofs/{DAY}").json()
    assert (kept["report"]["day"], kept["holds"]) == ("2026-03-20", True)
    assert checker.get(f"/proofs/{DAY}/workbook").content.startswith(b"PK")
    assert "还没有核对报告" in person(api, "nx.checker").get("/proofs").text
    assert checker.get("/proofs/2026-03-19").status_code == 404
    assert "试算平衡" in checker.get("/ledger?month=2026-03").text
    assert checker.get("/ledger/workbook?month=2026-03").content.startswith(b"PK")
