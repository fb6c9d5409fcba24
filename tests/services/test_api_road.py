"""The office's road through the API: report, papers, verification, review, payment, as the people of the office."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.payment import service as payment
from services.reporting.claims import locate
from tests.services.api_world import Api, picture
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_claim_travels_from_report_to_a_released_run(api: Api) -> None:
    claim_no = api.in_review(0)
    for login in ("xj.clerk", "xj.district", "xj.office1", "xj.senior"):
        work = api.get(login, "/worklist").json()["items"]
        assert [item["claim_no"] for item in work] == [claim_no], login
        passed = api.act(login, claim_no, "pass", {"seen": work[0]["digest"]})
        assert passed.status_code == 200, passed.text
    decided = passed.json()
    # Seed 002: malignant disease 15000 yuan a share, four shares; above 20000 the senior reviewer decides.
    assert (decided["state"], decided["outcome"], decided["amount"]) == ("payable", "pay", "60000.00")

    with api.db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=[locate(session, claim_no).id], actor=ROOT, now=api.clock.now())
    run = api.post("xj.maker", "/payment-runs", {"plan": "xj-women", "bank": "ICBC"})
    assert run.status_code == 201, run.text
    path = f"/payment-runs/{run.json()['id']}"
    submitted = api.post("xj.maker", f"{path}/submit", version=run.json()["version"])
    assert (submitted.json()["state"], submitted.json()["total"]) == ("submitted", "60000.00"), submitted.text
    by_maker = api.post("xj.maker", f"{path}/release", version=submitted.json()["version"])
    assert by_maker.status_code == 403
    released = api.post("xj.checker", f"{path}/release", version=submitted.json()["version"])
    assert released.json()["state"] == "released", released.text
    shown = api.get("xj.checker", path).json()
    assert [(line["claim_no"], line["amount"]) for line in shown["payments"]] == [(claim_no, "60000.00")]
    assert shown["payments"][0]["account"].startswith("**** ")

    whole = api.get("xj.auditor", f"/claims/{claim_no}").json()
    assert [step["state"] for step in whole["chain"]] == ["passed"] * 4
    assert whole["worksheets"][0]["frozen"] is True
    assert [clock["due_on"] for clock in whole["clocks"] if clock["kind"] == "pay"] == ["2026-04-13"]
    assert {entry["event"] for entry in whole["record"] if entry["machine"] == "claim"} >= {"create", "verify", "route", "approve"}


def test_send_back_ask_and_answer(api: Api) -> None:
    claim_no = api.report(1)
    asked = api.act("xj.clerk", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "缺病理诊断报告"}]})
    assert asked.json()["state"] == "supplementing", asked.text
    whole = api.get("xj.clerk", f"/claims/{claim_no}").json()
    supplement = whole["supplements"][0]
    path = f"/supplements/{supplement['id']}"
    delivered = api.post("xj.clerk", f"{path}/delivered", {"on": "2026-03-20"}, version=supplement["version"])
    assert delivered.json()["state"] == "delivered", delivered.text
    answered = api.post("xj.m1", f"{path}/answer", {"items": [{"paper": "pathology", "state": "unavailable", "note": "医院遗失"}]},
                        version=delivered.json()["version"])
    assert answered.json()["state"] == "answered", answered.text
    assert api.get("xj.clerk", f"/claims/{claim_no}/head").json()["state"] == "reported"


def test_papers_come_back_as_they_went_in_and_every_look_is_recorded(api: Api) -> None:
    claim_no = api.report(0)
    content = picture("诊断")
    paper = api.upload("xj.m0", f"/claims/{claim_no}/papers", content, kind="diagnosis").json()
    assert paper["sha256"] == hashlib.sha256(content).hexdigest()
    assert paper["mime"] == "image/png"
    got = api.get("xj.clerk", f"/papers/{paper['id']}/content")
    assert got.content == content
    assert "attachment" in got.headers["content-disposition"]
    assert api.get("xj.admin", f"/papers/{paper['id']}/content").status_code == 403
    other = api.upload("xj.m0", f"/claims/{claim_no}/papers", b"MZ\x90\x00 not a paper", name="a.pdf", kind="diagnosis")
    assert (other.status_code, other.json()["code"]) == (422, "file_type")


def test_a_member_reports_for_herself_and_sees_only_her_own(api: Api) -> None:
    own = api.post("xj.m2", "/cases", {"channel": "member", "event": {
        "kind": "diagnosis", "icd10": "D06.900", "behaviour": "2", "severity": "in_situ", "diagnosed_on": "2026-03-18"}})
    assert own.status_code == 201, own.text
    claim_no = own.json()["claims"][0]["claim_no"]
    api.report(3)
    assert [item["claim_no"] for item in api.get("xj.m2", "/claims").json()["items"]] == [claim_no]
    assert api.get("xj.m3", f"/claims/{claim_no}").status_code == 404
    assert api.get("xj.m2", f"/claims/{claim_no}").status_code == 200
    assert api.get("nx.district", f"/claims/{claim_no}").status_code == 404
    assert api.get("xj.admin", f"/claims/{claim_no}").status_code == 403
