"""The member's pages: what she sees of her own, what she does there, and what stays closed to her."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.enrolment import service as enrolment
from services.evidence import service as evidence
from services.notice import service as notice
from services.reporting.claims import locate
from tests.services.api_world import Api, picture
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def one(api: Api, statement: str, **values: object) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text(statement), values).scalar_one())


def case_no(api: Api, claim_no: str) -> str:
    return one(api, "SELECT f.case_no FROM claim c JOIN case_file f ON f.id = c.case_id WHERE c.claim_no = :no", no=claim_no)


def state(api: Api, claim_no: str) -> str:
    return one(api, "SELECT state FROM claim WHERE claim_no = :no", no=claim_no)


def version(visitor: Visitor) -> str:
    assert visitor.page is not None
    found = re.search(r'name="version" value="(\d+)"', visitor.page.text)
    assert found
    return found[1]


def letters_out(api: Api, claim_no: str, topic: str) -> None:
    """What the worker does: the letters an event owes, issued and sent to the portal."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claim_id = locate(session, claim_no).id
        subjects = [row[0] for row in session.execute(sa.text("SELECT id FROM supplement WHERE claim_id = :id"), {"id": claim_id})]
        made = notice.draft(session, topic=topic, claim_ids=[claim_id], subject_ids=subjects, actor=ROOT, now=api.clock.now())
        ids = [row.id for row in made]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=api.clock.now())
        notice.dispatch(session, notice_ids=ids, actor=ROOT, now=api.clock.now())


def test_who_has_nothing_yet_is_led_to_reporting(api: Api) -> None:
    text = person(api, "xj.m0").get("/mine").text
    assert "还没有案件" in text
    assert 'href="/report"' in text
    assert "在职女职工特殊疾病互助保障" in text and "保障中" in text and "4 份" in text


def test_the_list_says_where_each_claim_is_and_what_is_wanted(api: Api) -> None:
    claim_no = api.report()
    text = person(api, "xj.m0").get("/mine").text
    assert claim_no in text and "已报案" in text and "核对材料最迟" in text
    assert "交材料（还缺" in text
    assert claim_no not in person(api, "xj.m1").get("/mine").text


def test_kin_and_proxies_see_it_and_others_do_not(api: Api) -> None:
    claim_no = api.report()
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.person("xj.m0"), relative_id=api.world.person("xj.m1"), relation="child",
                          actor=ROOT, now=api.clock.now())
    kin = person(api, "xj.m1")
    assert claim_no in kin.get("/mine").text
    assert api.world.member(0, "xj").synthetic.name in kin.get(f"/mine/{claim_no}").text
    assert person(api, "xj.m2").get(f"/mine/{claim_no}").status_code == 404
    assert person(api, "nx.m0").get(f"/mine/{claim_no}").status_code == 404
    assert person(api, "xj.head").get(f"/mine/{claim_no}").status_code == 403


def test_the_claim_tells_where_next_by_when_and_how_counted(api: Api) -> None:
    claim_no = api.in_review()
    text = person(api, "xj.m0").get(f"/mine/{claim_no}").text
    for said in (claim_no, "正在逐级审核", "2026年4月13日", "怎么数的", "办理过程", "材料齐全", "已认可"):
        assert said in text, said
    assert "内部备注" not in text and "给付决定" not in text


def test_papers_are_handed_in_once_and_told_with_their_size(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0")
    path = f"/cases/{case_no(api, claim_no)}/papers"
    assert "诊断" in visitor.get(path).text
    empty = visitor.send(path, kind="diagnosis")
    assert empty.status_code == 422 and "没有选择文件" in empty.text
    visitor.get(path)
    sent = visitor.send(path, files={"files-diagnosis": ("诊断.png", picture("page"), "image/png")}, kind="diagnosis")
    assert sent.headers["location"] == f"{path}?done=handed"
    text = visitor.get(path).text
    assert "诊断.png" in text and "1 KB" in text and "待核对" in text
    wrong = visitor.send(path, files={"files-pathology": ("a.txt", b"words", "text/plain")}, kind="pathology")
    assert wrong.status_code == 422 and 'id="files-pathology-fault"' in wrong.text
    assert person(api, "xj.m1").get(path).status_code == 404
    assert person(api, "xj.clerk2").get(path).status_code == 404
    assert person(api, "xj.clerk").get(path).status_code == 200


def test_a_list_is_read_and_answered_by_paper_or_reason(api: Api) -> None:
    claim_no = api.report()
    api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"},
                                                            {"paper": "hospital", "reason": "缺住院记录"}]})
    letters_out(api, claim_no, "supplement.create")
    visitor = person(api, "xj.m0")
    page = visitor.get(f"/mine/{claim_no}").text
    assert "先打开下面的补充材料告知书" in page and "未读" in page
    letter = re.search(r'action="(/mine/letters/[^"]+)"', page)
    assert letter
    opened = visitor.send(letter[1])
    assert opened.headers["location"].endswith("/content")
    assert visitor.http.get(opened.headers["location"]).content.startswith(b"%PDF")
    page = visitor.get(f"/mine/{claim_no}").text
    assert "未读" not in page and "交补充材料" in page
    link = re.search(r'href="(/mine/[^"]+/lists/[^"]+)"', page)
    assert link
    visitor.get(link[1])
    unsaid = visitor.send(link[1], version=version(visitor), files=None, paper=["pathology", "hospital"], **{"none-1": "yes"})
    assert unsaid.status_code == 422 and "请写明为什么无法提供" in unsaid.text
    visitor.get(link[1])
    sent = visitor.send(link[1], files={"files-0": ("p.png", picture("late"), "image/png")}, version=version(visitor),
                        paper=["pathology", "hospital"], **{"none-1": "yes", "note-1": "没有住院"})
    assert sent.status_code == 303, sent.text
    assert state(api, claim_no) == "reported"
    assert "没有住院" in visitor.get(f"/mine/{claim_no}").text


def test_only_the_addressee_s_own_opening_delivers_a_letter(api: Api) -> None:
    claim_no = api.report()
    letters_out(api, claim_no, "claim.create")
    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=api.world.person("xj.m0"), relative_id=api.world.person("xj.m1"), relation="child",
                          actor=ROOT, now=api.clock.now())
    letter = one(api, "SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id WHERE c.claim_no = :no AND n.recipient = 'member'",
                 no=claim_no)
    kin = person(api, "xj.m1")
    kin.get(f"/mine/{claim_no}")
    assert kin.send(f"/mine/letters/{letter}").status_code == 303
    assert one(api, "SELECT state FROM notice WHERE id = :id", id=letter) == "dispatched"
    stranger = person(api, "xj.m2")
    stranger.get("/mine")
    assert stranger.send(f"/mine/letters/{letter}").status_code == 404
    own = person(api, "xj.m0")
    own.get(f"/mine/{claim_no}")
    own.send(f"/mine/letters/{letter}")
    assert one(api, "SELECT state FROM notice WHERE id = :id", id=letter) == "delivered"


def test_a_message_goes_to_the_office_and_back(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0")
    visitor.get(f"/mine/{claim_no}")
    assert visitor.send(f"/mine/{claim_no}/talk", words="什么时候能办好？").status_code == 303
    assert "什么时候能办好？" in person(api, "xj.clerk").get(f"/claims/{claim_no}").text
    api.clock.advance(timedelta(minutes=1))
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}")
    clerk.send(f"/claims/{claim_no}/talk", words="正在核对", to="member")
    assert "1 条留言未读" in visitor.get("/mine").text
    api.clock.advance(timedelta(minutes=1))
    assert "正在核对" in visitor.get(f"/mine/{claim_no}").text
    assert "条留言未读" not in visitor.get("/mine").text


def test_consent_for_the_insurer_is_given_and_taken_back(api: Api) -> None:
    answer = api.post("nx.clerk", "/cases", {
        "id_number": api.world.member(0, "nx").synthetic.id_number, "channel": "clerk", "reported_on": "2026-03-20", "hospital": "示例医院",
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10", "diagnosed_on": "2026-03-16"}})
    claim_no = str(answer.json()["claims"][0]["claim_no"])
    visitor = person(api, "nx.m0")
    assert "需要您的同意才能移送保险公司" in visitor.get("/mine").text
    visitor.get(f"/mine/{claim_no}")
    visitor.send(f"/mine/{claim_no}/consent", purpose="insurer", give="yes")
    assert "需要您的同意" not in visitor.get("/mine").text
    assert "撤回同意" in visitor.get(f"/mine/{claim_no}", done="consented").text
    visitor.send(f"/mine/{claim_no}/consent", purpose="insurer", give="no")
    assert "需要您的同意才能移送保险公司" in visitor.get("/mine").text


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


def test_english_and_phone_marks(api: Api) -> None:
    claim_no = api.report()
    visitor = person(api, "xj.m0", "en")
    text = visitor.get(f"/mine/{claim_no}").text
    assert "What you need to do" in text and "Next" in text and 'lang="en"' in text
    assert "My claims" in visitor.get("/mine").text
    assert 'capture="environment"' in visitor.get(f"/cases/{case_no(api, claim_no)}/papers").text


def decided(api: Api) -> str:
    """A claim of xj.m0 with a decision to pay, its letter on the portal."""
    claim_no = api.in_review()
    for login in ("xj.clerk", "xj.district", "xj.office1", "xj.senior", "xj.head"):
        answer = api.get(login, f"/claims/{claim_no}")
        if answer.json()["claim"]["state"] != "in_review":
            break
        visitor = person(api, login)
        visitor.get(f"/claims/{claim_no}")
        assert visitor.page is not None
        if "data-key=\"p\"" not in visitor.page.text:
            continue
        seen = dict(re.findall(r'<input type="hidden" name="(version|seen|seq)" value="([^"]*)"', visitor.page.text))
        visitor.send(f"/claims/{claim_no}/pass", files=None, confirmed="yes", **seen)
    assert state(api, claim_no) == "payable"
    letters_out(api, claim_no, "claim.approve")
    return claim_no


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
        evidence.lapse(session, actor=ROOT, now=api.clock.now())
    assert state(api, claim_no) == "closed"
    again = person(api, "xj.m0")
    page = again.get(f"/mine/{claim_no}").text
    assert "恢复办理" in page and "撤回案件" not in page
    assert again.send(f"/mine/{claim_no}/resume", version=version(again)).headers["location"] == f"/mine/{claim_no}?done=resumed"
    assert state(api, claim_no) == "reported"
