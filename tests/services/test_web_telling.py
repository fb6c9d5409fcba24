"""What must be told today, doubled reports joined by two persons or kept apart, cancellations confirmed, returned payments."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from tests.services.api_world import EVENT, Api
from tests.services.test_web_book import person
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def case_of(api: Api, claim_no: str) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT f.case_no FROM case_file f JOIN claim c ON c.case_id = f.id WHERE c.claim_no = :no"),
                                   {"no": claim_no}).scalar_one())


def state_of(api: Api, claim_no: str) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT state FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one())


def doubled(api: Api) -> tuple[str, str]:
    """The same illness reported twice, a day apart; the claims' numbers, the later one first."""
    earlier = api.report()
    answer = api.post("xj.clerk", "/cases", {
        "id_number": api.world.member(0, "xj").synthetic.id_number, "event": {**EVENT, "diagnosed_on": "2026-03-17"},
        "channel": "clerk", "hospital": "示例医院", "reported_on": "2026-03-20"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["claims"][0]["claim_no"]), earlier


def test_the_other_addressee_is_told(api: Api) -> None:
    claim_no = api.report(0, "nx")
    case_no = case_of(api, claim_no)
    clerk = person(api, "nx.clerk")
    assert case_no in clerk.get("/told").text
    path = f"/told/reports/{case_no}/insurer"
    page = clerk.get(path).text
    assert "保险公司" in page
    at = page.split('type="datetime-local" value="')[1].split('"')[0]
    refused = clerk.send(path, at=at, words=" ")
    assert refused.status_code == 422 and "须写明向谁" in refused.text
    done = clerk.send(path, at=at, words="致电报案电话，工号 0000")
    assert done.status_code == 303, done.text
    after = clerk.get(done.headers["location"]).text
    assert "已登记转告" in after and path not in after
    assert clerk.get(f"/told/reports/{case_no}/nobody").status_code == 404
    assert person(api, "nx.clerk2").get(path).status_code == 404


def test_doubled_reports_are_offered_joined_and_confirmed_by_another(api: Api) -> None:
    later, earlier = doubled(api)
    clerk = person(api, "xj.clerk")
    path = f"/told/pairs/{case_of(api, later)}/{case_of(api, earlier)}"
    assert path in clerk.get("/told").text
    page = clerk.get(path).text
    assert later in page and earlier in page
    assert clerk.send(path, verdict="join", reason="").status_code == 422
    assert clerk.send(path, verdict="join", reason="同一次确诊").status_code == 303
    assert "您提出的" in clerk.get("/told").text and state_of(api, later) != "cancelled"
    confirm = f"/told/joinings/{case_of(api, later)}"
    assert clerk.send(confirm).status_code == 403
    office = person(api, "xj.office1")
    assert confirm in office.get("/told").text
    done = office.send(confirm)
    assert done.status_code == 303, done.text
    assert state_of(api, later) == "cancelled" and "没有待确认的并案" in office.get("/told").text


def test_kept_apart_the_offer_does_not_come_again(api: Api) -> None:
    later, earlier = doubled(api)
    clerk = person(api, "xj.clerk")
    path = f"/told/pairs/{case_of(api, later)}/{case_of(api, earlier)}"
    clerk.get(path)
    assert clerk.send(path, verdict="apart", reason="左右侧先后两次原发").status_code == 303
    assert "没有疑似重复的报案" in clerk.get("/told").text
    assert person(api, "xj.clerk2").get(path).status_code == 404


def test_a_cancellation_is_confirmed_by_another_or_taken_back(api: Api) -> None:
    claim_no, other = api.report(0), api.report(1)
    for number in (claim_no, other):
        assert api.act("xj.office1", number, "cancellation", {"ground": "mistake", "reason": "录入有误"}).status_code == 200
    first, second = person(api, "xj.office1"), person(api, "xj.office2")
    assert "您提出的" in first.get("/told").text
    refused = first.send(f"/told/cancellings/{claim_no}", version=api.version(claim_no))
    assert refused.status_code in (403, 409) and state_of(api, claim_no) == "reported"
    assert "录入有误" in second.get("/told").text
    stale = second.send(f"/told/cancellings/{claim_no}", version=api.version(claim_no) + 1)
    assert stale.status_code == 409
    assert second.send(f"/told/cancellings/{claim_no}", version=api.version(claim_no)).status_code == 303
    assert state_of(api, claim_no) == "cancelled"
    second.get("/told")
    assert second.send(f"/told/cancellings/{other}/drop", version=api.version(other), reason="核对无误").status_code == 303
    assert "没有待确认的作废" in second.get("/told").text


def test_the_clerk_reads_returned_payments(api: Api) -> None:
    assert "没有被退回的款项" in person(api, "xj.clerk").get("/book/returned").text
    assert person(api, "xj.head").get("/book/returned").status_code == 403
    assert person(api, "xj.clerk").get("/book/returned/0195f2c4-0000-7000-8000-000000000004").status_code == 404
