"""My work: what waits for whom and why, filters, pages, and many claims passed as one act."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.reporting import worklists
from services.reporting.worklists import Wish
from tests.services.api_world import Api, picture
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def row(page: str, claim_no: str) -> str:
    """The table row of a claim, or nothing."""
    found = re.search(rf'<tr>(?:(?!</tr>).)*/claims/{claim_no}\?(?:(?!</tr>).)*</tr>', page, re.S)
    return found[0] if found else ""


def at_district(api: Api, n: int = 0) -> str:
    """A claim that its unit has certified."""
    claim_no = api.in_review(n)
    passed = api.act("xj.clerk", claim_no, "pass", {"seen": digest(api, claim_no)})
    assert passed.status_code == 200, passed.text
    return claim_no


def digest(api: Api, claim_no: str) -> str:
    return str(api.get("xj.clerk", f"/claims/{claim_no}").json()["claim"]["digest"])


def test_papers_wait_for_the_clerk_and_a_level_for_each_reviewer(api: Api) -> None:
    claim_no = api.report()
    clerk = person(api, "xj.clerk")
    assert not row(clerk.get("/work").text, claim_no), "nothing was handed in yet"
    api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture("a"), kind="diagnosis")
    page = clerk.get("/work").text
    told = row(page, claim_no)
    assert "核对材料" in told and "有材料待核对" in told and "还有" in told
    assert api.world.member(0, "xj").synthetic.name not in page
    assert not row(person(api, "xj.clerk2").get("/work").text, claim_no)
    assert not row(person(api, "xj.district").get("/work").text, claim_no), "the unit's clerk is there for it"
    certify = api.in_review(2)
    assert "核对后证明" in row(clerk.get("/work").text, certify)
    assert not row(person(api, "xj.district").get("/work").text, certify)
    other = at_district(api, 1)
    page = person(api, "xj.district").get("/work").text
    assert "轮到本级" in row(page, other) and "还有" in row(page, other) and f'value="{other}"' in row(page, other)
    assert not row(person(api, "xj.office1").get("/work").text, other)


def test_what_is_late_waits_above_too(api: Api) -> None:
    claim_no = api.report()
    api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture("a"), kind="diagnosis")
    api.clock.advance(timedelta(days=20))
    told = row(person(api, "xj.district").get("/work").text, claim_no)
    assert "已逾期" in told and "已超过" in told
    assert row(person(api, "xj.district").get("/work", due="late").text, claim_no)
    assert not row(person(api, "xj.district").get("/work", due="later").text, claim_no)


def test_a_promise_past_its_friday_is_late_on_sunday(api: Api) -> None:
    claim_no = at_district(api)
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE sla_clock SET due_on = '2026-03-20' WHERE state = 'running' AND kind = 'level'"))
    api.clock.advance(timedelta(days=2))
    told = row(person(api, "xj.district").get("/work").text, claim_no)
    assert "已逾期</small>" in told and "还有" not in told


def test_filters_stand_in_the_address(api: Api) -> None:
    claim_no = at_district(api)
    district = person(api, "xj.district")
    for query in ({"plan": "xj-women"}, {"q": claim_no[:6]}, {"q": claim_no.lower()}, {"what": "review"}, {"level": "district_reviewer"}):
        assert row(district.get("/work", **query).text, claim_no), query
    for query in ({"plan": "nx-ankangbao"}, {"q": "ZZ"}, {"what": "verify"}, {"level": "head"}, {"due": "late"}):
        page = district.get("/work", **query).text
        assert not row(page, claim_no) and "没有符合条件的事项" in page, query
    assert "没有符合条件" not in person(api, "xj.head").get("/work").text
    assert district.get("/work", after="nonsense").status_code == 422


def test_a_colleague_who_took_it_keeps_it(api: Api) -> None:
    claim_no = at_district(api)
    assert api.act("xj.district", claim_no, "take").status_code == 200
    assert "我已领取" in row(person(api, "xj.district").get("/work").text, claim_no)
    assert not row(person(api, "xj.city").get("/work").text, claim_no)


def test_a_message_and_a_return_say_so(api: Api) -> None:
    claim_no = at_district(api)
    said = api.post("xj.m0", f"/claims/{claim_no}/messages", {"words": "请问办到哪了"})
    assert said.status_code == 201, said.text
    clerk = person(api, "xj.clerk")
    told = row(clerk.get("/work").text, claim_no)
    assert "答复留言" in told and "会员有新留言" in told and "自 " in told
    clerk.get(f"/claims/{claim_no}")
    assert not row(clerk.get("/work").text, claim_no), "read"
    assert api.act("xj.district", claim_no, "send-back", {"reason": "opinion_incomplete"}).status_code == 200
    assert "退回后重办" in row(clerk.get("/work").text, claim_no)


def test_pages_follow_each_other_without_gap(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {at_district(api, n) for n in range(5)}
    monkeypatch.setattr(worklists, "PAGE", 2)
    actor = api.world.actor("xj.district")
    seen: list[str] = []
    with api.db.view(actor.scope) as session:
        names = dict(session.execute(sa.text("SELECT id, claim_no FROM claim")).all())
        after = ""
        while True:
            listed = worklists.worklist(session, actor, wish=Wish(), after=after, today=api.clock.now().date())
            seen += [names[key.claim_id] for key in listed.keys]
            after = listed.after
            if not after:
                break
    assert len(seen) == 5 and set(seen) == numbers


def bulk(visitor: Visitor, *numbers: str) -> str:
    visitor.get("/work")
    return visitor.send("/bulk", claim=list(numbers)).text


def asks(page: str) -> list[str]:
    return re.findall(r'name="ask" value="([^"]+)"', page)


def level(api: Api, claim_no: str) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT s.level FROM review_step s JOIN claim c ON c.id = s.claim_id AND c.round = s.round"
                                           " WHERE c.claim_no = :no AND s.state = 'open'"), {"no": claim_no}).scalar_one())


def test_many_pass_as_one(api: Api) -> None:
    numbers = [at_district(api, n) for n in range(3)]
    before = [level(api, number) for number in numbers]
    district = person(api, "xj.district")
    page = bulk(district, *numbers)
    assert "将通过的 3 件" in page and "合计" in page and [level(api, number) for number in numbers] == before
    answer = district.send("/bulk/pass", ask=asks(page))
    assert answer.headers["location"] == "/work?passed=3&done=bulk"
    assert "已成批通过 3 件" in district.get("/work", passed=3, done="bulk").text
    assert all(level(api, number) != was for number, was in zip(numbers, before, strict=True))


def test_one_in_the_way_stops_all_and_is_named(api: Api) -> None:
    numbers = [at_district(api, n) for n in range(3)]
    district = person(api, "xj.district")
    page = bulk(district, *numbers)
    held = api.act("xj.head", numbers[1], "hold", {"reason": "investigation"})
    assert held.status_code == 200, held.text
    refused = district.send("/bulk/pass", ask=asks(page))
    assert refused.status_code == 409 and "不能通过的 1 件" in refused.text and "将通过的 2 件" in refused.text
    assert numbers[1] in refused.text.split("将通过的 2 件")[0]
    assert level(api, numbers[0]) == "district"
    again = district.send("/bulk/pass", ask=asks(refused.text))
    assert again.headers["location"] == "/work?passed=2&done=bulk"
    assert level(api, numbers[1]) == "district" and level(api, numbers[0]) != "district"


def test_nothing_chosen_and_foreign_claims(api: Api) -> None:
    claim_no = at_district(api)
    district = person(api, "xj.district")
    district.get("/work")
    assert district.send("/bulk").headers["location"] == "/work?done=none_chosen"
    assert "没有选定案件" in district.get("/work", done="none_chosen").text
    stranger = person(api, "nx.district")
    page = bulk(stranger, claim_no)
    assert "已不在待我办理之列" in page and not asks(page)


def test_who_has_a_worklist(api: Api) -> None:
    answers = {login: person(api, login).get("/work").status_code for login in
               ("xj.clerk", "xj.head", "xj.auditor", "xj.admin", "xj.maker", "xj.m0")}
    assert answers == {"xj.clerk": 200, "xj.head": 200, "xj.auditor": 403, "xj.admin": 403, "xj.maker": 403, "xj.m0": 403}


def test_in_english_too(api: Api) -> None:
    claim_no = at_district(api)
    page = person(api, "xj.district", "en").get("/work").text
    assert "My work" in page and "working days left" in row(page, claim_no)
