"""The team board: figures, who holds what, work handed on and up, substitutes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def at_office(api: Api, n: int = 0) -> str:
    """A claim that unit and district have passed."""
    claim_no = api.in_review(n)
    for login in ("xj.clerk", "xj.district"):
        seen = api.get(login, f"/claims/{claim_no}").json()["claim"]["digest"]
        assert api.act(login, claim_no, "pass", {"seen": seen}).status_code == 200
    return claim_no


def step(api: Api, claim_no: str) -> tuple[str, str, str | None]:
    """The open level's id, its duty organisation's key, and who has it."""
    with api.db.view(ROOT.scope) as session:
        row = session.execute(sa.text(
            "SELECT s.id, s.duty_key, a.login FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round"
            " LEFT JOIN account a ON a.id = s.taken_by WHERE c.claim_no = :no AND s.state = 'open'"), {"no": claim_no}).one()
    return str(row[0]), str(row[1]), row[2]


def figure(page: str, words: str) -> int:
    found = re.search(rf"<strong>(\d+)</strong>{words}", page)
    assert found, words
    return int(found[1])


def test_figures_and_who_holds_what(api: Api) -> None:
    taken, free = at_office(api, 0), api.in_review(1)
    assert api.act("xj.office1", taken, "take").status_code == 200
    page = person(api, "xj.head").get("/team").text
    assert figure(page, "在办") == 2 and figure(page, "已逾期") == 0
    assert taken in page and free in page
    mine = person(api, "xj.head").get("/team", who=str(api.world.account("xj.office1"))).text.split('id="open"')[1]
    assert taken in mine and free not in mine
    nobody = person(api, "xj.head").get("/team", who="nobody").text.split('id="open"')[1]
    assert free in nobody and taken not in nobody
    api.clock.advance(timedelta(days=30))
    late = person(api, "xj.head").get("/team", due="late").text
    assert figure(late, "已逾期") == 2 and taken in late
    assert figure(person(api, "nx.head").get("/team").text, "在办") == 0


def test_work_is_handed_to_a_colleague_with_a_reason(api: Api) -> None:
    claim_no = at_office(api)
    assert api.act("xj.office1", claim_no, "take").status_code == 200
    head = person(api, "xj.head")
    page = head.get("/team").text
    assert str(api.world.account("xj.office2")) in page
    given = {"row": f"{claim_no}|{step(api, claim_no)[0]}", "to_account": str(api.world.account("xj.office2"))}
    refused = head.send("/team/hand", **given)
    assert refused.status_code == 422 and "须写明理由" in refused.text and step(api, claim_no)[2] == "xj.office1"
    done = head.send("/team/hand", reason="休病假", **given)
    assert done.headers["location"] == "/team?done=handed" and step(api, claim_no)[2] == "xj.office2"
    assert "已转交" in head.get("/team", done="handed").text


def test_only_the_head_hands_on(api: Api) -> None:
    claim_no = at_office(api)
    senior = person(api, "xj.senior")
    assert 'name="to_account"' not in senior.get("/team").text
    refused = senior.send("/team/hand", row=f"{claim_no}|{step(api, claim_no)[0]}", reason="x",
                          to_account=str(api.world.account("xj.office2")))
    assert refused.status_code == 403 and step(api, claim_no)[2] is None


def test_work_goes_up(api: Api) -> None:
    claim_no = api.in_review()
    seen = api.get("xj.clerk", f"/claims/{claim_no}").json()["claim"]["digest"]
    assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
    before = step(api, claim_no)
    head = person(api, "xj.head")
    head.get("/team")
    done = head.send("/team/up", row=f"{claim_no}|{before[0]}")
    assert done.headers["location"] == "/team?n=1&done=up"
    assert len(step(api, claim_no)[1]) < len(before[1])
    head.get("/team")
    assert head.send("/team/up").status_code == 422


def test_a_substitute_is_named_and_ended(api: Api) -> None:
    head = person(api, "xj.head")
    absent, other = str(api.world.account("xj.office1")), str(api.world.account("xj.office2"))
    assert other in head.get(f"/team/leave/{absent}").text
    today = api.clock.now().date()
    given = {"substitute": other, "from_on": today.isoformat(), "until_on": (today + timedelta(days=5)).isoformat()}
    refused = head.send(f"/team/leave/{absent}", **given)
    assert refused.status_code == 422 and "须写明事由" in refused.text and f'value="{today.isoformat()}"' in refused.text
    assert head.send(f"/team/leave/{absent}", reason="年假", **given).headers["location"] == "/team?done=appointed"
    page = head.get("/team").text
    assert "不在岗" in page and "年假" in page
    ended = re.search(r"/team/substitutes/([0-9a-f-]+)/end", page)
    assert ended
    assert head.send(f"/team/substitutes/{ended[1]}/end", why="提前回来").headers["location"] == "/team?done=ended"
    assert "没有代理安排" in head.get("/team").text
    assert person(api, "nx.head").get(f"/team/leave/{absent}").status_code == 404


def test_who_sees_the_board(api: Api) -> None:
    answers = {login: person(api, login).get("/team").status_code for login in
               ("xj.head", "xj.senior", "xj.office1", "xj.clerk", "xj.auditor", "xj.m0")}
    assert answers == {"xj.head": 200, "xj.senior": 200, "xj.office1": 403, "xj.clerk": 403, "xj.auditor": 403, "xj.m0": 403}
    assert "Open levels" in person(api, "xj.head", "en").get("/team").text
