"""The claim page and deciding by it: what each person sees and may do, what is refused, what is kept."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.review.queries import reasons
from services.rulebook.facts import FACTS
from services.web import file_words
from tests.services.api_world import PAPERS, Api, picture
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def person(api: Api, login: str, language: str = "zh") -> Visitor:
    return sign_in(api.app, api.db, api.world, login, api.clock.now(), language)


def hidden(visitor: Visitor) -> dict[str, Any]:
    """What the claim's forms carry of what was seen."""
    assert visitor.page is not None
    return dict(re.findall(r'<input type="hidden" name="(version|seen|seq)" value="([^"]*)"', visitor.page.text))


def press(visitor: Visitor, claim_no: str, act: str, **fields: str) -> str:
    """Open the claim, send one act; the address it leads to, or the page that refuses."""
    visitor.get(f"/claims/{claim_no}")
    answer = visitor.send(f"/claims/{claim_no}/{act}", **{**hidden(visitor), **fields})
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def looks(api: Api, what: str) -> int:
    with api.db.view(ROOT.scope) as session:
        return int(session.execute(sa.text("SELECT count(*) FROM access_record WHERE what LIKE :what"), {"what": what}).scalar_one())


def state(api: Api, claim_no: str) -> str:
    with api.db.view(ROOT.scope) as session:
        return str(session.execute(sa.text("SELECT state FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one())


def to_last_level(api: Api, claim_no: str) -> None:
    for login in ("xj.clerk", "xj.district", "xj.office1", "xj.senior", "xj.head"):
        visitor = person(api, login)
        page = visitor.get(f"/claims/{claim_no}").text
        if "通过并作出决定…" in page:
            return
        if "data-key=\"p\"" in page:
            assert press(visitor, claim_no, "pass").endswith("done=passed")
    raise AssertionError("no level decides")


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


def test_a_level_is_taken_dropped_and_passed_by_whom_it_belongs_to(api: Api) -> None:
    claim_no = api.in_review()
    clerk, head = person(api, "xj.clerk"), person(api, "xj.head")
    assert "证明</button>" in clerk.get(f"/claims/{claim_no}").text
    assert ">通过</button>" not in head.get(f"/claims/{claim_no}").text
    assert press(clerk, claim_no, "take").endswith("done=took")
    assert "已领取" in clerk.get(f"/claims/{claim_no}", done="took").text
    assert press(clerk, claim_no, "drop").endswith("done=dropped")
    assert press(clerk, claim_no, "pass").endswith("done=passed")
    assert "不由" in press(clerk, claim_no, "pass")         # the next level is the district's


def test_deciding_needs_the_second_step_with_the_sum_in_words(api: Api) -> None:
    claim_no = api.in_review()
    to_last_level(api, claim_no)
    decider = next(visitor for login in ("xj.head", "xj.senior", "xj.office1", "xj.district")
                   for visitor in [person(api, login)] if "通过并作出决定…" in visitor.get(f"/claims/{claim_no}").text)
    refused = press(decider, claim_no, "pass")
    assert "须先核对金额" in refused
    assert "人民币" in refused
    assert state(api, claim_no) == "in_review"
    confirm = decider.get(f"/claims/{claim_no}/pass").text
    assert "人民币" in confirm and 'name="confirmed" value="yes"' in confirm
    assert decider.send(f"/claims/{claim_no}/pass", **hidden(decider), confirmed="yes").status_code == 303
    assert state(api, claim_no) == "payable"


def test_a_file_goes_back_and_down_with_a_reason(api: Api) -> None:
    claim_no = api.in_review()
    clerk, district = person(api, "xj.clerk"), person(api, "xj.district")
    press(clerk, claim_no, "pass")
    form = district.get(f"/claims/{claim_no}/send-down").text
    assert "意见" in form and "审核意见不完整" in form
    wrong = district.send(f"/claims/{claim_no}/send-down", **hidden(district), to_level="unit", reason="")
    assert wrong.status_code == 422
    assert press(district, claim_no, "send-down", to_level="unit", reason="opinion_incomplete").endswith("done=sent_down")
    assert press(clerk, claim_no, "pass").endswith("done=passed")
    assert press(district, claim_no, "send-back", reason="papers_unclear").endswith("done=sent_back")
    assert state(api, claim_no) == "reported"


def test_a_hold_is_told_with_who_and_why_and_undone(api: Api) -> None:
    claim_no = api.in_review()
    head = person(api, "xj.head")
    assert press(head, claim_no, "hold", reason="audit_request").endswith("done=held")
    page = person(api, "xj.clerk").get(f"/claims/{claim_no}").text
    assert "应审计要求暂停" in page
    assert api.world.actor("xj.head").name in page
    assert "案件暂停中" in page
    assert press(head, claim_no, "unhold").endswith("done=unheld")


def test_a_stale_form_keeps_what_was_typed_and_tells_what_happened(api: Api) -> None:
    claim_no = api.in_review()
    press(person(api, "xj.clerk"), claim_no, "pass")
    slow = person(api, "xj.district")
    slow.get(f"/claims/{claim_no}/send-back")
    seen = hidden(slow)
    assert press(person(api, "xj.head"), claim_no, "hold", reason="investigation").endswith("done=held")
    answer = slow.send(f"/claims/{claim_no}/send-back", **seen, reason="diagnosis_doubt")
    assert answer.status_code == 409
    assert '<option value="diagnosis_doubt" selected>' in answer.text
    assert "您打开本页之后" in answer.text
    assert "暂停（正在调查核实）" in answer.text


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


def test_the_verifier_judges_paper_by_paper_and_verifies(api: Api) -> None:
    claim_no = api.report()
    for kind in PAPERS:
        api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture(f"{kind} {claim_no}"), kind=kind)
    api.checked(claim_no)
    clerk = person(api, "xj.clerk")
    address = re.search(rf'/claims/{claim_no}/papers/[0-9a-f-]+', clerk.get(f"/claims/{claim_no}").text)
    assert address is not None
    at = address[0]
    page = clerk.get(at).text
    assert "还有 4 份待核对" in page
    assert clerk.send(at, verdict="reject", fault=" ").status_code == 422
    rejected = clerk.send(at, verdict="reject", fault="影像不清，无法辨认").headers["location"]
    assert f"/claims/{claim_no}/papers/" in rejected
    assert "影像不清，无法辨认" in clerk.get(at).text
    at = rejected
    for _ in range(4):
        clerk.get(at)
        at = clerk.send(at.split("?")[0], verdict="accept").headers["location"]
    assert at == f"/claims/{claim_no}?done=judged"
    clerk.get(address[0])
    clerk.send(address[0], verdict="accept")
    assert "材料齐全，核验通过" in clerk.get(f"/claims/{claim_no}/verify").text
    assert press(clerk, claim_no, "verify").endswith("done=verified")
    assert state(api, claim_no) == "verified"


def test_a_file_that_is_not_complete_is_asked_for_once_and_in_full(api: Api) -> None:
    claim_no = api.report()
    clerk = person(api, "xj.clerk")
    assert "材料未齐" in press(clerk, claim_no, "verify")
    form = clerk.get(f"/claims/{claim_no}/ask").text
    assert 'name="want" value="pathology" checked' in form
    empty = clerk.send(f"/claims/{claim_no}/ask", **{**hidden(clerk), "want": "pathology", "why-pathology": ""})
    assert empty.status_code == 422
    clerk.get(f"/claims/{claim_no}/ask")
    sent = clerk.send(f"/claims/{claim_no}/ask", **{**hidden(clerk), "want": ["pathology", "bank_card"],
                                                    "why-pathology": "缺病理诊断报告", "why-bank_card": "未登记银行卡"})
    assert sent.headers["location"].endswith("done=asked")
    page = clerk.get(f"/claims/{claim_no}").text
    assert "缺病理诊断报告" in page and "未登记银行卡" in page
    assert state(api, claim_no) == "supplementing"


def test_facts_are_corrected_from_the_papers_with_a_reason(api: Api) -> None:
    claim_no = api.report()
    clerk = person(api, "xj.clerk")
    form = clerk.get(f"/claims/{claim_no}/facts").text
    assert 'name="event.specimen_on" type="date" value="2026-03-12"' in form
    given: dict[str, Any] = {"event.icd10": "C53.900", "event.behaviour": "3", "event.severity": "malignant",
                             "event.diagnosed_on": "2026-03-16", "event.specimen_on": "2026-03-13"}
    assert clerk.send(f"/claims/{claim_no}/facts", **hidden(clerk), **given, reason="").status_code == 422
    wrong = clerk.send(f"/claims/{claim_no}/facts", **hidden(clerk), **{**given, "event.icd10": "癌"}, reason="按病理报告")
    assert wrong.status_code == 422
    assert 'id="event.icd10-fault"' in wrong.text
    done = clerk.send(f"/claims/{claim_no}/facts", **hidden(clerk), **given, reason="按病理报告")
    assert done.headers["location"].endswith("done=amended")
    assert "2026年3月13日" in clerk.get(f"/claims/{claim_no}").text


def test_a_paper_is_waived_by_the_office_only(api: Api) -> None:
    claim_no = api.report()
    assert person(api, "xj.clerk").get(f"/claims/{claim_no}/waive").status_code == 403
    office = person(api, "xj.office1")
    assert "免交" in office.get(f"/claims/{claim_no}/waive?kind=pathology").text
    assert press(office, claim_no, "waive", kind="pathology", reason="医院系统已核实").endswith("done=waived")
    assert 'name="want" value="pathology"' not in person(api, "xj.clerk").get(f"/claims/{claim_no}/ask").text


def test_who_comes_back_sees_what_changed(api: Api) -> None:
    claim_no = api.in_review()
    clerk, district = person(api, "xj.clerk"), person(api, "xj.district")
    press(clerk, claim_no, "pass")
    press(district, claim_no, "send-back", reason="dates_doubt")
    clerk.get(f"/claims/{claim_no}/facts")
    clerk.send(f"/claims/{claim_no}/facts", **{
        **hidden(clerk), "reason": "按病理报告", "event.icd10": "C53.900", "event.behaviour": "3", "event.severity": "malignant",
        "event.diagnosed_on": "2026-03-16", "event.specimen_on": "2026-03-13"})
    assert press(clerk, claim_no, "verify").endswith("done=verified")
    api.routed(claim_no)
    press(clerk, claim_no, "pass")
    page = district.get(f"/claims/{claim_no}").text
    changes = page[page.index('id="changes"'):page.index('id="facts"')]
    assert "病检标本提取日" in changes and "2026年3月12日" in changes and "2026年3月13日" in changes
    assert press(district, claim_no, "look").endswith("done=looked")
    assert "以来没有变动" in district.get(f"/claims/{claim_no}").text


def test_staff_and_member_write_and_notes_stay_inside(api: Api) -> None:
    claim_no = api.in_review()
    district, clerk = person(api, "xj.district"), person(api, "xj.clerk")
    assert press(district, claim_no, "talk", to="member", words="请确认取材日期").endswith("done=said")
    assert press(district, claim_no, "talk", to="office", words="疑似重复申报").endswith("done=noted")
    assert "没有内容" in press(district, claim_no, "talk", to="member", words=" ")
    assert "疑似重复申报" in person(api, "xj.head").get(f"/claims/{claim_no}").text
    page = clerk.get(f"/claims/{claim_no}").text
    assert "请确认取材日期" in page and "疑似重复申报" not in page


def test_a_level_is_handed_to_a_colleague_and_taken_over_by_the_head(api: Api) -> None:
    claim_no = api.in_review()
    press(person(api, "xj.clerk"), claim_no, "pass")
    press(person(api, "xj.district"), claim_no, "pass")
    first, head = person(api, "xj.office1"), person(api, "xj.head")
    press(first, claim_no, "take")
    form = first.get(f"/claims/{claim_no}/delegate").text
    colleague = str(api.world.account("xj.office2"))
    assert colleague in form
    assert press(first, claim_no, "delegate", to_account=colleague, reason="休假交接").endswith("done=delegated")
    assert "已领取这一级" in first.get(f"/claims/{claim_no}").text
    assert press(head, claim_no, "take-over", reason="督办").endswith("done=taken_over")


def test_the_words_of_the_file_are_all_known_to_the_pages() -> None:
    assert set(file_words.REASONS) >= set(reasons().values())
    assert set(file_words.FACTS) >= {spec.label for fact, spec in FACTS.items() if fact.startswith("event.")}


def decided(api: Api) -> str:
    """A claim whose decision the office has taken."""
    claim_no = api.in_review()
    to_last_level(api, claim_no)
    for login in ("xj.senior", "xj.head"):
        visitor = person(api, login)
        if "通过并作出决定…" in visitor.get(f"/claims/{claim_no}").text:
            assert press(visitor, claim_no, "pass", confirmed="yes").endswith("done=passed")
            return claim_no
    raise AssertionError("nobody decides")


def test_an_objection_is_lodged_and_opens_a_round_the_first_decision_stays(api: Api) -> None:
    claim_no = decided(api)
    clerk, head = person(api, "xj.clerk"), person(api, "xj.head")
    assert "现在不能办理" in head.get(f"/claims/{claim_no}/accept-objection").text
    assert press(clerk, claim_no, "object", grounds="病理会诊报告已更正").endswith("done=objected")
    assert person(api, "xj.office1").get(f"/claims/{claim_no}/accept-objection").status_code == 403
    assert "病理会诊报告已更正" in head.get(f"/claims/{claim_no}/accept-objection").text
    assert press(head, claim_no, "accept-objection").endswith("done=accepted")
    page = head.get(f"/claims/{claim_no}").text
    assert "第 2 轮" in page and "已受理，审核中" in page
    assert state(api, claim_no) == "verified"
    assert "60,000.00" in page


def test_a_correction_needs_two_persons(api: Api) -> None:
    claim_no = decided(api)
    senior, head = person(api, "xj.senior"), person(api, "xj.head")
    assert press(senior, claim_no, "correct", kind="clerical", what="医院名称", old="示例医院", new="示例市第一医院",
                 reason="录入差错").endswith("done=correction")
    mine = senior.get(f"/claims/{claim_no}").text
    assert "待另一人确认" in mine and "确认更正…" not in mine
    assert "示例市第一医院" in head.get(f"/claims/{claim_no}/confirm-correction").text
    assert press(head, claim_no, "drop-correction", reason="核对无误").endswith("done=uncorrected")
    assert state(api, claim_no) == "payable"


def test_facts_of_a_decided_claim_are_corrected_by_two(api: Api) -> None:
    claim_no = decided(api)
    senior, head = person(api, "xj.senior"), person(api, "xj.head")
    senior.get(f"/claims/{claim_no}/correct-facts")
    given: dict[str, Any] = {"event.icd10": "C53.900", "event.behaviour": "3", "event.severity": "malignant",
                             "event.diagnosed_on": "2026-03-16", "event.specimen_on": "2026-03-13"}
    sent = senior.send(f"/claims/{claim_no}/correct-facts", **{**hidden(senior), **given, "reason": "按病理会诊报告"})
    assert sent.headers["location"].endswith("done=correction")
    assert press(head, claim_no, "confirm-correction").endswith("done=confirmed")
    assert "2026年3月13日" in head.get(f"/claims/{claim_no}").text


def test_originals_are_asked_received_and_given_back_with_receipts(api: Api) -> None:
    claim_no = api.in_review()
    district, clerk = person(api, "xj.district"), person(api, "xj.clerk")
    form = district.get(f"/claims/{claim_no}/ask-original").text
    paper = re.search(r'<option value="([0-9a-f-]{36})"', form)
    assert paper is not None
    assert "没有选择" in press(district, claim_no, "ask-original", paper="", reason="核对原件", due_on="2026-04-01")
    assert press(district, claim_no, "ask-original", paper=paper[1], reason="核对原件", due_on="2026-04-01").endswith("original_asked")
    request = re.search(r"receive-original\?request=([0-9a-f-]{36})", clerk.get(f"/claims/{claim_no}").text)
    assert request is not None
    assert "差异" in press(clerk, claim_no, "receive-original", request=request[1], from_whom="样一兰", how="counter", same="no")
    assert press(clerk, claim_no, "receive-original", request=request[1], from_whom="样一兰", how="counter",
                 same="yes").endswith("original_in")
    assert press(clerk, claim_no, "return-original", request=request[1], to_whom="样一兰", how="post").endswith("original_back")
    page = clerk.get(f"/claims/{claim_no}").text
    assert len(set(re.findall(r"YJ2026-\d{5}", page))) == 2


def test_a_grade_is_corrected_with_a_reason(api: Api) -> None:
    claim_no = api.in_review()
    press(person(api, "xj.clerk"), claim_no, "pass")
    district = person(api, "xj.district")
    form = district.get(f"/claims/{claim_no}/regrade").text
    assert "原位癌" in form
    assert "已是" in press(district, claim_no, "regrade", fact="severity", value="malignant", reason="核对")
    assert press(district, claim_no, "regrade", fact="severity", value="in_situ", reason="病理为原位癌").endswith("done=regraded")
    assert "原位癌" in district.get(f"/claims/{claim_no}").text


def test_the_clerk_records_what_the_member_hands_in(api: Api) -> None:
    claim_no = api.report()
    clerk = person(api, "xj.clerk")
    clerk.get(f"/claims/{claim_no}/ask")
    clerk.send(f"/claims/{claim_no}/ask", **{**hidden(clerk), "want": ["pathology", "bank_card"], "why-pathology": "缺病理诊断报告",
                                             "why-bank_card": "未登记银行卡"})
    assert "登记补充清单送达…" in clerk.get(f"/claims/{claim_no}").text
    assert press(clerk, claim_no, "hand-list", on="2026-13-01").count("不是日期") >= 1
    assert press(clerk, claim_no, "hand-list", on="").endswith("done=delivered")
    api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture("pathology"), kind="pathology")
    clerk.get(f"/claims/{claim_no}/answer-list")
    assert clerk.send(f"/claims/{claim_no}/answer-list", **hidden(clerk)).status_code == 422
    done = clerk.send(f"/claims/{claim_no}/answer-list", **{
        **hidden(clerk), "state-pathology": "answered", "state-bank_card": "unavailable", "note-bank_card": "由会员另行登记"})
    assert done.headers["location"].endswith("done=answered")
    assert state(api, claim_no) == "reported"


def test_an_insured_claim_waits_for_consent_and_the_unit_certifies(api: Api) -> None:
    claim_no = api.report(0, "nx")
    clerk = person(api, "nx.clerk")
    page = clerk.get(f"/claims/{claim_no}").text
    assert "尚未取得向保险公司提供个人信息的同意" in page and "登记同意…" in page
    assert "个人信息保护法" in clerk.get(f"/claims/{claim_no}/consent").text
    assert press(clerk, claim_no, "consent").endswith("done=consented")
    page = clerk.get(f"/claims/{claim_no}").text
    assert "已同意向保险公司提供个人信息" in page and "登记同意…" not in page
    assert "尚未移送" in page


def test_stock_phrases_are_kept_by_the_organisation_and_offered_below(api: Api) -> None:
    claim_no = api.in_review()
    press(person(api, "xj.clerk"), claim_no, "pass")
    head, district = person(api, "xj.head"), person(api, "xj.district")
    head.get("/phrases")
    assert head.send("/phrases", reason="papers_unclear", words=" ").status_code == 422
    head.get("/phrases")
    assert head.send("/phrases", reason="papers_unclear", words="请重新拍摄病理报告").headers["location"] == "/phrases?done=added"
    offered = district.get("/phrases").text
    assert "请重新拍摄病理报告" in offered and "/retire" not in offered
    assert '<option value="请重新拍摄病理报告">' in district.get(f"/claims/{claim_no}/regrade").text
    gone = re.search(r'action="(/phrases/[^"]+/retire)"', head.get("/phrases").text)
    assert gone is not None
    assert head.send(gone[1]).headers["location"] == "/phrases?done=retired"
    assert "请重新拍摄病理报告" not in district.get("/phrases").text
    assert person(api, "xj.clerk").get("/phrases").status_code == 403
