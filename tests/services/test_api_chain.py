"""The chain's further verbs through the API: colleagues, handing on, taking over, changes, phrases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_level_goes_from_hand_to_hand(api: Api) -> None:
    claim_no = api.in_review(3)
    for login in ("xj.clerk", "xj.district"):
        seen = api.get(login, f"/claims/{claim_no}").json()["claim"]["digest"]
        assert api.act(login, claim_no, "pass", {"seen": seen}).status_code == 200
    named = {one["name"]: one["account_id"] for one in api.get("xj.office1", f"/claims/{claim_no}/colleagues").json()}
    other = api.world.actor("xj.office2")
    assert named[other.name] == str(other.account_id) and len(named) == 2
    assert api.act("xj.office1", claim_no, "take").status_code == 200
    body = {"to_account": str(other.account_id), "reason": "出差"}
    assert api.act("xj.district", claim_no, "delegate", body).status_code == 403
    assert api.act("xj.office1", claim_no, "delegate", body).status_code == 200
    seen = api.get("xj.office2", f"/claims/{claim_no}").json()["claim"]["digest"]
    refused = api.act("xj.office1", claim_no, "pass", {"seen": seen})
    assert (refused.status_code, refused.json()["code"]) == (409, "taken_by_another")
    assert api.act("xj.head", claim_no, "take-over", {"reason": "时限将届"}).status_code == 200
    assert api.act("xj.head", claim_no, "pass", {"seen": seen}).json()["state"] == "payable"


def test_changes_and_the_stated_rule_are_read(api: Api) -> None:
    claim_no = api.in_review(3)
    none = api.get("xj.clerk", f"/claims/{claim_no}/changes").json()
    assert (none["since"], none["items"]) == (None, [])
    assert api.act("xj.clerk", claim_no, "looks").status_code == 200
    assert api.get("xj.clerk", f"/claims/{claim_no}/changes").json()["since"] is not None
    assert api.act("xj.clerk", claim_no, "pass", {"seen": none["digest"]}).status_code == 200
    assert api.act("xj.district", claim_no, "hold", {"reason": "investigation"}).status_code == 200
    chain = api.get("xj.district", f"/claims/{claim_no}/chain").json()
    assert chain["passed"] == [{"level": "unit", "name": chain["passed"][0]["name"], "stands": True}]
    assert (chain["held"]["reason"], chain["held"]["by"]) == ("investigation", api.world.actor("xj.district").name)
    assert len(chain["rule"]) >= 3
    assert api.get("xj.m3", f"/claims/{claim_no}/changes").status_code == 403
    assert api.get("nx.district", f"/claims/{claim_no}/chain").status_code == 404


def test_a_grade_is_corrected_only_at_the_own_level(api: Api) -> None:
    claim_no = api.in_review(3)
    body = {"fact": "severity", "value": "in_situ", "reason": "病理为原位癌"}
    assert api.act("xj.district", claim_no, "regrade", body).status_code == 403
    seen = api.get("xj.clerk", f"/claims/{claim_no}").json()["claim"]["digest"]
    assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
    assert api.act("xj.district", claim_no, "regrade", {**body, "fact": "icd10"}).status_code == 422
    assert api.act("xj.district", claim_no, "regrade", body).status_code == 200
    whole = api.get("xj.district", f"/claims/{claim_no}").json()
    assert whole["event"]["severity"] == "in_situ" and whole["claim"]["digest"] != seen


def test_phrases_through_the_door(api: Api) -> None:
    made = api.post("xj.head", "/phrases", {"reason": "papers_unclear", "words": "请重新拍摄"})
    assert made.status_code == 201, made.text
    assert [one["words"] for one in api.get("xj.clerk", "/phrases", reason="papers_unclear").json()] == ["请重新拍摄"]
    assert api.get("nx.office1", "/phrases").json() == []
    assert api.post("xj.clerk", "/phrases", {"reason": "papers_unclear", "words": "另一句"}).status_code == 403
    assert api.post("xj.head", f"/phrases/{made.json()['id']}/retire").status_code == 200
    assert api.get("xj.clerk", "/phrases").json() == []
