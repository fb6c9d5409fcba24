"""The public page: number and code in; where, what next, by when and how counted out, and nothing else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.limits import Limiter
from services.reporting.progress import progress
from services.web import words_en, words_zh
from statemachines.states import ClaimState
from tests.services.api_world import Api
from tests.support.paper_files import small_pdf
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def code_of(api: Api, claim_no: str) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT code FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one())


def look(api: Api, claim_no: str, code: str, lang: str = "zh") -> httpx.Response:
    return api.http.post(f"/progress?lang={lang}", data={"claim_no": claim_no, "code": code})


class Text(HTMLParser):
    """What a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.parts.append(data.strip())


def seen(page: httpx.Response) -> str:
    parser = Text()
    parser.feed(page.text)
    return "\n".join(parser.parts)


def test_a_reported_claim_says_where_next_and_by_when(api: Api) -> None:
    claim_no = api.report()
    page = look(api, claim_no, code_of(api, claim_no))
    text = seen(page)
    assert page.status_code == 200
    assert "已收到报案，正在核对材料。" in text
    # Verification: two working days from Friday 20 March 2026.
    assert "2026年3月24日" in text
    assert "自3月20日次日起算，第2个工作日为3月24日" in text
    # Diagnosed on 16 March: ten days end on 26 March (scenario S01).
    assert "2026年3月20日 报案；最后期限 2026年3月26日。按时。" in text


def test_a_verified_claim_shows_the_promise_and_its_count_in_english(api: Api) -> None:
    claim_no = api.in_review()
    page = look(api, claim_no, code_of(api, claim_no), "en")
    text = seen(page)
    # 15 working days from 20 March 2026 end on 13 April (seed table working-days.csv).
    assert "Money in the account by 13 April 2026 at the latest" in text
    assert "Counting begins the day after 20 March 2026." in text
    assert "3 days of Tomb-Sweeping Day" in text
    assert "The 15th working day is 13 April 2026." in text
    assert re.search(r"[\u4e00-\u9fff]", text.replace("中文", "")) is None


def test_nothing_personal_is_shown(api: Api) -> None:
    claim_no = api.in_review()
    text = look(api, claim_no, code_of(api, claim_no)).text
    member = api.world.member(0, "xj").synthetic
    for secret in (member.name, member.id_number, "C53", "恶性", "女职工", "60000", "示例医院", "天山"):
        assert secret not in text, secret


def test_a_pause_says_that_the_member_is_waited_for(api: Api) -> None:
    claim_no = api.in_review()
    api.act("xj.clerk", claim_no, "pass", {"seen": api.get("xj.clerk", f"/claims/{claim_no}/head").json()["digest"]})
    asked = api.act("xj.district", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "影像不清"}]})
    assert asked.status_code == 200, asked.text
    supplement = api.get("xj.clerk", f"/claims/{claim_no}").json()["supplements"][0]
    api.clock.advance(timedelta(days=3))
    delivered = api.post("xj.clerk", f"/supplements/{supplement['id']}/delivered", {"on": "2026-03-23"},
                         version=supplement["version"])
    assert delivered.status_code == 200, delivered.text
    text = seen(look(api, claim_no, code_of(api, claim_no)))
    assert "需要您补充材料" in text
    assert "期限已中止：自 2026年3月23日 次日起等待补充材料" in text
    assert "补充材料\n2026年3月20日\n当前" in text
    assert "中止前为 2026年4月13日" in text
    assert "2026年4月22日" in text                      # 30 calendar days after delivery


def test_a_late_step_says_so(api: Api) -> None:
    claim_no = api.report()
    api.clock.advance(timedelta(days=7))               # Friday 27 March: three working days after the 24th
    assert "已超过期限 3 个工作日" in seen(look(api, claim_no, code_of(api, claim_no)))


def test_wrong_number_and_wrong_code_look_the_same(api: Api) -> None:
    claim_no = api.report()
    wrong_code = look(api, claim_no, "ABCDEFGH")
    wrong_number = look(api, "XJ2026-9999-990", code_of(api, claim_no))
    assert (wrong_code.status_code, wrong_number.status_code) == (404, 404)
    assert wrong_code.text.replace(claim_no, "N") == wrong_number.text.replace("XJ2026-9999-990", "N")
    assert look(api, f" {claim_no.lower()} ", f" {code_of(api, claim_no).lower()}").status_code == 200


def test_a_code_never_stands_in_an_address(api: Api) -> None:
    claim_no = api.report()
    page = api.http.get("/progress", params={"no": claim_no, "code": code_of(api, claim_no)})
    assert "已收到报案" not in page.text
    assert f'value="{claim_no}"' in page.text
    result = look(api, claim_no, code_of(api, claim_no)).text
    assert f"code={code_of(api, claim_no)}" not in result


def test_guessing_is_slowed_down(api: Api) -> None:
    claim_no = api.report()
    answers = [look(api, claim_no, f"AAAAAA{n:02d}") for n in range(11)]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 6
    assert look(api, claim_no, code_of(api, claim_no)).status_code == 429


def test_the_limiter_gives_back_with_time_and_forgets_old_addresses() -> None:
    time = [0]
    limiter = Limiter(size=2, seconds=6, addresses=2, clock=lambda: time[0])
    assert [limiter.wait("a") for _ in range(3)] == [0, 0, 6]
    time[0] += 5_900
    assert limiter.wait("a") == 1
    time[0] += 200
    assert limiter.wait("a") == 0
    assert (limiter.wait("b"), limiter.wait("c"), limiter.wait("a")) == (0, 0, 0)   # a was forgotten


def test_the_page_is_strict_and_needs_no_script(api: Api) -> None:
    claim_no = api.report()
    for page in (api.http.get("/progress"), look(api, claim_no, code_of(api, claim_no)), look(api, claim_no, "WRONG")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        assert re.findall(r"<script(?! src=\"/static/)", page.text) == []
        assert "style=" not in page.text
    assert api.http.get("/static/page.css").headers["content-type"].startswith("text/css")
    assert api.http.get("/static/../pages.py").status_code == 404
    assert api.http.get("/", follow_redirects=False).headers["location"] == "/progress"


def test_what_is_typed_in_comes_back_as_text(api: Api) -> None:
    page = look(api, '"><script>alert(1)</script>', "x")
    assert "<script>" not in page.text
    assert look(api, "", "").status_code == 422


def test_the_browsers_language_is_taken_until_the_reader_chooses(api: Api) -> None:
    english = api.http.get("/progress", headers={"Accept-Language": "en-GB,en;q=0.8,zh;q=0.5"})
    assert 'lang="en"' in english.text
    assert "Where is my claim?" in english.text
    chosen = api.http.get("/progress", params={"lang": "zh"}, headers={"Accept-Language": "en"})
    assert "办理进度查询" in chosen.text
    assert "办理进度查询" in api.http.get("/progress").text


def test_both_languages_say_the_same_things() -> None:
    assert set(words_zh.WORDS) == set(words_en.WORDS)
    assert set(words_zh.STATES) == set(words_en.STATES) == {state.value for state in ClaimState}
    for key, text in words_zh.WORDS.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", words_en.WORDS[key])), key


def test_the_walk_of_a_refused_and_a_withdrawn_claim_ends_there(api: Api) -> None:
    claim_no = api.report()
    assert api.upload("xj.m0", f"/claims/{claim_no}/papers", small_pdf(), kind="withdrawal").status_code == 201
    gone = api.act("xj.m0", claim_no, "withdraw", {"reason": "本人不再申请"})
    assert gone.json()["state"] == "cancelled", gone.text
    with api.db.view(ROOT.scope) as session:
        found = progress(session, claim_no, code_of(api, claim_no), today=api.clock.now().date())
    assert found is not None
    assert [(stop.state, stop.here) for stop in found.walk] == [("reported", False), ("cancelled", True)]
    text = seen(look(api, claim_no, code_of(api, claim_no)))
    assert "本案已撤回。" in text
    assert "这一步没有期限。" in text
