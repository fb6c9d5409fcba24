"""A hospital's day: compared, agreed, frozen, paid by two persons, booked; what changes afterwards counts on its own day."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from services.core.clock import at_hour
from services.core.errors import Conflict
from services.settlement.window import reconciling
from tests.services.window_world import PLAN, Window, bill, window_world
from tests.support.databases import Fresh
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

NOW = at_hour(date(2026, 6, 1))


@pytest.fixture(scope="module")
def window(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    db = Fresh(server)
    yield window_world(db, NOW, tmp_path_factory.mktemp("keys"))
    db.drop()


def hand_in(window: Window, hospital: str, day: str, **lines: str) -> dict[str, object]:
    answer = window.api.post(f"xj.{hospital}", "/window/lists", {"day": day, "items": [
        {"setl_id": setl, "share": share} for setl, share in lines.items()]})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_each_difference_is_named_and_an_agreed_day_stays(window: Window) -> None:
    person, post = window.people[0], window.api.post
    for setl, own in (("A1", 1000), ("A2", 2000), ("A3", 3000), ("A4", 4000)):
        window.settle("h1", bill(person, setl, pool_pay=60000, pool_own=own, at="2026-05-10 09:00:00"))
    window.reverse("h1", "A4")
    window.settle("h1", bill(person, "B1", pool_pay=60000, pool_own=500, at="2026-05-11 09:00:00"))
    differs = hand_in(window, "h1", "2026-05-10", A1="600.00", A2="1200.01", A4="2400.00", B1="300.00", ZZ="1.00", N0="0.00")
    assert (differs["state"], differs["our_sum"], differs["their_sum"]) == ("differs", "3600.00", "4501.01")
    assert differs["differences"] == [
        {"setl_id": "A2", "kind": "amount", "text": "金额不同", "theirs": "1200.01", "ours": "1200.00"},
        {"setl_id": "A3", "kind": "only_ours", "text": "只在我方账上", "theirs": None, "ours": "1800.00"},
        {"setl_id": "A4", "kind": "reversed", "text": "我方已冲正，医院仍计入", "theirs": "2400.00", "ours": "0.00"},
        {"setl_id": "B1", "kind": "other_day", "text": "我方计入另一日", "theirs": "300.00", "ours": None},
        {"setl_id": "ZZ", "kind": "only_theirs", "text": "只在医院的清单中", "theirs": "1.00", "ours": None}]
    agreed = hand_in(window, "h1", "2026-05-10", A1="600.00", A2="1200.00", A3="1800.00")
    assert (agreed["state"], agreed["differences"]) == ("agreed", [])
    assert hand_in(window, "h1", "2026-05-10", A1="600.00", A2="1200.00", A3="1800.00") == agreed
    other = post("xj.h1", "/window/lists", {"day": "2026-05-10", "items": []})
    assert (other.status_code, other.json()["code"]) == (409, "day_agreed")
    today = post("xj.h1", "/window/lists", {"day": "2026-06-01", "items": []})
    assert (today.status_code, today.json()["field"]) == (422, "day")
    twice = post("xj.h1", "/window/lists", {"day": "2026-05-12", "items": [{"setl_id": "A", "share": "1"}] * 2})
    assert twice.json()["code"] == "setl_twice"
    assert window.reverse("h1", "A1").json()["day"] == "2026-06-01"         # after the agreement: on the day it happens
    assert window.share("h1", bill(person, "A5", pool_pay=60000, pool_own=100, at="2026-05-10 23:00:00")) == "60.00"
    items = {item["setl_id"]: item["share"] for item in window.api.get("xj.h1", "/window/lists", day="2026-06-01").json()["items"]}
    assert items == {"A1": "-600.00", "A5": "60.00"}
    day = window.api.get("xj.maker", f"/window/days/{agreed['id']}").json()
    assert (day["our_sum"], day["our_bills"], day["state"]) == ("3600.00", 4, "agreed")
    window.proven()


def test_a_share_of_an_agreed_day_is_never_taken_back(window: Window) -> None:
    """An earlier settlement that comes after the agreement finds the limit used, though it would have gone first."""
    person = window.people[1]
    assert window.share("h2", bill(person, "E2", large_own=14000, at="2026-05-14 09:00:00")) == "7000.00"
    assert hand_in(window, "h2", "2026-05-14", E2="7000.00")["state"] == "agreed"
    assert window.share("h1", bill(person, "E1", large_own=4000, at="2026-05-13 09:00:00")) == "1000.00"
    assert window.standing("h2", "E2") == "7000.00"


def test_what_a_bill_of_an_agreed_day_gives_back_is_there_for_an_earlier_one(window: Window) -> None:
    """Half of what is one's own is paid, up to 8,000; the earlier bill found the limit used by the one that counted first."""
    for person, setl in ((window.people[4], "F"), (window.people[5], "G")):
        later = bill(person, f"{setl}2", large_own=14000, at="2026-05-16 09:00:00")
        assert window.share("h2", later) == "7000.00"
    assert hand_in(window, "h2", "2026-05-16", F2="7000.00", G2="7000.00")["state"] == "agreed"
    for person, setl in ((window.people[4], "F1"), (window.people[5], "G1")):
        assert window.share("h1", bill(person, setl, large_own=4000, at="2026-05-15 09:00:00")) == "1000.00"
    assert window.reverse("h2", "F2").status_code == 200
    assert window.standing("h1", "F1") == "2000.00"
    more = bill(window.people[5], "G2", large_own=15000, at="2026-05-16 09:00:00")
    assert window.correct("h2", more).status_code in (200, 201)
    assert [window.standing(*one) for one in (("h2", "G2"), ("h1", "G1"))] == ["7500.00", "500.00"]
    moved = bill(window.people[5], "G2", large_own=2000, at="2026-05-17 09:00:00")
    assert window.correct("h2", moved, 2).status_code in (200, 201)
    assert [window.standing(*one) for one in (("h2", "G2"), ("h1", "G1"))] == ["1000.00", "2000.00"]
    window.proven()


def cash(window: Window) -> int:
    with window.api.db.view(ROOT.scope) as session:
        return int(session.execute(sa.text("SELECT coalesce(sum(e.amount_fen), 0) FROM ledger_entry e JOIN ledger_transaction t"
            " ON t.id = e.transaction_id WHERE t.plan = :plan AND e.account = 'cash'"), {"plan": PLAN}).scalar_one())


def test_a_day_is_paid_by_two_persons_and_booked(window: Window) -> None:
    """On the pages: the maker enters the bank's slip, the checker sees it and books; the workbook says what is owed to whom."""
    window.settle("h2", bill(window.people[2], "P1", pool_pay=60000, pool_own=5000, at="2026-05-20 09:00:00"))
    day = hand_in(window, "h2", "2026-05-20", P1="3000.00")
    maker, checker, reader = (sign_in(window.api.app, window.api.db, window.api.world, f"xj.{login}", NOW)
                              for login in ("maker", "checker", "office1"))
    page, address = reader.get("/window").text, f"/window/{day['id']}"
    assert "示例医院h2" in page and "3,000.00" in page and "相符，待拨付" in page
    assert "登记拨付" in maker.get(address).text and "登记拨付" not in reader.get(address).text
    assert "没有填写银行流水号" in maker.send(f"{address}/payment", reference=" ", paid_on="2026-05-21").text
    assert "拨付日期须在对账日之后" in maker.send(f"{address}/payment", reference="B1", paid_on="2026-07-01").text
    before = cash(window)
    assert maker.send(f"{address}/payment", reference="B1", paid_on="2026-05-21").status_code == 303
    assert maker.send(f"{address}/confirm").status_code == 403
    assert cash(window) == before
    assert "与回单一致" in checker.get(address).text and checker.send(f"{address}/send-back").status_code == 303
    assert maker.get(address).status_code == 200
    assert maker.send(f"{address}/payment", reference="B2", paid_on="2026-05-21").status_code == 303
    assert checker.get(address).status_code == 200 and checker.send(f"{address}/confirm").status_code == 303
    assert cash(window) == before - 300_000
    assert checker.get(address).status_code == 200 and "没有待复核的拨付" in checker.send(f"{address}/confirm").text
    window.proven()
    book = CalamineWorkbook.from_filelike(io.BytesIO(reader.get("/window/workbook").content))
    rows = book.get_sheet_by_name("各日对账").to_python()
    paid = next(row for row in rows if row[0] == "2026-05-20")
    assert (paid[5], paid[9], paid[10]) == (3000.0, "已拨付", "B2")
    owed = sum(row[5] for row in rows if row[9] == "相符，待拨付")  # type: ignore[misc]
    assert next(row[5] for row in rows if str(row[0]).startswith("应拨付医院")) == owed
    english = sign_in(window.api.app, window.api.db, window.api.world, "xj.auditor", NOW, "en")
    assert "Window bills" in english.get("/window").text and "Paid on" in english.get(address).text
    assert sign_in(window.api.app, window.api.db, window.api.world, "nx.maker", NOW).get(address).status_code == 404


def test_a_day_is_not_paid_by_one_person_in_two_places(window: Window) -> None:
    """Entered by the checker's substitute, it is not the checker who confirms, nor whoever stands in for that one later."""
    window.settle("h2", bill(window.people[3], "Q1", pool_pay=60000, pool_own=5000, at="2026-05-25 09:00:00"))
    day, world = uuid.UUID(str(hand_in(window, "h2", "2026-05-25", Q1="3000.00")["id"])), window.api.world
    maker, checker = world.actor("xj.maker"), world.actor("xj.checker")
    with window.api.db.unit_of_work(maker.scope) as session:
        reconciling.pay(session, day_id=day, reference="B3", paid_on=date(2026, 5, 26), now=NOW,
                        actor=replace(maker, stands_for=frozenset({world.person("xj.checker")})))
    other = replace(checker, person_id=world.person("xj.head"), account_id=world.account("xj.head"))
    for actor in (checker, replace(other, stands_for=frozenset({world.person("xj.checker")}))):
        with pytest.raises(Conflict, match="same_person"), window.api.db.unit_of_work(actor.scope) as session:
            reconciling.confirm(session, day_id=day, actor=actor, now=NOW)
    page = sign_in(window.api.app, window.api.db, world, "xj.checker", NOW).get(f"/window/{day}").text
    assert "登记人不能复核" in page and "退回登记" in page and "与回单一致" not in page
    with window.api.db.unit_of_work(other.scope) as session:
        assert reconciling.confirm(session, day_id=day, actor=other, now=NOW).state == "paid"
    window.proven()


def test_a_day_without_anything_says_so(window: Window) -> None:
    reader = sign_in(window.api.app, window.api.db, window.api.world, "nx.head", NOW)
    assert "这段时间没有一单结算" in reader.get("/window").text
    assert "起止日期不对" in reader.get(f"/window?first={NOW.date() - timedelta(days=200)}").text
