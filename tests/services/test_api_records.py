"""Organisations and people over HTTP: versions asked for, regions kept apart, numbers masked, looks recorded."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.core.db import Database
from services.simulate.synthetic import REGIONS, synthetic_person
from tests.services.api_world import EVENT, Api
from tests.services.member_pages import looks_of, person
from tests.support.proof import PROOF, keep_proof


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    keep_proof()
    return Api(db, now, tmp_path)


def code(answer: object) -> tuple[int, str | None]:
    body = answer.json()  # type: ignore[attr-defined]
    return answer.status_code, body.get("code") if isinstance(body, dict) else None  # type: ignore[attr-defined]


def test_a_unit_is_opened_changed_moved_and_read(api: Api) -> None:
    world = api.world
    district = api.post("xj.admin", "/organisations", {"parent_id": str(world.org("cn.xj.wlmq.")), "code": "sbk",
                                                       "name": "沙依巴克区总工会", "kind": "district"}).json()
    unit = f"/organisations/{world.org('cn.xj.wlmq.tsd.u001.')}"
    seen = api.get("xj.clerk", unit)
    assert (seen.status_code, seen.headers["ETag"], seen.json()["kind"]) == (200, '"1"', "unit")
    words = {"credit_code": "91350100m000100y43", "why": "补登代码"}
    assert code(api.post("xj.admin", f"{unit}/words", words)) == (428, "if_match_missing")
    assert code(api.post("xj.admin", f"{unit}/words", {**words, "credit_code": "91350100M000100Y44"}, version=1)) == (422, "credit_code")
    assert code(api.post("xj.admin", f"{unit}/words", {**words, "org_key": "cn."}, version=1)) == (422, "wrong_value")
    changed = api.post("xj.admin", f"{unit}/words", words, version=1)
    assert (changed.status_code, changed.json()["credit_code"], changed.headers["ETag"]) == (200, "91350100M000100Y43", '"2"')
    target = {"parent_id": district["id"], "why": "区划调整"}
    assert code(api.post("xj.admin", f"{unit}/move", target, version=1)) == (409, "stale_version")
    assert code(api.post("xj.clerk", f"{unit}/move", target, version=2)) == (403, "role_missing")
    assert code(api.post("nx.admin", f"{unit}/move", target, version=2)) == (404, "organisation_missing")
    moved = api.post("xj.admin", f"{unit}/move", target, version=2, key="move-1")
    assert (moved.status_code, moved.json()["org_key"], moved.json()["version"]) == (200, "cn.xj.wlmq.sbk.u001.", 3)
    again = api.post("xj.admin", f"{unit}/move", target, version=2, key="move-1")
    assert (again.headers["Idempotent-Replayed"], again.json()) == ("true", moved.json())
    kinds = [row["kind"] for row in api.get("xj.admin", f"{unit}/history").json()]
    assert kinds == ["opened", "changed", "moved"]
    assert code(api.get("nx.admin", f"{unit}/history"))[0] == 404
    assert api.get("xj.clerk", "/me").json()["org_key"] == "cn.xj.wlmq.sbk.u001."
    assert code(api.post("xj.admin", f"{unit}/close", {"why": "注销"}, version=3)) == (409, "org_in_use")
    into = str(world.org("cn.xj.wlmq.tsd.u002."))
    merged = api.post("xj.admin", f"{unit}/merge", {"into_id": into, "why": "两厂合并"}, version=3)
    assert (merged.status_code, merged.json()["id"]) == (200, into)
    closed = api.get("xj.admin", unit).json()
    assert (closed["closed_on"], closed["merged_into"]) == ("2026-03-20", into)


def test_liaisons_over_http(api: Api) -> None:
    world = api.world
    branch = api.post("nx.admin", "/organisations", {"parent_id": str(world.org("cn.nx.")), "code": "pa", "name": "示例保险分公司",
                                                     "kind": "insurer"}).json()["id"]
    made = api.post("nx.admin", f"/organisations/{branch}/liaisons", {
        "area_id": str(world.org("cn.nx.yc.")), "name": "示联", "duty": "理赔联络", "phone": "0951-0000000", "from_on": "2026-01-01"})
    assert made.status_code == 201, made.text
    unit = world.org("cn.nx.yc.xq.u001.")
    assert [row["name"] for row in api.get("nx.m0", f"/organisations/{unit}/liaisons", kind="insurer").json()] == ["示联"]
    assert api.get("nx.m0", f"/organisations/{unit}/liaisons", kind="agency").json() == []


def test_a_record_is_corrected_categorised_and_read_masked(api: Api) -> None:
    member = api.world.member(0, "xj")
    path = f"/people/{member.person_id}"
    new = synthetic_person(440, region=REGIONS["xinjiang"]).id_number
    assert code(api.get("nx.clerk", path)) == (404, "not_found")
    assert code(api.get("xj.m1", path)) == (403, "role_missing")
    fixed = api.post("xj.head", f"{path}/corrections", {"id_number": new, "why": "录入有误"}, version=1)
    assert (fixed.status_code, fixed.headers["ETag"]) == (200, '"2"')
    assert fixed.json()["id_number"] == f"{new[:3]}***********{new[-4:]}"
    assert fixed.json()["warnings"] == []
    body = {"category": "hardship", "from_on": "2026-01-01", "until_on": "2026-12-31", "proof_sha256": PROOF}
    given = api.post("xj.district", f"{path}/categories", body)
    assert (given.status_code, given.json()["category"]) == (201, "hardship")
    assert code(api.post("xj.clerk", f"{path}/categories", body)) == (403, "role_missing")
    period = given.json()["categories"][0]["id"]
    other = f"/people/{api.world.member(1, 'xj').person_id}/categories/{period}/withdraw"
    assert code(api.post("xj.district", other, {"why": "x"})) == (404, "not_found")
    gone = api.post("xj.district", f"{path}/categories/{period}/withdraw", {"why": "材料有误"})
    assert (gone.json()["category"], gone.json()["categories"]) == ("normal", [])
    history = api.get("xj.auditor", f"{path}/history")
    assert sorted(row["field"] for row in history.json()) == ["born", "category", "category", "id_number"]
    assert member.synthetic.id_number not in history.text and new not in history.text
    assert looks_of(api, "xj.auditor") == [f"person.history:{member.person_id}"]
    assert (api.get("xj.auditor", path).status_code, api.get("nx.auditor", path).status_code) == (200, 404)
    assert looks_of(api, "xj.auditor")[1:] == [f"person:{member.person_id}"] and looks_of(api, "nx.auditor") == []


def test_a_report_that_was_read_is_on_the_record(api: Api) -> None:
    case = api.get("xj.m0", f"/claims/{api.report(0)}").json()["case"]["case_no"]
    for login in ("xj.m0", "xj.district"):
        assert api.get(login, f"/cases/{case}").status_code == 200
    assert (looks_of(api, "xj.m0"), looks_of(api, "xj.district")) == ([], [f"case_papers:{case}"])


def test_nobody_who_may_not_see_a_number_puts_it_together(api: Api) -> None:
    """Birth date, last places and check digit leave some ninety numbers, of which finding tells the right one."""
    member = api.world.member(0, "xj")
    whole, path = member.synthetic.id_number, f"/people/{member.person_id}"
    typed = {"id_number": whole}
    for answer in (api.get("xj.admin", path), api.post("xj.admin", "/people/find", typed),
                   api.post("xj.admin", "/people", {"name": member.synthetic.name, **typed})):
        assert (answer.json()["born"], answer.json()["id_number"]) == (None, f"{whole[:3]}{'*' * 15}"), answer.text
    assert looks_of(api, "xj.admin") == [f"person:{member.person_id}"] * 2
    new = synthetic_person(442, region=REGIONS["xinjiang"]).id_number
    assert api.post("xj.head", f"{path}/corrections", {"id_number": new, "why": "录入有误"}, version=1).status_code == 200
    for address in (path, f"{path}/correct", f"{path}/merge"):
        page = person(api, "xj.admin").get(address).text
        assert f"{new[:3]}{'*' * 15}" in page and f"{new[6:10]}年" not in page
        assert not re.search(rf"\*({new[-4:]}|{whole[-4:]})", page)
    assert f"{new[:3]}***********{new[-4:]}" in person(api, "xj.clerk").get(path).text


def test_numbers_that_nobody_has_count_with_those_seen_in_full(api: Api) -> None:
    missing, there = synthetic_person(443, region=REGIONS["xinjiang"]).id_number, api.world.member(0, "xj")
    unmask = f"/people/{there.person_id}/unmask", {"field": "phone", "reason": "核对联系电话"}
    assert api.post("xj.clerk", *unmask).status_code == 200
    for _ in range(29):
        assert code(api.post("xj.clerk", "/people/find", {"id_number": missing})) == (404, "person_missing")
    assert looks_of(api, "xj.clerk")[1:] == ["person.find"] * 29
    for body in (missing, there.synthetic.id_number):
        assert code(api.post("xj.clerk", "/people/find", {"id_number": body})) == (409, "unmasked_often")
    assert code(api.post("xj.clerk", *unmask)) == (409, "unmasked_often")
    assert api.post("xj.head", "/people/find", {"id_number": there.synthetic.id_number}).status_code == 200
    api.clock.advance(timedelta(minutes=61))
    assert api.post("xj.clerk", "/people/find", {"id_number": there.synthetic.id_number}).status_code == 200


def test_a_proxy_reports_over_http_until_the_end(api: Api) -> None:
    ill, friend = api.world.member(0, "xj"), api.world.member(3, "xj")
    report = {"person_id": str(ill.person_id), "event": EVENT, "channel": "member"}
    assert code(api.post("xj.m3", "/cases", report)) == (403, "not_own")
    path = f"/people/{ill.person_id}/proxies"
    made = api.post("xj.clerk", path, {"proxy_id": str(friend.person_id), "from_on": "2026-03-20", "until_on": "2026-06-30",
                                       "reason": "昏迷", "proof_sha256": PROOF})
    assert made.status_code == 201, made.text
    claim_no = api.post("xj.m3", "/cases", report).json()["claims"][0]["claim_no"]
    assert api.get("xj.m3", f"/claims/{claim_no}").status_code == 200
    proxy = made.json()["proxies"][0]["id"]
    assert api.post("xj.clerk", f"{path}/{proxy}/end", {"why": "本人已能办理"}).status_code == 200
    assert code(api.get("xj.m3", f"/claims/{claim_no}"))[0] == 404


def test_two_records_merge_and_part_over_http(api: Api) -> None:
    member = api.world.member(2, "xj")
    typed = synthetic_person(441, region=REGIONS["xinjiang"])
    made = api.post("xj.clerk", "/people", {"name": member.synthetic.name, "id_number": typed.id_number})
    dropped, path = made.json()["id"], f"/people/{member.person_id}"
    done = api.post("xj.head", f"{path}/merge", {"dropped_id": dropped, "why": "号码录错"}, version=1)
    assert (done.status_code, done.json()["version"]) == (200, 2)
    by_number = api.post("xj.clerk", "/people/find", {"id_number": typed.id_number})
    assert {found.json()["id"] for found in (api.get("xj.clerk", f"/people/{dropped}"), by_number)} == {str(member.person_id)}
    assert len(api.get("xj.clerk", f"/people/{dropped}/covers").json()) == 1
    parted = api.post("xj.head", f"{path}/mergers/{done.json()['mergers'][0]['id']}/undo", {"why": "查明为两人"})
    assert parted.json()["mergers"][0]["undone_at"] is not None
    assert api.post("xj.clerk", "/people/find", {"id_number": typed.id_number}).json()["id"] == dropped
