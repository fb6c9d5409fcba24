"""A settlement's runs where claims' runs are: on finance's pages and through the API, from release to a corrected account."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.enrolment import persons
from services.simulate.synthetic import synthetic_card
from tests.services import settled_world
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

DUE = {0: 120_000, 1: 35_050, 2: 7, 3: 90_000}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def somebody(api: Api, now: datetime, login: str) -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now)


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_on_the_pages_of_finance(api: Api, now: datetime) -> None:
    settlement = settled_world.settled(api.world, now, DUE, without_card=frozenset({3}))
    [run] = settled_world.runs(api.world, settlement)
    maker, checker = somebody(api, now, "xj.maker"), somebody(api, now, "xj.checker")
    listed = maker.get("/runs").text
    assert run.run_no in listed and "城市结算留待付款的款项" in listed and "2026年3季度" in listed
    address = f"/runs/{run.run_no}"
    shown = maker.get(address).text
    assert "1,550.57" in shown and "共3笔" in shown and f"{run.run_no}-00001" in shown and "付款前短信清单" in shown
    line = re.search(r'name="payment" value="([0-9a-f-]+)"', shown)
    assert line is not None
    assert maker.send(f"{address}/exclude", payment=line[1], reason="账户待核实").status_code == 303
    shown = maker.get(address).text
    assert "共2笔" in shown
    assert maker.send(f"{address}/submit", version=version(shown)).status_code == 303
    shown = checker.get(address).text
    assert checker.send(f"{address}/release", version=version(shown)).headers["location"] == f"{address}?done=released"
    maker.get("/runs")
    made = maker.send("/runs", settlement=str(settlement), bank="")
    assert made.status_code == 303, made.text
    assert "共2笔" in maker.get(made.headers["location"].partition("?")[0]).text        # what was taken out, and the card known since


def test_the_list_of_messages(api: Api, now: datetime) -> None:
    settlement = settled_world.settled(api.world, now, DUE)
    [run] = settled_world.runs(api.world, settlement)
    maker = somebody(api, now, "xj.maker")
    address = f"/runs/{run.run_no}/telling"
    shown = maker.get(address).text
    assert "还没有人取走过" in shown and api.world.member(0, "xj").synthetic.name not in shown
    assert maker.send(address, form="csv", reason="").status_code == 422
    maker.get(address)
    taken = maker.send(address, form="csv", reason="付款前告知")
    assert taken.status_code == 200 and taken.headers["content-disposition"].endswith(".csv")
    assert len(taken.content.decode("utf-8-sig").splitlines()) == 5
    assert "付款前告知" in maker.get(address).text
    assert somebody(api, now, "xj.head").get(address).status_code == 403


def test_through_the_api(api: Api, now: datetime) -> None:
    settlement = settled_world.settled(api.world, now, DUE)
    [run] = settled_world.runs(api.world, settlement)
    path = f"/payment-runs/{run.id}"
    first = api.get("xj.maker", path, limit=3).json()
    assert (first["count"], len(first["payments"]), first["next"], first["settlement_id"]) == (4, 3, 3, str(settlement))
    assert [line["claim_no"] for line in api.get("xj.maker", path, after=3).json()["payments"]] == [f"{run.run_no}-00004"]
    assert api.get("xj.auditor", f"{path}/file").json()["code"] == "file_missing"
    content = settled_world.sent(api.world, run.id, now)
    # Accounts stand in it in full: whoever takes it is recorded, by either door.
    assert api.get("xj.auditor", f"{path}/file").content == content
    assert somebody(api, now, "xj.checker").get(f"/runs/{run.run_no}/file").content == content
    with api.db.view(ROOT.scope) as session:
        looks = session.execute(sa.text("SELECT account_id, what FROM access_record WHERE what LIKE 'bank_file:%' ORDER BY id"))
        assert [tuple(look) for look in looks] == [
            (api.world.account(login), f"bank_file:{run.run_no}") for login in ("xj.auditor", "xj.checker")]
    who = api.world.member(1, "xj").person_id
    settled_world.read(api.world, settled_world.answered(api.world, run.id, {who: "returned"}), now)
    [back] = api.get("xj.maker", "/payments", state="returned").json()
    assert (back["amount"], back["return_reason"], back["proposed"]) == ("350.50", "账户已销户", False)
    card = {"bank": "CCB", "number": synthetic_card("CCB", 7001), "holder": api.world.member(1, "xj").synthetic.name}
    stale = api.post("xj.maker", f"/payments/{back['id']}/card", card, version=back["version"] + 1)
    assert stale.status_code in (409, 412), stale.text
    proposed = api.post("xj.maker", f"/payments/{back['id']}/card", card, version=back["version"])
    assert proposed.status_code == 200 and proposed.json()["proposed"], proposed.text
    confirmed = api.post("xj.checker", f"/payments/{back['id']}/card/confirm", version=proposed.json()["version"])
    assert (confirmed.json()["state"], confirmed.json()["attempt"]) == ("planned", 2), confirmed.text
    again = api.post("xj.maker", "/payment-runs", {"plan": run.plan, "bank": "CCB", "settlement_id": str(settlement)})
    assert (again.status_code, again.json()["count"], again.json()["total"]) == (201, 1, "350.50"), again.text
    newest = api.get("xj.maker", "/payment-runs", limit=1).json()
    assert [row["run_no"] for row in newest["items"]] == [again.json()["run_no"]]
    older = api.get("xj.maker", "/payment-runs", after=newest["next"]).json()["items"]
    assert [row["run_no"] for row in older] == [run.run_no]
    assert api.get("nx.maker", f"/payment-runs/{again.json()['id']}").status_code == 404


def test_a_line_of_a_member_who_died_is_left_to_the_heirs_by_either_door(api: Api, now: datetime) -> None:
    settlement = settled_world.settled(api.world, now, DUE, without_card=frozenset({0, 3}))
    maker = somebody(api, now, "xj.maker")
    assert "会员已去世的结算款项" not in maker.get("/runs").text
    for n in (0, 3):
        with api.db.unit_of_work(ROOT.scope) as session:
            persons.note_died(session, person_id=api.world.member(n, "xj").person_id, died_on=date(2026, 3, 10), actor=ROOT, now=now)
    found = settled_world.lines(api.world, settlement)
    first, second = (found[api.world.member(n, "xj").person_id] for n in (0, 3))
    shown = maker.get("/runs").text
    assert "会员已去世的结算款项" in shown and f"/payments/{first.id}/heirs" in shown and f"/payments/{second.id}/heirs" in shown
    assert f"/payments/{first.id}/heirs" not in somebody(api, now, "xj.checker").get("/runs").text      # sees it, has no button
    refused = maker.send(f"/payments/{first.id}/heirs", reason="")
    assert refused.status_code == 422 and "须写明理由" in refused.text
    maker.get("/runs")
    assert maker.send(f"/payments/{first.id}/heirs", reason="继承人已告知").headers["location"] == "/runs?done=heirs"
    left = maker.get("/runs?done=heirs").text
    assert "已转由继承人申领" in left and f"/payments/{first.id}/heirs" not in left
    path = f"/payments/{second.id}/heirs"
    assert api.post("xj.maker", path, {"reason": "继承人已告知"}, version=second.version + 1).status_code in (409, 412)
    done = api.post("xj.maker", path, {"reason": "继承人已告知"}, version=second.version)
    assert (done.status_code, done.json()["state"], done.json()["amount"]) == (200, "cancelled", "900.00"), done.text
    assert "会员已去世的结算款项" not in maker.get("/runs").text
