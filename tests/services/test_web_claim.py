"""The claim page: what each person sees of a claim, what is recorded, what is refused."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.review.queries import reasons
from services.rulebook.facts import FACTS
from services.storage.quality import ADVICE
from services.web import claim_words, file_words
from tests.services.api_world import Api
from tests.services.claim_pages import hidden, looks, person, press
from tests.support.signed_in import Visitor


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_the_page_tells_the_whole_file(api: Api) -> None:
    claim_no = api.in_review()
    page = person(api, "xj.auditor").get(f"/claims/{claim_no}")
    assert page.status_code == 200
    text = page.text
    for said in (claim_no, "审核中", "病检标本提取日", "2026年3月12日", "单位", "核算表", "4月13日", "时限", "病理", "记录", "核验通过"):
        assert said in text, said
    assert api.world.member(0, "xj").synthetic.id_number not in text
    assert "现在没有须由您办理的事项" in text
    assert looks(api, "claim") == 1


def test_who_may_open_it(api: Api) -> None:
    claim_no = api.in_review()
    answers = {login: person(api, login).get(f"/claims/{claim_no}") for login in
               ("xj.clerk", "xj.clerk2", "xj.head", "xj.auditor", "xj.admin", "xj.maker", "nx.head", "xj.m0")}
    assert {login: answer.status_code for login, answer in answers.items()} == {
        "xj.clerk": 200, "xj.clerk2": 404, "xj.head": 200, "xj.auditor": 200, "xj.admin": 403, "xj.maker": 403, "nx.head": 404,
        "xj.m0": 303}
    assert answers["xj.m0"].headers["location"] == f"/mine/{claim_no}"
    assert Visitor(api.app).get(f"/claims/{claim_no}").headers["location"].startswith("/sign-in")


def test_papers_and_letters_are_served_and_each_look_is_recorded(api: Api) -> None:
    claim_no = api.in_review()
    district = person(api, "xj.district")
    paper = re.search(r'/papers/([0-9a-f-]+)/content"', district.get(f"/claims/{claim_no}").text)
    assert paper is not None
    before = looks(api, "paper:%")
    content = district.get(f"/papers/{paper[1]}/content")
    assert content.headers["content-type"] == "image/png"
    assert content.content.startswith(b"\x89PNG")
    assert "sandbox" in content.headers["content-security-policy"] or "default-src 'none'" in content.headers["content-security-policy"]
    assert looks(api, "paper:%") == before + 1
    assert person(api, "nx.head").get(f"/papers/{paper[1]}/content").status_code == 404
    assert person(api, "xj.admin").get(f"/papers/{paper[1]}/content").status_code == 403
    assert district.get("/papers/none/content").status_code == 404


def test_a_full_number_is_shown_for_a_reason_and_recorded(api: Api) -> None:
    claim_no = api.in_review()
    number = api.world.member(0, "xj").synthetic.id_number
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}/unmask")
    refused = clerk.send(f"/claims/{claim_no}/unmask", what="id_number", reason=" ")
    assert refused.status_code == 422
    assert number not in refused.text
    assert looks(api, "unmask:%") == 0
    assert number in clerk.send(f"/claims/{claim_no}/unmask", what="id_number", reason="与纸质身份证核对").text
    assert looks(api, "unmask:id_number:%") == 1


def test_the_list_goes_on_with_the_next_claim(api: Api) -> None:
    first, second = api.in_review(0), api.in_review(1)
    clerk = person(api, "xj.clerk")
    page = clerk.get(f"/claims/{first}?from=work").text
    assert f'href="/claims/{second}?from=work"' in page
    assert f'rel="prev" data-key="k" aria-keyshortcuts="k" href="/claims/{first}' in clerk.get(f"/claims/{second}?from=work").text
    assert 'rel="prev"' not in clerk.get(f"/claims/{second}").text


def test_an_open_page_learns_that_the_claim_moved_on(api: Api) -> None:
    claim_no = api.in_review()
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}")
    shown = int(hidden(clerk)["seq"])
    assert clerk.get(f"/claims/{claim_no}/pulse").json() == {"seq": shown}
    press(clerk, claim_no, "take")
    assert clerk.get(f"/claims/{claim_no}/pulse").json()["seq"] > shown


def test_the_page_in_english_leaves_only_the_files_own_words_chinese(api: Api) -> None:
    claim_no = api.in_review()
    text = person(api, "xj.district", "en").get(f"/claims/{claim_no}").text
    own = re.compile(r'<(\w+)[^>]* lang="zh-CN"[^>]*>.*?</\1>', re.S)
    plain = re.sub(r"<[^>]+>", " ", own.sub(" ", text[text.index("<main"):]))
    assert set(re.findall(r"[\u4e00-\u9fff、，。：]+", plain)) == set()
    assert "Under review" in text


def test_the_keys_are_a_page_too(api: Api) -> None:
    assert "键盘操作" in person(api, "xj.head").get("/keys").text


def test_staff_and_member_write_and_notes_stay_inside(api: Api) -> None:
    claim_no = api.in_review()
    district, clerk = person(api, "xj.district"), person(api, "xj.clerk")
    assert press(district, claim_no, "talk", to="member", words="请确认取材日期").endswith("done=said")
    assert press(district, claim_no, "talk", to="office", words="疑似重复申报").endswith("done=noted")
    assert "没有内容" in press(district, claim_no, "talk", to="member", words=" ")
    assert "疑似重复申报" in person(api, "xj.head").get(f"/claims/{claim_no}").text
    page = clerk.get(f"/claims/{claim_no}").text
    assert "请确认取材日期" in page and "疑似重复申报" not in page


def test_the_words_of_the_file_are_all_known_to_the_pages() -> None:
    assert set(file_words.REASONS) >= set(reasons().values())
    assert claim_words.ADVICE == ADVICE
    assert set(file_words.FACTS) >= {spec.label for fact, spec in FACTS.items() if fact.startswith("event.")}
