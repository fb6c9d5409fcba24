"""Verifying by page: papers judged, facts corrected, what is missing asked once; what a clerk records for the member."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.db import Database
from tests.services.api_world import PAPERS, Api, picture
from tests.services.claim_pages import hidden, person, press, state


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


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


def test_what_others_corrected_meanwhile_is_neither_lost_nor_verified_unseen(api: Api) -> None:
    claim_no = api.report()
    given: dict[str, Any] = {"event.icd10": "C53.900", "event.behaviour": "3", "event.severity": "malignant",
                             "event.diagnosed_on": "2026-03-16", "event.specimen_on": "2026-03-12"}
    clerk, second, office = person(api, "xj.clerk"), person(api, "xj.clerk"), person(api, "xj.office1")
    for visitor in (clerk, office):
        visitor.get(f"/claims/{claim_no}/facts")
    second.get(f"/claims/{claim_no}/verify")
    saved = office.send(f"/claims/{claim_no}/facts", **hidden(office), **{**given, "event.specimen_on": "2026-03-13"}, reason="按病理报告")
    assert saved.headers["location"].endswith("done=amended")
    late = clerk.send(f"/claims/{claim_no}/facts", **hidden(clerk), **given, reason="按诊断书")
    assert late.status_code == 409 and "已被他人更新" in late.text
    assert "2026年3月13日" in clerk.get(f"/claims/{claim_no}").text
    assert "已被他人更新" in second.send(f"/claims/{claim_no}/verify", **hidden(second)).text
    second.get(f"/claims/{claim_no}/verify")
    assert press(office, claim_no, "waive", kind="pathology", reason="医院系统已核实").endswith("done=waived")
    assert "已被他人更新" in second.send(f"/claims/{claim_no}/verify", **hidden(second)).text
    assert "材料未齐" in press(second, claim_no, "verify")


def test_a_paper_is_waived_by_the_office_only(api: Api) -> None:
    claim_no = api.report()
    assert person(api, "xj.clerk").get(f"/claims/{claim_no}/waive").status_code == 403
    office = person(api, "xj.office1")
    assert "免交" in office.get(f"/claims/{claim_no}/waive?kind=pathology").text
    assert press(office, claim_no, "waive", kind="pathology", reason="医院系统已核实").endswith("done=waived")
    assert 'name="want" value="pathology"' not in person(api, "xj.clerk").get(f"/claims/{claim_no}/ask").text


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
