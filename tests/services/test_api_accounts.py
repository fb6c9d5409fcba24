"""Accounts over HTTP: the administrator's list and one-time codes, own sessions, substitutes on leave."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import httpx
import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.signing_world import ROOT, enter

LEAVE = {"from_on": "2026-03-20", "until_on": "2026-03-27", "reason": "年假"}


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def code(answer: httpx.Response) -> tuple[int, str | None]:
    body = answer.json()
    return answer.status_code, body.get("code") if isinstance(body, dict) else None


def test_the_administrator_lists_searches_and_hands_out_a_code_once(api: Api) -> None:
    assert code(api.get("nx.head", "/accounts")) == (403, "role_missing")
    first = api.get("nx.admin", "/accounts").json()
    assert [line["login"] for line in first][:2] == ["nx.admin", "nx.auditor"] and len(first) == 18
    assert {line["org_key"][:6] for line in first} == {"cn.nx."}
    rest = api.get("nx.admin", "/accounts", after_org=first[3]["org_key"], after_login=first[3]["login"]).json()
    assert rest == first[4:]
    found = api.get("nx.admin", "/accounts", search="CLERK2").json()
    assert [(line["login"], line["roles"], line["password_at"]) for line in found] == [("nx.clerk2", ["unit_clerk"], None)]
    path = f"/accounts/{api.world.account('nx.clerk2')}/password-link"
    given = api.post("nx.admin", path, {"reason": "新开账号"}, key="code-1")
    assert given.status_code == 201 and len(given.json()["code"]) == 39
    assert code(api.post("nx.admin", path, {"reason": "新开账号"}, key="code-1")) == (409, "answered_once")
    assert code(api.post("xj.admin", path, {"reason": "新开账号"})) == (404, "account_missing")
    assert code(api.post("nx.head", path, {"reason": "新开账号"})) == (403, "role_missing")
    assert code(api.post("nx.admin", path, {"reason": "  "}))[0] == 422


def test_own_sessions_are_listed_and_ended(api: Api, now: datetime) -> None:
    enter(api.world, "nx.clerk", now)
    enter(api.world, "nx.clerk2", now)
    mine = api.get("nx.clerk", "/me/sessions").json()
    assert [line["agent"] for line in mine] == ["Mozilla/5.0 (测试)"]
    assert code(api.post("nx.clerk2", f"/me/sessions/{mine[0]['id']}/end")) == (404, "session_missing")
    assert api.post("nx.clerk", f"/me/sessions/{mine[0]['id']}/end").json() == {"done": True}
    assert api.get("nx.clerk", "/me/sessions").json() == []
    assert api.post("nx.clerk2", "/me/sessions/end").json() == {"ended": 1}
    enter(api.world, "nx.clerk2", now)
    path = f"/accounts/{api.world.account('nx.clerk2')}"
    assert api.post("nx.admin", f"{path}/sessions/end", {"reason": "离职"}).json() == {"ended": 1}
    assert code(api.post("nx.head", f"{path}/second-factor/reset", {"reason": "手机遗失"})) == (403, "role_missing")
    assert api.post("nx.admin", f"{path}/second-factor/reset", {"reason": "手机遗失"}).json() == {"done": True}


def test_leave_over_http(api: Api) -> None:
    world = api.world
    away = str(world.account("nx.senior"))
    names = {line["name"] for line in api.get("nx.senior", f"/accounts/{away}/substitutes").json()}
    assert len(names) == 5
    body = {"absent_id": away, "account_id": str(world.account("nx.office1")), **LEAVE}
    assert code(api.post("nx.office2", "/substitutes", body)) == (403, "substitute_maker")
    made = api.post("nx.senior", "/substitutes", body)
    assert (made.status_code, made.json()["roles"], made.json()["running"]) == (201, ["senior_reviewer"], True)
    me = api.get("nx.office1", "/me").json()
    assert me["roles"] == ["office_reviewer", "senior_reviewer"] and me["stands_for"] == [str(world.person("nx.senior"))]
    assert [line["id"] for line in api.get("nx.office1", "/substitutes", running=True).json()] == [made.json()["id"]]
    assert api.get("nx.office2", "/substitutes").json() == []
    whys = {login: [line["reason"] for line in api.get(login, "/substitutes").json()] for login in ("nx.head", "nx.office1", "nx.admin")}
    assert whys == {"nx.head": [body["reason"]], "nx.office1": [body["reason"]], "nx.admin": [""]}   # an illness is not for administrators
    path = f"/substitutes/{made.json()['id']}/end"
    assert code(api.post("nx.office2", path, {"reason": "返岗"})) == (404, "substitute_missing")
    assert api.post("nx.office1", path, {"reason": "返岗"}).json() == {"done": True}
    assert api.get("nx.office1", "/me").json()["stands_for"] == []


def test_a_cookie_is_no_bearer_token(api: Api, now: datetime) -> None:
    token, *_ = enter(api.world, "nx.clerk", now)
    assert api.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    with api.db.view(ROOT) as session:
        from services.access import sessions
        assert sessions.authenticate_session(session, token, now=now)[0].name
