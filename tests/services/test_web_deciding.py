"""Deciding by page: levels taken, passed, returned, held, handed on; what was typed is kept; what changed is told."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.claim_pages import hidden, person, press, state, to_last_level
from tests.services.test_review_handing import on_leave
from tests.services.test_web_work import asks
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


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


def test_a_page_of_one_level_passes_no_other(api: Api, now: datetime) -> None:
    """Whoever stands at two levels and was shown the first decides nothing with it."""
    claim_no = api.in_review()
    for login in ("xj.clerk", "xj.district"):
        assert press(person(api, login), claim_no, "pass").endswith("done=passed")
    on_leave(api.world, "xj.senior", "xj.office2", "senior_reviewer", now)
    first, slow = person(api, "xj.office1"), person(api, "xj.office2")
    page = slow.get(f"/claims/{claim_no}/pass").text
    assert "办事处初审" in page and 'name="confirmed"' not in page
    seen = hidden(slow)
    [ask] = asks(slow.send("/bulk", claim=claim_no).text)
    assert press(first, claim_no, "pass").endswith("done=passed")
    with api.db.view(ROOT.scope) as session:
        digest = str(session.execute(sa.text("SELECT digest FROM claim WHERE claim_no = :no"), {"no": claim_no}).scalar_one())
    told = api.act("xj.office2", claim_no, "pass", {"seen": digest, "step": seen["step"]})
    assert (told.status_code, told.json()["code"]) == (409, "level_moved")
    assert "已办理，现在待办的是另一级" in slow.send("/bulk/pass", ask=ask).text
    slow.get(f"/claims/{claim_no}")
    late = slow.send(f"/claims/{claim_no}/pass", **seen)
    assert late.status_code == 409 and "已办理，现在待办的是另一级" in late.text and state(api, claim_no) == "in_review"
    assert "办事处复审" in late.text and 'name="confirmed" value="yes"' in late.text
    assert slow.send(f"/claims/{claim_no}/pass", **hidden(slow), confirmed="yes").status_code == 303
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


def test_a_grade_is_corrected_with_a_reason(api: Api) -> None:
    claim_no = api.in_review()
    press(person(api, "xj.clerk"), claim_no, "pass")
    district = person(api, "xj.district")
    form = district.get(f"/claims/{claim_no}/regrade").text
    assert "原位癌" in form
    assert "已是" in press(district, claim_no, "regrade", fact="severity", value="malignant", reason="核对")
    assert press(district, claim_no, "regrade", fact="severity", value="in_situ", reason="病理为原位癌").endswith("done=regraded")
    assert "原位癌" in district.get(f"/claims/{claim_no}").text


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
