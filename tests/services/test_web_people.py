"""A person's record in the browser: masked, in sight only, corrected, categorised, represented; every look recorded."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.simulate.synthetic import synthetic_id
from tests.services.api_world import Api, picture
from tests.services.test_web_book import looks, person

PROOF = {"proof": ("proof.png", picture("proof"), "image/png")}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def address(api: Api, n: int = 0) -> str:
    return f"/people/{api.world.member(n, 'xj').person_id}"


def other(serial: int = 1) -> dict[str, str]:
    from datetime import date
    return {"name": "示二兰", "id_number": synthetic_id("650102", date(1985, 2, 3), serial, "F")}


def test_the_record_is_masked_and_the_look_recorded(api: Api) -> None:
    claim_no, member = api.report(), api.world.member(0, "xj").synthetic
    page = person(api, "xj.clerk").get(address(api)).text
    assert member.name in page and member.id_number not in page and claim_no in page and "保障中" in page
    assert len(looks(api, "person:%")) == 1
    assert claim_no not in person(api, "xj.admin").get(address(api)).text


def test_out_of_sight_and_without_the_role(api: Api) -> None:
    answers = {login: person(api, login).get(address(api)).status_code
               for login in ("xj.clerk2", "nx.clerk", "xj.district", "xj.auditor", "xj.maker", "xj.m1")}
    assert answers == {"xj.clerk2": 404, "nx.clerk": 404, "xj.district": 200, "xj.auditor": 200, "xj.maker": 403, "xj.m1": 403}
    assert person(api, "xj.clerk").get("/people/nonsense").status_code == 404


def test_a_number_in_full_costs_a_reason(api: Api) -> None:
    clerk, path = person(api, "xj.clerk"), f"{address(api)}/unmask"
    number = api.world.member(0, "xj").synthetic.id_number
    assert number not in clerk.get(path).text
    refused = clerk.send(path, what="id_number", reason=" ")
    assert refused.status_code == 422 and number not in refused.text
    assert number in clerk.send(path, what="id_number", reason="与身份证核对").text
    assert [what.rpartition(":")[0] for what in looks(api, "unmask:%")] == ["unmask:id_number"]
    assert person(api, "xj.clerk2").get(path).status_code == 404


def test_the_office_corrects_and_the_history_says_so(api: Api) -> None:
    assert person(api, "xj.clerk").get(f"{address(api)}/correct").status_code == 403
    office, path = person(api, "xj.office1"), f"{address(api)}/correct"
    office.get(path)
    wrong = office.send(path, what="phone", new="123", why="本人来电", version=1)
    assert wrong.status_code == 422 and 'value="123"' in wrong.text
    done = office.send(path, what="phone", new="13912345678", why="本人来电", version=1)
    page = office.get(done.headers["location"]).text
    assert "已更正" in page and "139****5678" in page and "本人来电" in page and "13912345678" not in page
    office.get(path)
    stale = office.send(path, what="phone", new="13912345679", why="本人来电", version=1)
    assert stale.status_code == 409


def test_a_category_with_its_proof_and_taken_back(api: Api) -> None:
    district, path = person(api, "xj.district"), f"{address(api)}/category"
    district.get(path)
    assert district.send(path, category="hardship", from_on="2026-01-01").status_code == 422
    done = district.send(path, files=PROOF, category="hardship", from_on="2026-01-01")
    assert done.status_code == 303, done.text
    page = district.get(done.headers["location"]).text
    row = page.split('name="row" value="')[1].split('"')[0]
    back = district.send(f"{path}/withdraw", row=row, why="认错人")
    assert "没有认定过特殊类别" in district.get(back.headers["location"]).text
    assert person(api, "xj.clerk").get(path).status_code == 403


def test_a_card_of_the_own_name(api: Api) -> None:
    clerk, path, member = person(api, "xj.clerk"), f"{address(api)}/card", api.world.member(0, "xj").synthetic
    clerk.get(path)
    assert clerk.send(path, bank="ICBC", number="6222020200112233446", holder="别人").status_code == 422
    done = clerk.send(path, bank="ICBC", number="6222020200112233446", holder=member.name)
    assert done.status_code == 303, done.text
    assert "**** **** 3446" in clerk.get(done.headers["location"]).text


def test_a_proxy_and_a_relative(api: Api) -> None:
    clerk, path = person(api, "xj.clerk"), address(api)
    clerk.get(f"{path}/proxy")
    done = clerk.send(f"{path}/proxy", files=PROOF, from_on="2026-03-20", until_on="2026-06-30", reason="昏迷", **other())
    assert done.status_code == 303, done.text
    page = clerk.get(done.headers["location"]).text
    assert "示二兰" in page and "提前终止" in page
    row = page.split('name="row" value="')[1].split('"')[0]
    assert clerk.send(f"{path}/proxy/end", row=row, why="已恢复").status_code == 303
    clerk.get(f"{path}/kin")
    tied = clerk.send(f"{path}/kin", relation="sibling", **other())
    assert "兄弟姐妹" in clerk.get(tied.headers["location"]).text
    office = person(api, "xj.office1")
    relative = office.get(path).text.split('kin/remove"')[1].split('name="row" value="')[1].split('"')[0]
    assert office.send(f"{path}/kin/remove", row=relative, why="误登记").status_code == 303
