"""Whoever works at a desk and is a member too: where being a member alone opens the door, nobody but the own family stands behind it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.access.actor import Actor
from services.access.service import authenticate
from services.core.db import Database
from tests.services.api_world import EVENT, Api
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

UNTIL = "2026-12-31T00:00:00+08:00"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def opened(api: Api, login: str, member: int, at: str, *roles: str) -> None:
    """An account of one of Xinjiang's members who holds these roles besides."""
    account = api.post("admin", "/accounts", {
        "login": login, "name": "兼职", "org_id": str(api.world.org(at)), "person_id": str(api.world.person(f"xj.m{member}")),
        "roles": ["member", *roles]})
    assert account.status_code == 201, account.text
    made = api.post("admin", f"/accounts/{account.json()['id']}/tokens", {"expires_at": UNTIL, "roles": []})
    api.world.tokens[login] = made.json()["token"]


def authenticated(api: Api, login: str, now: datetime) -> Actor:
    with api.db.view(ROOT.scope) as session:
        return authenticate(session, api.world.tokens[login], now=now)


def asked(api: Api, member: int) -> tuple[str, str]:
    """A member's claim of which the clerk asks for a paper, and the list's id."""
    claim_no = api.report(member)
    listed = api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"}]})
    assert listed.json()["state"] == "supplementing", listed.text
    return claim_no, api.get("xj.clerk", f"/claims/{claim_no}").json()["supplements"][0]["id"]


def hands(api: Api, login: str, listed: str) -> list[int]:
    """What she is told who says that the list arrived, and that the paper cannot be had."""
    told = []
    for verb, body in (("delivered", {"on": "2026-03-20"}),
                       ("answer", {"items": [{"paper": "pathology", "state": "unavailable", "note": "没有"}]})):
        version = api.get("xj.clerk", f"/supplements/{listed}").json()["version"]
        told.append(api.post(login, f"/supplements/{listed}/{verb}", body, version=version).status_code)
    return told


def test_at_the_interface_she_acts_for_her_own_family_only(api: Api) -> None:
    opened(api, "xj.both", 4, "cn.xj.wlmq.tsd.", "district_reviewer")
    claim_no, listed = asked(api, 1)
    assert hands(api, "xj.both", listed) == [404, 404]
    assert [api.act("xj.both", claim_no, verb, body).status_code for verb, body in (("withdraw", {"reason": "不办了"}), ("resume", {}))
            ] == [404, 404]
    objects = api.post("xj.both", f"/claims/{claim_no}/objections", {"grounds": "金额不对"})
    assert objects.status_code == 404, objects.text
    assert api.get("xj.both", f"/claims/{claim_no}").status_code == 200                 # a reviewer reads it all the same
    assert api.get("xj.clerk", f"/supplements/{listed}").json()["state"] == "drafted"
    report = {"event": EVENT, "channel": "member", "hospital": "示例医院"}
    stranger = {"id_number": api.world.member(2, "xj").synthetic.id_number}
    assert api.post("xj.both", "/cases", {**report, **stranger}).status_code in (403, 404)
    own = api.post("xj.both", "/cases", report)
    assert own.status_code == 201, own.text
    _, hers = asked(api, 3)
    opened(api, "xj.third", 3, "cn.xj.wlmq.tsd.", "district_reviewer")
    assert hands(api, "xj.third", hers) == [200, 200]


def test_of_the_office_she_reports_a_stranger_by_a_call_only(api: Api) -> None:
    opened(api, "xj.desk", 4, "cn.xj.", "office_reviewer")
    report = {"id_number": api.world.member(2, "xj").synthetic.id_number, "event": EVENT, "hospital": "示例医院"}
    refused = api.post("xj.desk", "/cases", {**report, "channel": "member"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")
    call = {"line": "office", "caller": "某某", "relation": "本人", "caller_phone": "13900000000", "called_at": "2026-03-20T09:00:00+08:00",
            "number_called": "0991-0000000", "said": "确诊"}
    assert api.post("xj.desk", "/cases", {**report, "channel": "phone", "call": call}).status_code == 201


def test_on_the_pages_she_is_a_member_there_and_keeps_her_menu(api: Api, now: datetime) -> None:
    claim_no, _ = asked(api, 1)
    opened(api, "xj.both", 4, "cn.xj.wlmq.tsd.", "district_reviewer")
    with api.db.view(ROOT.scope) as session:
        [case_no] = session.execute(sa.text("SELECT f.case_no FROM case_file f JOIN claim c ON c.case_id = f.id"
                                            " WHERE c.claim_no = :no"), {"no": claim_no}).scalars()
    api.world.actors["xj.both"] = authenticated(api, "xj.both", now)
    both, district = (sign_in(api.app, api.db, api.world, login, now) for login in ("xj.both", "xj.district"))
    page = both.get("/report").text
    assert 'href="/work"' in page and 'href="/mine"' in page
    assert 'name="id_number"' not in page
    begun = both.send("/report", id_number=api.world.member(2, "xj").synthetic.id_number)       # as a page of staff would send it
    assert api.world.member(4, "xj").synthetic.name in both.get(begun.headers["location"]).text
    assert both.get(f"/cases/{case_no}/papers").status_code == 404
    assert district.get("/report").status_code == 403
    assert both.get("/work").status_code == 200 and both.get(f"/claims/{claim_no}").status_code == 200
