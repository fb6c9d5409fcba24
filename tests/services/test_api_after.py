"""The API after a decision: objection, correction, conversation, originals, spoken to with people's own tokens."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.lifecycle.create import create
from services.models import Receivable
from services.notice import service as notice
from services.reporting.claims import locate
from tests.services.api_world import Api
from tests.services.member_pages import looks_of
from tests.services.paying_world import decided as paid_back
from tests.services.review_world import digest
from tests.support.paper_files import small_pdf
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def decided(api: Api, n: int = 3) -> str:
    """In review by the API, then passed level by level."""
    claim_no = api.in_review(n)
    with api.db.view(ROOT.scope) as session:
        claim = locate(session, claim_no).id
    for login in ("xj.clerk", "xj.district", "xj.office1"):
        seen = digest(api.db, claim)
        passed = api.act(login, claim_no, "pass", {"seen": seen})
        assert passed.status_code == 200, passed.text
    assert passed.json()["state"] == "payable"
    return claim_no


def test_objection_from_the_member_to_the_second_round(api: Api) -> None:
    claim_no = decided(api)
    refused = api.post("xj.m1", f"/claims/{claim_no}/objections", {"grounds": "不是我的"})
    assert refused.status_code == 404
    made = api.post("xj.m3", f"/claims/{claim_no}/objections", {"grounds": "份数应为两份", "papers": []})
    assert made.status_code == 201, made.text
    assert (made.json()["state"], made.json()["late"], made.json()["round"]) == ("lodged", False, 1)
    [waiting] = api.get("xj.senior", "/objections").json()
    assert waiting["claim_no"] == claim_no
    assert looks_of(api, "xj.senior") == ["objections"]
    path = f"/objections/{waiting['id']}"
    assert api.post("xj.office2", f"{path}/accept", {}, version=1).status_code == 403
    assert api.post("xj.senior", f"{path}/accept", {}, version=7).json()["code"] == "stale_version"
    accepted = api.post("xj.senior", f"{path}/accept", {}, version=1)
    assert (accepted.status_code, accepted.json()["state"], accepted.json()["version"]) == (200, "accepted", 2)
    assert api.get("xj.m3", f"/claims/{claim_no}/objections").json()[0]["state"] == "accepted"
    assert looks_of(api, "xj.m3") == [] and api.get("xj.auditor", f"/claims/{claim_no}/objections").status_code == 200
    assert looks_of(api, "xj.auditor") == ["objections"]
    assert "查看异议" in {seen["what"] for seen in api.get("xj.m3", "/me/access").json()["seen"]}
    head = api.get("xj.m3", f"/claims/{claim_no}/head").json()
    assert (head["state"], head["round"]) == ("verified", 2)
    [round_] = api.get("xj.office2", f"/claims/{claim_no}/rounds").json()
    assert (round_["ground"], round_["round"], round_["before"], round_["lapsed"]) == ("objection", 2, "15000.00", "15000.00")
    assert api.get("xj.m3", f"/claims/{claim_no}/rounds").status_code == 403
    assert api.post("xj.clerk", f"{path}/withdraw", {"reason": "会员来电"}, version=2).json()["code"] == "withdrawal_not_signed"
    assert api.post("xj.m3", f"{path}/withdraw", {"reason": "已了解"}, version=2).json()["state"] == "withdrawn"


def test_correction_needs_another_person(api: Api) -> None:
    claim_no = decided(api)
    body = {"kind": "clerical", "why": "录入错误", "changes": [{"what": "医院", "old": "示例医院", "new": "示例市第一医院"}]}
    assert api.act("xj.office2", claim_no, "corrections", body).status_code == 200
    same = api.act("xj.office2", claim_no, "corrections/confirm")
    assert same.status_code == 403
    confirmed = api.act("xj.head", claim_no, "corrections/confirm")
    assert (confirmed.status_code, confirmed.json()["state"], confirmed.json()["round"]) == (200, "verified", 2)
    [round_] = api.get("xj.auditor", f"/claims/{claim_no}/rounds").json()
    assert (round_["kind"], round_["changes"]) == ("clerical", body["changes"])
    assert looks_of(api, "xj.auditor") == ["objections"]
    assert api.get("xj.maker", "/receivables").json() == []


def test_conversation_and_notes(api: Api) -> None:
    claim_no = api.report(0)
    assert api.post("xj.m0", f"/claims/{claim_no}/messages", {"words": "何时有结果？"}).status_code == 201
    assert api.get("xj.office1", f"/claims/{claim_no}/messages/unread").json() == {"unread": 1}
    assert api.post("xj.office1", f"/claims/{claim_no}/notes", {"words": "待核实"}).status_code == 201
    assert api.post("xj.clerk", f"/claims/{claim_no}/notes", {"words": "待核实"}).status_code == 403
    assert api.post("xj.office1", f"/claims/{claim_no}/messages", {"words": "预计本周"}).status_code == 201
    lines = api.get("xj.m0", f"/claims/{claim_no}/messages").json()
    assert [(line["words"], line["author"], line["unread"]) for line in lines] == [
        ("何时有结果？", lines[0]["author"], False), ("预计本周", "经办人", True)]
    assert len(api.get("xj.head", f"/claims/{claim_no}/messages").json()) == 3
    assert api.post("xj.m0", f"/claims/{claim_no}/messages", {"words": "长" * 2001}).status_code == 422
    for stranger in ("xj.m1", "nx.head"):
        assert api.get(stranger, f"/claims/{claim_no}/messages").status_code == 404
    assert api.get("xj.admin", f"/claims/{claim_no}/messages").status_code == 403


def test_originals_log(api: Api) -> None:
    claim_no = api.report(0)
    api.papers(claim_no)
    paper = api.get("xj.office1", f"/claims/{claim_no}/papers").json()[0]["id"]
    asked = api.post("xj.office1", f"/papers/{paper}/original", {"reason": "核对印章", "due_on": "2026-04-10"})
    assert (asked.status_code, asked.json()["state"]) == (201, "asked")
    path = f"/originals/{asked.json()['id']}"
    received = api.post("xj.clerk", f"{path}/received", {"from_whom": "本人", "same": True})
    assert (received.status_code, received.json()["state"], received.json()["received_no"]) == (200, "received", "XJYJ2026-00001")
    assert api.post("xj.office1", f"{path}/dropped", {"reason": "不需要"}).json()["code"] == "original_here"
    assert api.post("xj.clerk", f"{path}/returned", {"to_whom": "本人", "how": "post"}).json()["state"] == "returned"
    assert [row["state"] for row in api.get("xj.m0", f"/claims/{claim_no}/originals").json()] == ["returned"]


def test_withdrawal_is_confirmed_by_letter(api: Api) -> None:
    """The older verb, still whole: paper, verb, letter."""
    claim_no = api.report(0)
    assert api.act("xj.m0", claim_no, "withdraw", {"reason": "治疗未结束"}).json()["code"] == "withdrawal_unproved"
    with api.db.view(ROOT.scope) as session:
        claim = locate(session, claim_no).id
    signed = api.upload("xj.m0", f"/claims/{claim_no}/papers", small_pdf("signed"), kind="withdrawal", name="w.pdf")
    assert signed.status_code == 201, signed.text
    assert api.act("xj.m0", claim_no, "withdraw", {"reason": "治疗未结束"}).json()["state"] == "cancelled"
    with api.db.unit_of_work(ROOT.scope) as session:
        [drafted] = notice.draft(session, topic="claim.cancel", claim_ids=[claim], actor=ROOT, now=api.clock.now())
        [issued] = notice.issue(session, notice_ids=[drafted.id], actor=ROOT, now=api.clock.now())
        assert (issued.code, issued.number is not None) == ("withdrawal", True)


def test_money_asked_back_through_the_api(api: Api) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = paid_back(session, api.world, 0, 0, now=api.clock.now(), state="refused", kind="nothing")
        create(session, "receivable", [Receivable(
            org_key=claim.org_key, state="open", claim_id=claim.id, round=1, person_id=claim.person_id, amount_fen=1_000_00,
            why="objection", created_at=api.clock.now())], actor=ROOT, now=api.clock.now())
    [owed] = api.get("xj.maker", "/receivables").json()
    assert (owed["state"], owed["amount"], owed["received"], owed["version"]) == ("open", "1000.00", "0.00", 1)
    path = f"/receivables/{owed['id']}"
    assert api.post("xj.head", f"{path}/agree", {"agreement": "一次返还"}, version=1).status_code == 403
    assert api.post("xj.maker", f"{path}/agree", {"agreement": "一次返还"}, version=1).json()["state"] == "agreed"
    assert api.post("xj.maker", f"{path}/receive", {"amount": "400.00", "reference": "B1"}, version=1).json()["code"] == "stale_version"
    assert api.post("xj.maker", f"{path}/receive", {"amount": "400.00", "reference": "B1"}, version=2).json()["received"] == "400.00"
    proposed = api.post("xj.checker", f"{path}/propose-write-off", {"reason": "余款数额小，会员困难"}, version=2)
    assert proposed.json()["write_off_reason"] == "余款数额小，会员困难"
    assert api.post("xj.checker", f"{path}/write-off", {}, version=2).json()["code"] == "two_persons_needed"
    assert api.post("xj.head", f"{path}/write-off", {}, version=2).json()["state"] == "written_off"
    assert api.get("xj.maker", "/receivables").json() == []
