"""The list on its pages: proposed, handed to a senior the second time, answered late by the member; pauses told in words."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from services.core.clock import at_hour
from services.core.db import Database
from services.evidence import service as evidence
from services.models import Notice
from services.reporting.claims import locate
from tests.services.api_world import Api, picture
from tests.services.claim_pages import hidden, person, press, state
from tests.services.member_pages import letters_out, one
from tests.support.signed_in import Visitor
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, tmp_path: Path) -> Api:
    return Api(db, at_hour(date(2026, 3, 20)), tmp_path)


def ask(visitor: Visitor, claim_no: str, verdict: str, **fields: object) -> str:
    visitor.get(f"/claims/{claim_no}/ask")
    answer = visitor.send(f"/claims/{claim_no}/ask", **{**hidden(visitor), "verdict": verdict, **fields})
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def answered_once(api: Api) -> str:
    """Asked for on 20 March, handed over, everything answered on 25 March: the clerk finds something else."""
    claim_no = api.report()
    clerk = person(api, "xj.clerk")
    assert ask(clerk, claim_no, "ask", want="pathology", **{"why-pathology": "缺病理诊断报告"}).endswith("done=asked")
    assert press(clerk, claim_no, "hand-list", on="").endswith("done=delivered")
    api.clock.advance(timedelta(days=5))
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}/answer-list")
    clerk.send(f"/claims/{claim_no}/answer-list", **{**hidden(clerk), "state-pathology": "unavailable", "note-pathology": "医院已撤并"})
    assert state(api, claim_no) == "reported"
    return claim_no


def test_a_second_list_is_prepared_waits_on_the_seniors_desk_and_goes_out(api: Api) -> None:
    claim_no = answered_once(api)
    clerk, senior = person(api, "xj.clerk"), person(api, "xj.senior")
    assert "2026年3月21日 至 2026年3月25日 不计，共 5 日：补充材料告知书 2026年3月20日 送达，2026年3月25日 收齐" in (
        clerk.get(f"/claims/{claim_no}").text)
    page = clerk.get(f"/claims/{claim_no}/ask").text
    assert "交复审人员" in page and "列出并告知" not in page
    wanted = {"want": "diagnosis", "why-diagnosis": "没有出具单位的印章", "how-diagnosis": ""}
    assert "再次告知须写明理由" in ask(clerk, claim_no, "prepare", **wanted, reason="")
    assert ask(clerk, claim_no, "prepare", **wanted, reason="病理报告撤回后才看出").endswith("done=prepared")
    assert "等复审人员决定" in clerk.get(f"/claims/{claim_no}/ask").text
    assert f'href="/claims/{claim_no}?from=work#todo"' in senior.get("/work?what=further").text
    assert claim_no not in clerk.get("/work?what=further").text
    page = senior.get(f"/claims/{claim_no}/ask").text
    assert 'value="没有出具单位的印章"' in page and 'name="want" value="diagnosis" checked' in page and "病理报告撤回后才看出" in page
    sent = ask(senior, claim_no, "release", **wanted, reason="病理报告撤回后才看出")
    assert sent.endswith("done=asked") and state(api, claim_no) == "supplementing"
    assert one(api, "SELECT items->0->>'remedy' FROM supplement ORDER BY asked_at DESC LIMIT 1") == (
        "请出具材料的单位补盖印章（医院为诊断证明专用章或者病案室章）后重新提交")
    assert claim_no not in senior.get("/work?what=further").text


def test_a_senior_declines_a_second_list_with_the_reason(api: Api) -> None:
    claim_no = answered_once(api)
    clerk, senior = person(api, "xj.clerk"), person(api, "xj.senior")
    ask(clerk, claim_no, "prepare", want="diagnosis", reason="再要一份", **{"why-diagnosis": "不清"})
    assert "写明按现有材料怎样办理" in ask(senior, claim_no, "decline", declined=" ")
    assert ask(senior, claim_no, "decline", declined="出院记录已能证明").endswith("done=declined")
    assert "出院记录已能证明" in clerk.get(f"/claims/{claim_no}/ask").text
    record = clerk.get(f"/claims/{claim_no}").text
    assert "准备再次告知，交复审" in record and "复审不同意再次告知" in record
    english = person(api, "xj.senior", "en").get(f"/claims/{claim_no}").text
    assert "not counted, 5 days" in english and "A senior declined to ask again" in english


def test_a_member_answers_late_and_her_claim_goes_on(api: Api) -> None:
    claim_no = api.report()
    api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告", "remedy": "到病理科打印"}]})
    letters_out(api, claim_no, "supplement.create")
    api.clock.advance(timedelta(days=2))
    assert claim_no not in person(api, "xj.clerk").get("/work?what=deliver").text
    api.clock.advance(timedelta(days=1))
    assert claim_no in person(api, "xj.clerk").get("/work?what=deliver").text       # three days unread: handed over by the clerk
    member = person(api, "xj.m0")
    letter = re.search(r'action="(/mine/letters/[^"]+)"', member.get(f"/mine/{claim_no}").text)
    assert letter
    member.send(letter[1])
    page = member.get(f"/mine/{claim_no}").text
    assert "怎样补：" in page and "到病理科打印" in page and "自 2026年3月24日 起不计" in page
    listed = re.search(rf"/mine/{claim_no}/lists/[0-9a-f-]+", page)
    assert listed
    api.clock.advance(timedelta(days=60))
    with api.db.unit_of_work(ROOT.scope) as session:
        claim, now = locate(session, claim_no), api.clock.now()
        session.add(Notice(org_key=claim.org_key, state="delivered", claim_id=claim.id, code="reminder", recipient="member",
                           cause=f"reminder:{listed[0].rsplit('/', 1)[1]}", recipient_name="会员", drafted_at=now,
                           delivered_at=now - timedelta(days=5)))
        session.flush()
        assert evidence.lapse(session, actor=ROOT, now=now) == [claim.id]
    member = person(api, "xj.m0")
    assert "补交材料，恢复办理" in member.get(f"/mine/{claim_no}").text
    assert "案件即恢复办理，不必重新报案" in member.get(listed[0]).text
    empty = member.send(listed[0], paper="pathology", version=hidden(member)["version"])
    assert empty.status_code == 422 and state(api, claim_no) == "closed"
    member.get(listed[0])
    done = member.send(listed[0], files={"files-0": ("病理.png", picture("late"), "image/png")}, paper="pathology",
                       version=hidden(member)["version"])
    assert done.headers["location"] == f"/mine/{claim_no}?done=answered#lists"
    assert state(api, claim_no) == "reported"
    assert one(api, "SELECT items->0->>'state' FROM supplement") == "answered"
