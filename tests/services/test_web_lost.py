"""Addresses that are no pages, and signs that no record keeps: somebody at a browser gets a page with a way on."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def member(api: Api) -> Visitor:
    return sign_in(api.app, api.db, api.world, "xj.m0", api.clock.now())


def test_a_mistyped_address_is_a_page_with_a_way_on(member: Visitor) -> None:
    answer = member.get("/mien")
    assert answer.status_code == 404 and "没有这个页面" in answer.text and 'href="/"' in answer.text


@pytest.mark.parametrize(("address", "page"), [
    ("/mine/XJ2026-0001-001/talk", "/mine/XJ2026-0001-001"), ("/account/password", "/account"), ("/sign-out", "/"), ("/plans/", "/plans"),
    ("//evil.example/", "/evil.example")])
def test_where_only_a_form_goes_leads_to_its_page(member: Visitor, address: str, page: str) -> None:
    """A refused form leaves its own address behind: reading that again, or in another language, is no dead end."""
    answer = member.http.get(f"http://testserver{address}")
    assert (answer.status_code, answer.headers["location"]) == (303, page)


def test_the_interface_answers_for_its_own_addresses(member: Visitor) -> None:
    for path in ("/api/v1/nothing", "/api/v1/cases"):
        assert member.get(path).headers["content-type"] == "application/problem+json"
    assert member.get("/api/v1/cases").status_code == 405


def test_signs_that_cannot_be_kept_are_refused_on_a_page(api: Api) -> None:
    head = sign_in(api.app, api.db, api.world, "xj.head", api.clock.now())
    reason = re.findall(r'<option value="(\w+)"', head.get("/phrases").text)[0]
    answer = head.send("/phrases", reason=reason, words="a\0b")
    assert answer.status_code == 422 and "<main" in answer.text and "不能保存的字符" in answer.text


def test_a_form_beyond_all_measure_is_refused_on_a_page(member: Visitor) -> None:
    member.get("/account")
    answer = member.send("/report", person="x" * 1_100_000)
    assert answer.status_code == 422 and "<main" in answer.text and "内容太长" in answer.text


def test_a_member_is_not_shown_to_the_leave_of_offices(api: Api, member: Visitor) -> None:
    assert "/account/leave" not in member.get("/account").text
    assert "/account/leave" in sign_in(api.app, api.db, api.world, "xj.office1", api.clock.now()).get("/account").text


def test_a_file_that_is_not_what_it_says_is_refused_at_its_field(api: Api, member: Visitor) -> None:
    claim_no = api.report()
    member.get(f"/mine/{claim_no}")
    answer = member.send(f"/mine/{claim_no}/talk", files={"files": ("a.png", b"no picture", "image/png")}, words="见附件")
    assert answer.status_code == 422 and 'href="#files"' in answer.text and ">见附件</textarea>" in answer.text
    assert '<details open><summary>附上图片或文件' in answer.text
