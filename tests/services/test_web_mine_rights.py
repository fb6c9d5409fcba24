"""The member's rights by page: consent, objection, withdrawal, taking a claim up again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.core.db import Database
from services.enrolment import service as enrolment
from services.evidence import service as evidence
from services.notice import service as notice
from tests.services.api_world import Api, picture
from tests.services.member_pages import case_no, decided, letters_out, one, person, state, version
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def insured(api: Api) -> str:
    """A claim of nx.m0 that the insurer will decide."""
    answer = api.post("nx.clerk", "/cases", {
        "id_number": api.world.member(0, "nx").synthetic.id_number, "channel": "clerk", "reported_on": "2026-03-20", "hospital": "示例医院",
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10", "diagnosed_on": "2026-03-16"}})
    return str(answer.json()["claims"][0]["claim_no"])


def test_consent_for_the_insurer_is_given_and_taken_back(api: Api) -> None:
    claim_no, visitor = insured(api), person(api, "nx.m0")
    assert "需要您的同意才能移送保险公司" in visitor.get("/mine").text
    visitor.get(f"/mine/{claim_no}")
    visitor.send(f"/mine/{claim_no}/consent", purpose="insurer", give="yes")
    assert "需要您的同意" not in visitor.get("/mine").text
    assert "撤回同意" in visitor.get(f"/mine/{claim_no}", done="consented").text
    visitor.send(f"/mine/{claim_no}/consent", purpose="insurer", give="no")
    assert "需要您的同意才能移送保险公司" in visitor.get("/mine").text


def test_the_husband_s_word_is_no_consent_of_hers(api: Api) -> None:
    """He sees her case and is neither asked nor heard; what she signed the clerk records."""
    claim_no = insured(api)
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.person("nx.m0"), relative_id=api.world.person("nx.m1"), relation="husband",
                          actor=ROOT, now=api.clock.now())
    case, husband, given = case_no(api, claim_no), person(api, "nx.m1"), "SELECT count(*) FROM consent WHERE withdrawn_at IS NULL"

    def refused(give: str, purpose: str) -> None:
        page = husband.get(f"/mine/{claim_no}").text
        assert claim_no in page and 'id="consents"' not in page and "需要您的同意" not in page + husband.get("/mine").text
        for path in (f"/mine/{claim_no}/consent", "/mine/privacy/consent"):
            answer = husband.send(path, case_no=case, purpose=purpose, give=give)
            assert answer.status_code == 403 and "同意须由本人或其代理人作出" in answer.text, path
        verb = "consents" if give == "yes" else "consents/withdraw"
        told = api.post("nx.m1", f"/cases/{case}/{verb}", {"purpose": purpose})
        assert (told.status_code, told.json()["code"]) == (403, "consent_own")

    refused("yes", "insurer")
    refused("yes", "processing")
    assert one(api, given) == "0"
    assert api.post("nx.clerk", f"/cases/{case}/consents", {"purpose": "insurer"}).status_code == 201
    assert api.post("nx.m0", f"/cases/{case}/consents", {"purpose": "processing"}).status_code == 201
    refused("no", "insurer")
    refused("no", "processing")
    assert one(api, given) == "2" and one(api, "SELECT held FROM claim WHERE claim_no = :no", no=claim_no) == "False"


def test_withdrawing_needs_the_signed_paper(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0")
    path = f"/mine/{claim_no}/withdraw"
    visitor.get(path)
    bare = visitor.send(path, version=version(visitor), reason="不申请了")
    assert bare.status_code in (409, 422) and "签字的撤回申请" in bare.text and "不申请了" in bare.text
    visitor.get(path)
    done = visitor.send(path, files={"files": ("s.png", picture("signed"), "image/png")}, version=version(visitor), reason="不申请了")
    assert done.headers["location"] == f"/mine/{claim_no}?done=withdrawn"
    assert state(api, claim_no) == "cancelled"


def test_a_decision_is_told_in_sentences_and_objected_to_and_the_objection_taken_back(api: Api) -> None:
    claim_no = decided(api)
    visitor = person(api, "xj.m0")
    page = visitor.get(f"/mine/{claim_no}").text
    assert "60,000.00" in page and "给付恶性肿瘤互助金60000.00元" in page
    assert "异议的期限从您收到决定书算起" in page
    letter = re.search(r'action="(/mine/letters/[^"]+)"', page)
    assert letter
    visitor.send(letter[1])
    page = visitor.get(f"/mine/{claim_no}").text
    assert "提出异议最迟" in page and "怎么数的" in page
    path = f"/mine/{claim_no}/objection"
    visitor.get(path)
    empty = visitor.send(path, version=version(visitor), grounds="")
    assert empty.status_code == 422 and 'id="grounds-fault"' in empty.text
    visitor.get(path)
    sent = visitor.send(path, files={"files": ("o.png", picture("new finding"), "image/png")}, version=version(visitor), grounds="分级不对")
    assert sent.headers["location"] == f"/mine/{claim_no}?done=objected#objection"
    page = visitor.get(f"/mine/{claim_no}").text
    assert "已提出，等待受理" in page and "分级不对" in page and "提出异议</a>" not in page
    assert visitor.get(path).status_code == 409
    visitor.get(f"/mine/{claim_no}")
    objection = one(api, "SELECT id FROM objection")
    assert visitor.send(f"/mine/{claim_no}/objection/withdraw", objection=objection).status_code == 303
    assert one(api, "SELECT state FROM objection") == "withdrawn"


def test_an_objection_after_its_days_asks_why(api: Api) -> None:
    claim_no = decided(api)
    visitor = person(api, "xj.m0")
    letter = re.search(r'action="(/mine/letters/[^"]+)"', visitor.get(f"/mine/{claim_no}").text)
    assert letter
    visitor.send(letter[1])
    api.clock.advance(timedelta(days=120))
    late = person(api, "xj.m0")
    path = f"/mine/{claim_no}/objection"
    assert "为什么现在才提出" in late.get(path).text
    refused = late.send(path, version=version(late), grounds="分级不对")
    assert refused.status_code == 422 and 'id="late_reason-fault"' in refused.text and "分级不对" in refused.text
    late.get(path)
    assert late.send(path, version=version(late), grounds="分级不对", late_reason="住院").status_code == 303
    assert one(api, "SELECT late FROM objection") == "True"


def test_a_form_of_an_older_state_is_told_so_and_keeps_what_was_typed(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0")
    path = f"/mine/{claim_no}/withdraw"
    visitor.get(path)
    old = version(visitor)
    api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"}]})
    answer = visitor.send(path, files={"files": ("s.png", picture("signed"), "image/png")}, version=old, reason="不申请了")
    assert answer.status_code == 409 and "不申请了" in answer.text
    assert state(api, claim_no) == "supplementing"


def test_a_claim_closed_for_missing_papers_is_taken_up_again(api: Api) -> None:
    claim_no = api.report()
    api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"}]})
    letters_out(api, claim_no, "supplement.create")
    visitor = person(api, "xj.m0")
    letter = re.search(r'action="(/mine/letters/[^"]+)"', visitor.get(f"/mine/{claim_no}").text)
    assert letter
    visitor.send(letter[1])
    assert "补充材料最迟" in visitor.get("/mine").text
    api.clock.advance(timedelta(days=100))
    with api.db.unit_of_work(ROOT.scope) as session:
        reminders = notice.remind(session, actor=ROOT, now=api.clock.now())
        ids = [row.id for row in reminders]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=api.clock.now())
        notice.dispatch(session, notice_ids=ids, actor=ROOT, now=api.clock.now())
        for row in ids:
            notice.deliver(session, notice_id=row, proof="挂号信回执", actor=ROOT, now=api.clock.now())
        assert evidence.lapse(session, actor=ROOT, now=api.clock.now()) == []       # the reminder leaves three days of its own
        evidence.lapse(session, actor=ROOT, now=api.clock.now() + timedelta(days=4))
    assert state(api, claim_no) == "closed"
    again = person(api, "xj.m0")
    page = again.get(f"/mine/{claim_no}").text
    assert "恢复办理" in page and "撤回案件" not in page
    assert again.send(f"/mine/{claim_no}/resume", version=version(again)).headers["location"] == f"/mine/{claim_no}?done=resumed"
    assert state(api, claim_no) == "reported"
