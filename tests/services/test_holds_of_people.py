"""A hold on a person by page and interface: found by a number that the office knows, lifted by two, and all that is hers is kept."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.core.clock import at_hour
from services.evidence import holds
from services.intake import held
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.support.databases import Fresh
from tests.support.signed_in import Visitor
from tests.support.world import ROOT

NOW: datetime = at_hour(date(2026, 3, 20))
FORM = {"ground": "lawsuit", "reason": "法院要求保存证据", "paper_no": "（2026）示001号"}


@pytest.fixture(scope="module")
def api(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    db = Fresh(server)
    yield Api(db, NOW, Path(tmp_path_factory.mktemp("keys")))
    db.drop()


def asked(api: Api, statement: str, **words: object) -> list[tuple[object, ...]]:
    with api.db.view(ROOT.scope) as session:
        return [tuple(row) for row in session.execute(sa.text(statement), words)]


def held_claims(api: Api, person_id: uuid.UUID) -> set[bool]:
    return {bool(row[0]) for row in asked(api, f"SELECT {held.on_claim('c')} FROM claim c WHERE c.person_id = :id", id=person_id)}


def hold_of(page: str, verb: str) -> str:
    found = re.search(rf'action="/privacy/holds/([0-9a-f-]{{36}})/{verb}"', page)
    assert found, page
    return found[1]


def send(visitor: Visitor, path: str, **fields: str) -> str:
    """Where it leads, or the page that refuses."""
    visitor.get("/privacy/holds")
    answer = visitor.send(path, None, **fields)
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def test_by_a_claims_number_the_page_holds_the_member_and_two_lift_it(api: Api) -> None:
    claim_no, her = api.report(0), api.world.member(0, "xj").person_id
    head, senior = person(api, "xj.head"), person(api, "xj.senior")
    assert "会员本人名下的全部案件和信息" in head.get("/privacy/holds").text
    assert send(head, "/privacy/holds", number=f" {claim_no.lower()} ", reach="person", **FORM).endswith("done=placed")
    assert asked(api, "SELECT org_key, person_id, case_id, claim_id FROM legal_hold") == [("cn.xj.", her, None, None)]
    assert held_claims(api, her) == {True}
    page = senior.get("/privacy/holds").text
    assert api.world.member(0, "xj").synthetic.name in page and f'href="/people/{her}"' in page and "名下全部案件" in page
    assert "已有同一事由的保全" in send(senior, "/privacy/holds", number=claim_no, reach="person", **FORM)
    hold = hold_of(page, "ask")
    assert send(senior, f"/privacy/holds/{hold}/ask", why="案件已经审结").endswith("done=lift-asked")
    assert "等另一位复审或主任确认" in senior.get("/privacy/holds").text
    assert "申请解除和解除须是两个人" in send(senior, f"/privacy/holds/{hold}/lift")
    assert send(head, f"/privacy/holds/{hold_of(head.get('/privacy/holds').text, 'lift')}/lift").endswith("done=lifted")
    assert held_claims(api, her) == {False}
    assert [str(row[0]).partition(":")[0] for row in asked(api, "SELECT what FROM access_record WHERE what LIKE 'legal_hold.%' ORDER BY id")
            ] == ["legal_hold.placed", "legal_hold.asked", "legal_hold.lifted"]


def test_by_a_certificates_number_the_interface_holds_her_and_two_lift_it(api: Api) -> None:
    her = api.world.member(1, "xj").person_id
    [[number]] = asked(api, "SELECT min(certificate_no) FROM cover WHERE person_id = :id", id=her)
    body = {"number": number, "reach": "person", **FORM}
    placed = api.post("xj.senior", "/holds", body, key="once")
    assert placed.status_code == 201, placed.text
    told = placed.json()
    assert (told["person_id"], told["case_id"], told["claim_id"]) == (str(her), None, None)
    assert api.post("xj.senior", "/holds", body, key="once").json() == told
    assert [one["person_id"] for one in api.get("xj.auditor", "/holds").json()] == [str(her)]
    assert api.post("xj.senior", f"/holds/{told['id']}/lift").json()["code"] == "lift_not_asked"
    assert api.post("xj.senior", f"/holds/{told['id']}/ask", {"why": "案件已经审结"}).status_code == 200
    assert api.post("xj.senior", f"/holds/{told['id']}/lift").json()["code"] == "same_person"
    assert api.post("nx.head", f"/holds/{told['id']}/lift").status_code == 404
    assert api.post("xj.head", f"/holds/{told['id']}/lift").json()["lifted_at"]
    assert api.get("xj.auditor", "/holds").json() == []


def test_a_report_reaches_its_member_and_without_reach_only_the_matter(api: Api) -> None:
    claim_no, her = api.report(2), api.world.member(2, "xj").person_id
    [[case_no]] = asked(api, "SELECT f.case_no FROM case_file f JOIN claim c ON c.case_id = f.id WHERE c.claim_no = :no", no=claim_no)
    matter = api.post("xj.head", "/holds", {"number": claim_no, **FORM}).json()
    assert matter["person_id"] is None and matter["claim_id"]
    whole = api.post("xj.head", "/holds", {"number": case_no, "reach": "person", **FORM}).json()
    assert (whole["person_id"], whole["case_id"]) == (str(her), None)


@pytest.mark.parametrize(("number", "reach", "field"), [
    ("XJ2026-9999-999", "person", "number"), ("样本", "person", "number"), ("", "person", "number"),
    ("XJ2026-9999-999", "everybody", "reach"), ("XJ2026-9999-999", "", "reach")])
def test_what_names_nobody_is_refused_at_its_field_and_keeps_what_was_typed(api: Api, number: str, reach: str, field: str) -> None:
    page = send(person(api, "xj.head"), "/privacy/holds", number=number, reach=reach, **FORM)
    assert 'id="problem"' in page and f'id="{field}-fault"' in page and FORM["reason"] in page


def test_nobody_is_found_by_name_or_id_number_nor_beyond_the_office(api: Api) -> None:
    member = api.world.member(3, "xj")
    [[certificate]] = asked(api, "SELECT min(certificate_no) FROM cover WHERE person_id = :id", id=member.person_id)
    for login, number in (("xj.head", member.synthetic.name), ("xj.head", member.synthetic.id_number), ("xj.head", str(member.person_id)),
                          ("nx.head", str(certificate))):
        refused = api.post(login, "/holds", {"number": number, "reach": "person", **FORM})
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (404, "not_found", "number")
    for login in ("xj.office1", "xj.clerk", "xj.auditor", "xj.admin"):
        assert api.post(login, "/holds", {"number": str(certificate), "reach": "person", **FORM}).status_code == 403
    assert asked(api, "SELECT count(*) FROM legal_hold WHERE person_id = :id", id=member.person_id) == [(0,)]


def test_a_merged_record_is_held_as_the_one_it_became(api: Api) -> None:
    """A number of the record that was given up leads to the kept one."""
    kept, dropped = api.world.member(4, "xj").person_id, api.world.member(3, "xj").person_id
    [[certificate]] = asked(api, "SELECT min(certificate_no) FROM cover WHERE person_id = :id", id=dropped)
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE person SET merged_into = :kept WHERE id = :id"), {"kept": kept, "id": dropped})
        head = api.world.actors["xj.head"]
        assert holds.person_of(session, str(certificate), actor=head).person_id == kept
        session.rollback()
