"""Sheets, bulk, samples and the proof through the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.core.db import Database
from services.storage.service import XLSX
from tests.services.api_world import Api


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def at_district(api: Api, *members: int) -> list[str]:
    """Claims of members, certified by the unit."""
    found = [api.in_review(n) for n in members]
    for claim_no in found:
        seen = api.get("xj.clerk", f"/claims/{claim_no}").json()["claim"]["digest"]
        assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
    return found


def asked(api: Api, login: str, numbers: list[str]) -> dict[str, object]:
    heads = [api.get(login, f"/claims/{number}").json()["claim"] for number in numbers]
    return {"claims": [{"claim_no": head["claim_no"], "seen": head["digest"], "version": head["version"]} for head in heads]}


def test_a_sheet_from_draft_to_the_level_above(api: Api) -> None:
    numbers = at_district(api, 3, 5)
    made = api.post("xj.district", "/summary-sheets", {"plan": "xj-women", "month": "2026-03"})
    assert made.status_code == 201, made.text
    sheet = made.json()
    assert (sheet["sheet_no"], sheet["status"], sheet["month"], sheet["total"]) == (
        "XJ-WLMQ-TSD-202603-01", "drafted", "2026-03", "30000.00")
    assert {item["claim_no"] for item in sheet["items"]} == set(numbers)
    path = f"/summary-sheets/{sheet['id']}"
    read = api.get("xj.district", path)
    assert read.headers["etag"] == f'"{sheet["version"]}"'
    assert api.post("xj.district", f"{path}/sign").status_code == 428
    # The sheet's version rises with each act.
    signed = api.post("xj.district", f"{path}/sign", version=sheet["version"])
    assert signed.status_code == 200, signed.text
    assert [(item["passed"], item["next_level"]) for item in signed.json()["results"]] == [(True, "office_first")] * 2
    assert (signed.json()["status"], signed.json()["intact"]) == ("signed", True)
    again = api.post("xj.district", f"{path}/sign", version=sheet["version"])
    assert (again.status_code, again.json()["code"]) == (409, "stale_version")
    got = api.post("xj.office1", f"{path}/receive", version=signed.json()["version"])
    assert got.json()["status"] == "received", got.text
    book = api.get("xj.office1", f"{path}/workbook")
    assert (book.headers["content-type"], book.content[:2]) == (XLSX, b"PK")
    listed = api.get("xj.head", "/summary-sheets", plan="xj-women", month="2026-03", status="received").json()
    assert [item["id"] for item in listed["items"]] == [sheet["id"]]
    assert api.get("xj.head", "/summary-sheets", month="2026-13").status_code == 422


def test_sheets_are_for_reviewers_of_the_area_and_auditors(api: Api) -> None:
    at_district(api, 3)
    sheet = api.post("xj.district", "/summary-sheets", {"plan": "xj-women", "month": "2026-03"}).json()
    path = f"/summary-sheets/{sheet['id']}"
    seen = {login: api.get(login, path).status_code for login in (
        "xj.auditor", "xj.city", "xj.clerk", "xj.m3", "xj.maker", "xj.admin", "nx.head", "nx.auditor")}
    assert seen == {"xj.auditor": 200, "xj.city": 200, "xj.clerk": 403, "xj.m3": 403, "xj.maker": 403, "xj.admin": 403,
                    "nx.head": 404, "nx.auditor": 404}
    refused = {login: api.post(login, f"{path}/discard", version=sheet["version"]).status_code for login in (
        "xj.auditor", "xj.city", "xj.clerk", "nx.district")}
    assert refused == {"xj.auditor": 403, "xj.city": 403, "xj.clerk": 403, "nx.district": 404}


def test_claims_are_taken_out_of_a_draft(api: Api) -> None:
    numbers = at_district(api, 3, 5)
    sheet = api.post("xj.district", "/summary-sheets", {"plan": "xj-women", "month": "2026-03", "claims": numbers}).json()
    path = f"/summary-sheets/{sheet['id']}"
    less = api.post("xj.district", f"{path}/take-out", {"claims": numbers[:1]}, version=sheet["version"]).json()
    assert [item["claim_no"] for item in less["items"]] == numbers[1:]
    unknown = api.post("xj.district", f"{path}/take-out", {"claims": numbers[:1]}, version=less["version"])
    assert (unknown.status_code, unknown.json()["code"]) == (422, "claim_not_on_sheet")
    fresh = api.post("xj.district", f"{path}/refresh", version=less["version"]).json()
    assert (fresh["lines"], fresh["left_out"]) == (1, [])
    assert api.post("xj.district", f"{path}/discard", version=fresh["version"]).json()["status"] == "discarded"


def test_bulk_names_what_is_in_the_way_and_passes_the_rest_after_it_is_taken_out(api: Api) -> None:
    numbers = at_district(api, 3, 5)
    body = asked(api, "xj.district", numbers)
    head = api.act("xj.head", numbers[0], "hold", {"reason": "investigation"})
    assert head.status_code == 200, head.text
    said = api.post("xj.district", "/review/bulk-check", body).json()["results"]
    assert [(item["passed"], item["code"]) for item in said] == [(False, "stale_version"), (True, None)]
    refused = api.post("xj.district", "/review/bulk-pass", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_all_passed")
    assert [(item["claim_no"], item["code"]) for item in refused.json()["claims"]] == [(numbers[0], "stale_version")]
    assert refused.headers["content-type"] == "application/problem+json"
    rest = {"claims": body["claims"][1:]}       # type: ignore[index]
    done = api.post("xj.district", "/review/bulk-pass", rest, key="bulk-1")
    assert [item["next_level"] for item in done.json()["results"]] == ["office_first"]
    assert api.post("xj.district", "/review/bulk-pass", rest, key="bulk-1").headers["idempotent-replayed"] == "true"
    assert api.post("xj.m3", "/review/bulk-pass", rest).status_code == 403
    assert api.post("xj.auditor", "/review/bulk-check", rest).status_code == 403


def test_a_sample_from_draw_to_result_and_the_proof(api: Api) -> None:
    numbers = at_district(api, 3, 5)
    for login in ("xj.district", "xj.office1"):
        assert api.post(login, "/review/bulk-pass", asked(api, login, numbers)).status_code == 200
    api.clock.advance(timedelta(days=1))
    body = {"from_on": "2026-03-01", "until_on": "2026-03-20", "size": 1}
    drawn = api.post("xj.head", "/qa-samples", body)
    assert drawn.status_code == 201, drawn.text
    sample = drawn.json()
    assert (sample["population"], sample["size"], len(sample["seed"])) == (2, 1, 32)
    [item] = sample["items"]
    assert (item["amount"], item["mine"]) == ("15000.00", False)
    own = api.post("xj.office1", f"/qa-items/{item['id']}/finding", {"finding": "ok"})
    assert (own.status_code, own.json()["code"]) == (409, "own_decision")
    found = api.post("xj.head", f"/qa-items/{item['id']}/finding", {"finding": "letter_wrong", "note": "文书未写明条款"})
    assert found.json()["finding"] == "letter_wrong", found.text
    shown = api.get("xj.auditor", f"/qa-samples/{sample['id']}").json()
    assert (shown["checked"], shown["errors"], shown["findings"]) == (1, 1, {"letter_wrong": 1})
    again = api.get("xj.auditor", f"/qa-samples/{sample['id']}/redraw").json()
    assert (again["population_same"], again["items_same"]) == (True, True)
    assert [row["id"] for row in api.get("xj.head", "/qa-samples").json()["items"]] == [sample["id"]]
    proof = api.get("xj.auditor", "/separation", year=2026).json()
    assert (proof["claims"], proof["holds"], proof["violations"]) == (2, True, [])
    assert proof["comparisons"] == sum(kind["comparisons"] for kind in proof["kinds"]) > 0
    refused = [api.get(login, "/separation", year=2026).status_code for login in ("xj.office1", "xj.clerk", "xj.m3", "xj.admin")]
    assert refused == [403] * 4
    assert [api.get(login, "/qa-samples").status_code for login in ("xj.clerk", "xj.m3", "xj.admin", "xj.maker")] == [403] * 4
