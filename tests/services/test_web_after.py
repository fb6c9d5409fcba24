"""After the decision, by page: objections, corrections by two persons, originals."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.claim_pages import decided, hidden, person, press, state


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


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
