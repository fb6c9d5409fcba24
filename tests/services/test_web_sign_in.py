"""The way in at the pages: password, second factor, lockout without telling, forms from elsewhere, the way out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest

from services.access import credentials
from services.core.db import Database
from services.web.door import COOKIE
from tests.services.api_world import Api
from tests.support.signed_in import HOST, Visitor, sign_in
from tests.support.world import ROOT

PASSWORD = "green-ladder-17-window"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def first_password(api: Api, now: datetime, login: str) -> Visitor:
    """An administrator's one-time code, and the password set with it."""
    with api.db.unit_of_work(ROOT.scope) as session:
        code = credentials.issue_password_link(session, account_id=api.world.account(login), reason="新到岗",
                                               actor=api.world.actors["admin"], now=now)
    visitor = Visitor(api.app)
    visitor.get("/first-password")
    answer = visitor.send("/first-password", code=code, password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?done=password_set")
    return visitor


def test_a_clerk_sets_a_password_signs_in_and_out(api: Api, now: datetime) -> None:
    visitor = first_password(api, now, "xj.clerk")
    answer = visitor.send("/sign-in", login="xj.clerk", password=PASSWORD, next="/progress")
    assert (answer.status_code, answer.headers["location"]) == (303, "/progress")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert "退出" in visitor.get("/progress").text
    kept = visitor.http.cookies[COOKIE]
    assert visitor.send("/sign-out").headers["location"] == "/sign-in?done=signed_out"
    assert "退出" not in Visitor(api.app, kept).get("/progress").text


def test_a_reviewer_sets_up_the_second_factor_before_anything_else(api: Api, now: datetime) -> None:
    visitor = first_password(api, now, "xj.office1")
    answer = visitor.send("/sign-in", login="xj.office1", password=PASSWORD)
    assert answer.headers["location"].startswith("/sign-in/enrol")
    assert visitor.get("/work").headers["location"].startswith("/sign-in?next=")
    secret = re.search(r'<code class="number">([A-Z2-7 ]+)</code>', visitor.get("/sign-in/enrol").text)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(datetime.now(UTC))
    shown = visitor.send("/sign-in/enrol", code=code, next="/progress")
    assert len(re.findall(r"<li><code>", shown.text)) == 10
    assert "退出" in visitor.get("/progress").text


def test_a_wrong_login_and_a_wrong_password_look_the_same(api: Api, now: datetime) -> None:
    visitor = first_password(api, now, "xj.clerk")
    one = visitor.send("/sign-in", login="xj.clerk", password="not the one at all")
    other = visitor.send("/sign-in", login="nobody.here", password="not the one at all")
    assert one.status_code == other.status_code == 401
    assert one.text.replace("xj.clerk", "L") == other.text.replace("nobody.here", "L")


def test_nobody_is_led_to_another_site(api: Api, now: datetime) -> None:
    first_password(api, now, "xj.clerk")
    for wish in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        answer = Visitor(api.app).send("/sign-in", login="xj.clerk", password=PASSWORD, next=wish)
        assert answer.headers["location"] == "/"


def test_a_form_from_elsewhere_is_refused(api: Api, now: datetime) -> None:
    visitor = sign_in(api.app, api.db, api.world, "xj.clerk", now)
    for headers in ({"origin": "https://evil.example"}, {"origin": HOST, "sec-fetch-site": "cross-site"}):
        assert visitor.http.post("/sign-out", data=visitor.keys(), headers=headers).status_code == 403
    assert visitor.http.post("/sign-out", data={"csrf": "x"}, headers={"origin": HOST}).status_code == 403
    assert "退出" in visitor.get("/progress").text
