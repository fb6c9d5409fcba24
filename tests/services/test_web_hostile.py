"""What no browser of ours would send: signs no text has, numbers no record has, addresses that lead nowhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in

HUGE = "9" * 5000       # longer than Python reads as a number
ADDRESSES = ("/claims/%00", "/sheets/%00", "/sheets?month=0000-01", "/runs?month=x", "/team?after=%00", "/people/%00", "/plans/x?on=%00",
             "/work?q=%00", f"/work?after={HUGE}", "/work?after=2026-01-01|x", "/book?day=9999-99-99", "/handoffs?state=%00",
             f"/audit/separation?year={HUGE}", "/audit/separation?year=0", f"/admin/calendars?year={HUGE}", "/audit/record?claim=%00")


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str) -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now())


@pytest.mark.parametrize("login", ["xj.clerk", "xj.head", "xj.auditor", "xj.admin"])
def test_an_address_of_nonsense_is_answered_by_a_page(api: Api, login: str) -> None:
    visitor = person(api, login)
    for address in ADDRESSES:
        answer = visitor.get(address)
        assert answer.status_code in (200, 303, 403, 404, 422), address
        assert answer.status_code == 303 or answer.headers["content-type"].startswith("text/html"), address


WISHES = ("//[", "//evil.example", "/\\evil.example", "https://evil.example/", "/\t/evil.example", "javascript:alert(1)")


@pytest.mark.parametrize("wish", WISHES)
def test_nobody_is_led_elsewhere_after_signing_in(api: Api, wish: str) -> None:
    page = Visitor(api.app).get("/sign-in", next=wish)
    assert page.status_code == 200
    assert 'name="next" value="/"' in page.text


def test_numbers_and_signs_that_no_record_has_are_refused_in_a_form(api: Api) -> None:
    claim_no = api.in_review()
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}")
    assert clerk.send(f"/claims/{claim_no}/delegate", version=HUGE, seq=HUGE, reason="出差").status_code == 422
    clerk.get("/work")
    assert clerk.send("/bulk/pass", ask=f"{claim_no}|{HUGE}|x").status_code in (409, 422)
    clerk.get(f"/claims/{claim_no}")
    assert clerk.send(f"/claims/{claim_no}/talk", to="member", words="有\0字").status_code == 422
    clerk.get("/search")
    assert clerk.send("/search", words="\0").status_code in (200, 422)


def test_a_form_sent_twice_does_it_once(api: Api) -> None:
    claim_no = api.in_review()
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}")
    for _ in range(2):
        assert clerk.send(f"/claims/{claim_no}/talk", to="member", words="请补交出院小结原件").status_code == 303
    assert clerk.get(f"/claims/{claim_no}").text.count("请补交出院小结原件") == 1


def test_what_is_typed_is_shown_as_text_never_as_a_page(api: Api) -> None:
    claim_no = api.in_review()
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}")
    bad = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    assert clerk.send(f"/claims/{claim_no}/talk", to="member", words=bad).status_code == 303
    for address in (f"/claims/{claim_no}", f"/work?q={bad}", f"/claims/{claim_no}?done={bad}", f"/sign-in?next={bad}"):
        text = clerk.get(address).text
        assert "<script>alert" not in text and "<img src=x" not in text, address
    refused = clerk.send("/search", words=bad)
    assert "<script>alert" not in refused.text


def test_an_empty_field_is_named_in_the_words_of_the_page(api: Api) -> None:
    head = person(api, "xj.head")
    head.get("/samples")
    refused = head.send("/samples", plan="", size="")
    assert refused.status_code == 422
    assert "没有填写这一项" in refused.text and "键" not in refused.text.partition('class="problem"')[2].partition("</div>")[0]
