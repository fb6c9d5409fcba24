"""The own account at the pages: sessions, password, second factor, how pages look, leave."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from services.access import credentials
from services.access.sessions import open_session
from services.core.clock import business_day
from services.core.db import Database
from services.web.door import COOKIE
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

PASSWORD, OTHER = "green-ladder-17-window", "quiet-river-42-bridge"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def visitor(api: Api, login: str, now: datetime, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now, language)


def give_password(api: Api, login: str, now: datetime) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        code = credentials.issue_password_link(session, account_id=api.world.account(login), reason="新到岗",
                                               actor=api.world.actors["admin"], now=now)
        credentials.redeem_password_link(session, code=code, password=PASSWORD, now=now)


def set_up(who: Visitor) -> tuple[str, list[str]]:
    """A second factor by the page: its secret and the recovery codes."""
    secret = re.search(r'<code class="number">([A-Z2-7]+)</code>', who.get("/account/factor").text)
    assert secret is not None
    code = pyotp.TOTP(secret[1]).at(datetime.now(UTC))
    assert who.send("/account/factor", code=code, password="not the one at all").status_code == 401     # whoever found the desk open
    shown = who.send("/account/factor", code=code, password=PASSWORD)
    return secret[1], re.findall(r"<li><code>([^<]+)</code>", shown.text)


def test_the_account_says_who_i_am_in_both_languages(api: Api, now: datetime) -> None:
    page = visitor(api, "xj.office1", now).get("/account").text
    assert api.world.actors["xj.office1"].name in page and "办事处初审" in page and "中国职工保险互助会新疆办事处" in page
    english = visitor(api, "xj.office1", now, "en").get("/account").text
    assert "My account" in english and "Sign in with" not in english and "Where I am signed in" in english


def test_other_sessions_are_ended(api: Api, now: datetime) -> None:
    one, two, three = (visitor(api, "xj.clerk", now) for _ in range(3))
    page = one.get("/account").text
    chosen = re.findall(r'name="session" value="([^"]+)"', page)
    assert len(chosen) == 2 and page.count("就是这里") == 1
    assert one.send("/account/sessions/end", session=chosen[0]).headers["location"] == "/account?done=ended"
    assert sorted(each.get("/account").status_code for each in (two, three)) == [200, 303]
    one.get("/account")
    assert one.send("/account/sessions/end").headers["location"] == "/account?done=others"
    assert [each.get("/account").status_code for each in (one, two, three)] == [200, 303, 303]
    stranger = visitor(api, "xj.clerk2", now)
    own = re.findall(r'name="session" value="([^"]+)"', stranger.get("/account").text)
    assert own == []
    assert stranger.send("/account/sessions/end", session=chosen[0]).status_code == 404


def test_the_password_is_changed_with_the_old_one(api: Api, now: datetime) -> None:
    give_password(api, "xj.clerk", now)
    me = visitor(api, "xj.clerk", now)
    me.get("/account")
    wrong = me.send("/account/password", old="not the old one", password=OTHER, again=OTHER)
    assert wrong.status_code == 401 and "原密码不对" in wrong.text and OTHER not in wrong.text
    assert me.send("/account/password", old=PASSWORD, password=OTHER, again=OTHER + "x").status_code == 422
    assert me.send("/account/password", old=PASSWORD, password=OTHER, again=OTHER).headers["location"] == "/account?done=password"
    fresh = Visitor(api.app)
    fresh.get("/sign-in")
    assert fresh.send("/sign-in", login="xj.clerk", password=PASSWORD).status_code == 401
    assert fresh.send("/sign-in", login="xj.clerk", password=OTHER).headers["location"] == "/"


def test_a_second_factor_its_recovery_codes_and_another_phone(api: Api, now: datetime) -> None:
    give_password(api, "xj.clerk", now)
    with api.db.unit_of_work(ROOT.scope) as session:
        token = open_session(
            session, account_id=api.world.account("xj.clerk"), stage="full", door="password", agent="t", address="127.0.0.1", now=now)
    me = Visitor(api.app, token)
    secret, codes = set_up(me)
    assert len(codes) == 10
    fresh = Visitor(api.app)
    fresh.get("/sign-in")
    assert fresh.send("/sign-in", login="xj.clerk", password=PASSWORD).headers["location"].startswith("/sign-in/code")
    recovered = fresh.send("/sign-in/code", code=codes[0], next="/account")
    assert recovered.status_code == 200 and "还剩 9 个" in recovered.text and COOKIE in recovered.headers["set-cookie"]
    me.get("/account")
    assert me.send("/account/factor/codes", code="000000").status_code == 401
    renewed = me.send("/account/factor/codes", code=codes[1])
    again = re.findall(r"<li><code>([^<]+)</code>", renewed.text)
    assert len(again) == 10 and not set(again) & set(codes)
    me.get("/account")
    assert me.send("/account/factor/give-up", present=codes[2]).status_code == 401      # the old ones stopped
    assert me.send("/account/factor/give-up", present=again[0]).headers["location"] == "/account/factor?done=given_up"
    newer, _ = set_up(me)
    assert newer != secret and fresh.get("/account").status_code == 303


def test_theme_and_language_are_cookies(api: Api, now: datetime) -> None:
    me = visitor(api, "xj.clerk", now)
    me.get("/account")
    assert me.send("/account/choices", theme="dark", language="en").headers["location"] == "/account?done=chosen"
    page = me.get("/account").text
    assert 'data-theme="dark"' in page and 'lang="en"' in page
    assert "HttpOnly" in me.send("/account/choices", theme="", language="zh").headers["set-cookie"]
    assert "data-theme" not in me.get("/account").text


def test_leave_is_arranged_and_ended(api: Api, now: datetime) -> None:
    me, other = visitor(api, "xj.office1", now), visitor(api, "xj.office2", now)
    today = business_day(now)
    me.get("/account/leave")
    chosen = str(api.world.account("xj.office2"))
    past = me.send("/account/leave", account_id=chosen, from_on=today - timedelta(days=1), until_on=today, reason="年假")
    assert past.status_code == 422 and "代理不能从过去的日子起算" in past.text and 'value="年假"' in past.text
    made = me.send("/account/leave", account_id=chosen, from_on=today, until_on=today + timedelta(days=4), reason="年假",
                   roles="office_reviewer")
    assert made.headers["location"] == "/account/leave?done=appointed"
    assert "代理中" in me.get("/account/leave").text
    page = other.get("/account/leave").text
    assert api.world.actors["xj.office1"].name in page
    found = re.search(r'name="substitute" value="([^"]+)"', page)
    assert found is not None
    stranger = visitor(api, "nx.office1", now)
    stranger.get("/account/leave")
    assert stranger.send("/account/leave/end", substitute=found[1], why="x").status_code == 404
    other.get("/account/leave")
    assert other.send("/account/leave/end", substitute=found[1], why="提前返岗").headers["location"] == "/account/leave?done=ended"
    assert "代理中" not in me.get("/account/leave").text


def test_nobody_reaches_an_account_without_signing_in(api: Api) -> None:
    nobody = Visitor(api.app)
    for path in ("/account", "/account/factor", "/account/leave"):
        assert nobody.get(path).headers["location"].startswith("/sign-in?next=")
