"""The administrator at the pages: accounts, organisations, calendars, releases; and nothing of any claim."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.core.clock import business_day
from services.core.db import Database
from services.web.pages import routes
from tests.services.api_world import EVENT, Api
from tests.support.signed_in import HOST, Visitor, sign_in

PASSWORD = "green-ladder-17-window"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def visitor(api: Api, login: str, now: datetime, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now, language)


def test_pages_stand_in_both_languages(api: Api, now: datetime) -> None:
    for language, words in (("zh", ("登录防护", "开设账号", "下级组织", "调休", "提出变更")),
                            ("en", ("Sign-in guard", "Open an account", "Organisations below", "make-up", "Propose a change"))):
        admin = visitor(api, "xj.admin", now, language)
        for path, word in zip(("/admin", "/admin/accounts", "/admin/organisations", "/admin/calendars?year=2026", "/releases"), words,
                              strict=True):
            page = admin.http.get(path)
            assert page.status_code == 200 and word in page.text, path


def test_an_account_is_opened_given_a_code_and_used(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    admin.get("/admin/accounts/new")
    made = admin.send("/admin/accounts", login="xj.new", name=api.world.actors["xj.clerk2"].name, org_key="cn.xj.wlmq.tsd.u001",
                      roles="auditor")
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    admin.get(path)
    assert admin.send(f"{path}/code", reason="").status_code == 422
    admin.get(path)
    shown = admin.send(f"{path}/code", reason="新到岗")
    code = re.search(r'<code class="code">([^<]+)</code>', shown.text)
    assert code is not None and code[1] not in admin.get(path).text and "已发放" in admin.get(path).text
    holder = Visitor(api.app)
    holder.get("/first-password")
    assert holder.send("/first-password", code=code[1], password=PASSWORD, again=PASSWORD).headers["location"].startswith("/sign-in")
    admin.get(path)
    assert admin.send(f"{path}/close", reason="离岗").headers["location"].endswith("done=closed")
    assert "停用" in admin.get(path).text
    holder.get("/sign-in")
    assert holder.send("/sign-in", login="xj.new", password=PASSWORD).status_code == 401
    admin.get(path)
    assert admin.send(f"{path}/reopen", reason="返岗").headers["location"].endswith("done=reopened")


def test_roles_change_and_sessions_end(api: Api, now: datetime) -> None:
    admin, holder = visitor(api, "xj.admin", now), visitor(api, "xj.office2", now)
    path = f"/admin/accounts/{api.world.account('xj.office2')}"
    admin.get(path)
    both = admin.send(f"{path}/roles", roles=["office_reviewer", "auditor"], reason="x")
    assert both.status_code == 422 and "不得与其他角色兼任" in both.text
    assert holder.get("/account").status_code == 200
    admin.get(path)
    assert admin.send(f"{path}/roles", roles=["senior_reviewer"], reason="晋升").headers["location"].endswith("done=roles")
    assert holder.get("/account").status_code == 303
    assert "办事处复审" in visitor(api, "xj.office2", now).get("/account").text
    own = f"/admin/accounts/{api.world.account('xj.admin')}"
    admin.get(own)
    assert admin.send(f"{own}/roles", roles=["head"], reason="x").status_code == 422
    assert admin.send(f"{own}/close", reason="x").status_code == 422


def test_a_leaked_token_is_stopped_though_nobody_is_signed_in(api: Api, now: datetime) -> None:
    admin, path = visitor(api, "xj.admin", now), f"/admin/accounts/{api.world.account('xj.head')}"
    assert api.get("xj.head", "/me").status_code == 200
    assert "程序所用的凭证也随即失效" in admin.get(path).text
    assert admin.send(f"{path}/sessions", reason="凭证外泄").headers["location"].endswith("done=sessions")
    assert api.get("xj.head", "/me").status_code == 401


def test_the_second_factor_is_reset_with_a_reason(api: Api, now: datetime) -> None:
    admin, holder = visitor(api, "xj.admin", now), visitor(api, "xj.head", now)
    path = f"/admin/accounts/{api.world.account('xj.head')}"
    admin.get(path)
    assert admin.send(f"{path}/factor", reason=" ").status_code == 422
    assert holder.get("/account").status_code == 200
    admin.get(path)
    assert admin.send(f"{path}/factor", reason="手机遗失，已核实本人").headers["location"].endswith("done=factor")
    assert holder.get("/account").status_code == 303


def test_another_offices_accounts_and_organisations_are_out_of_sight(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    assert "nx.head" not in admin.get("/admin/accounts", q="head").text and "xj.head" in admin.get("/admin/accounts", q="head").text
    foreign = f"/admin/accounts/{api.world.account('nx.head')}"
    assert admin.get(foreign).status_code == 404
    admin.get("/admin/accounts")
    for act in ("code", "close", "roles", "factor", "sessions"):
        admin.get("/admin/accounts/new")
        assert admin.send(f"{foreign}/{act}", reason="x", roles="head").status_code == 404, act
    assert admin.get(f"/admin/organisations/{api.world.org('cn.nx.')}").status_code == 404


def test_an_organisation_is_added_renamed_moved_and_closed(api: Api, now: datetime) -> None:
    admin = visitor(api, "xj.admin", now)
    district = f"/admin/organisations/{api.world.org('cn.xj.wlmq.tsd.')}"
    admin.get(district)
    wrong = admin.send(f"{district}/add", code="U 9", name="示例九厂工会", kind="unit")
    assert wrong.status_code == 422 and 'value="示例九厂工会"' in wrong.text
    made = admin.send(f"{district}/add", code="u009", name="示例九厂工会", kind="unit")
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    version = re.search(r'name="version" value="(\d+)"', admin.get(path).text)
    assert version is not None
    done = admin.send(f"{path}/words", version=version[1], name="示例九厂有限公司工会", why="更名")
    assert done.headers["location"].endswith("done=words")
    admin.get(path)
    stale = admin.send(f"{path}/words", version=version[1], name="另一个名字", why="更名")
    assert stale.status_code == 409 and "已被他人更新" in stale.text and 'value="另一个名字"' in stale.text
    version = re.search(r'name="version" value="(\d+)"', admin.get(path).text)
    assert version is not None
    assert admin.send(f"{path}/move", version=version[1], to="cn.xj.wlmq", why="区划调整").headers["location"].endswith("done=move")
    page = admin.get(path).text
    assert "cn.xj.wlmq.u009" in page and "更名" in page and "区划调整" in page
    assert admin.send(f"{path}/liaison", area="cn.xj.wlmq", who="理赔席", duty="理赔联络", phone="0991-0000000",
                      from_on=business_day(now)).headers["location"].endswith("done=liaison")
    assert "理赔联络" in admin.get(path).text
    version = re.search(r'name="version" value="(\d+)"', admin.get(path).text)
    assert version is not None
    assert admin.send(f"{path}/close", version=version[1], why="撤并").headers["location"].endswith("done=close")


def test_a_rule_change_takes_two_persons(api: Api, now: datetime) -> None:
    admin, head = visitor(api, "xj.admin", now), visitor(api, "xj.head", now)
    day = business_day(now) + timedelta(days=7)
    names = re.findall(r'name="on" value="([a-z]+)"', admin.get("/releases").text)
    assert len(names) == 9
    weaker = admin.send("/releases", kind="separation_rule", on=names[1:], effective_on=day, note="试")
    assert weaker.status_code == 422 and "不能取消" in weaker.text
    admin.get("/releases")
    made = admin.send("/releases", kind="separation_rule", on=names, effective_on=day, note="年度确认")
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    digest = re.search(r'<dd class="mono">([0-9a-f]{64})</dd>', admin.get(path).text)
    assert digest is not None and "放行</button>" not in admin.get(path).text
    assert admin.send(f"{path}/release", digest=digest[1]).status_code == 409
    head.get(path)
    assert head.send(f"{path}/release", digest="0" * 64).status_code == 409
    head.get(path)
    assert head.send(f"{path}/release", digest=digest[1]).headers["location"].endswith("done=release")
    assert "已放行" in admin.get(path).text


def test_an_administrator_reaches_no_medical_data(api: Api, now: datetime) -> None:
    claim_no = api.report()
    admin = visitor(api, "xj.admin", now)
    admin.get("/account")
    keys = admin.keys()
    mine = [route for route in routes() if isinstance(route.roles, str) or "administrator" in route.roles]
    closed = [route for route in routes() if route not in mine]
    assert {route.path for route in closed} >= {"/claims/{claim_no}", "/search", "/work"}
    for route in closed:
        path = re.sub(r"\{[^}]*\}", claim_no, route.path)
        answer = admin.get(path) if route.method == "GET" else admin.http.post(path, headers={"origin": HOST}, data=keys)
        assert answer.status_code == 403, route
    member = api.world.member(0, "xj").synthetic
    for route in mine:
        if route.method == "GET" and "{" not in route.path:
            text = admin.get(route.path).text
            assert not [word for word in (EVENT["icd10"], claim_no, member.id_number, "病理") if word in text], route
