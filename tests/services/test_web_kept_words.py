"""Nothing that a person wrote is lost when the page cannot take it: her session ended meanwhile, or the page grew too old."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in

WORDS = "请补充出院小结，第二页看不清"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_session_that_ended_in_the_middle_of_a_message_gives_the_words_back(api: Api) -> None:
    answer = Visitor(api.app).send("/claims/XJ2026-0000-017/talk", words=WORDS)
    assert answer.status_code == 401
    assert "登录已结束，本次没有写入" in answer.text
    assert WORDS in answer.text
    assert 'href="/sign-in"' in answer.text


def test_without_words_one_is_led_to_sign_in(api: Api) -> None:
    answer = Visitor(api.app).send("/claims/XJ2026-0000-017/take")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2F")


def test_a_page_too_old_gives_the_words_back(api: Api, now: datetime) -> None:
    clerk = sign_in(api.app, api.db, api.world, "xj.clerk", now)
    answer = clerk.send("/claims/XJ2026-0000-017/talk", words=WORDS, csrf="of another session")
    assert answer.status_code == 403
    assert "页面已过期，本次没有写入" in answer.text
    assert WORDS in answer.text


def test_a_form_of_another_site_is_not_repeated(api: Api) -> None:
    answer = Visitor(api.app).http.post("/claims/XJ2026-0000-017/talk", data={"words": WORDS}, headers={"origin": "https://other.example"})
    assert answer.status_code == 403
    assert WORDS not in answer.text


def test_an_account_for_an_unknown_organisation_keeps_the_form(api: Api, now: datetime) -> None:
    admin = sign_in(api.app, api.db, api.world, "xj.admin", now)
    answer = admin.send("/admin/accounts", org_key="cn.nowhere", login="xj.new", name="样六荷", roles="unit_clerk")
    assert answer.status_code == 422
    assert "没有这个组织" in answer.text
    assert 'value="xj.new"' in answer.text
    assert 'id="org_key-fault"' in answer.text or 'href="#org_key"' in answer.text
