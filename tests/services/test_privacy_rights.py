"""A person's rights over her data as she and the office meet them: who looked, consents that stop and go on, copy, correction, deletion."""

from __future__ import annotations

import asyncio
import io
import json
import re
import uuid
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from flows import export_data
from services.core.db import Database
from services.core.errors import GuardFailed
from services.intake import data_copies
from services.intake.purposes import purposes
from services.reporting.claims import locate
from services.review import service as review
from services.web import privacy_words
from tests.services.api_world import Api, picture
from tests.services.member_pages import case_no, one, person
from tests.support.world import ROOT

TEMPLATES = Path(__file__).resolve().parents[2] / "services" / "web" / "templates"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def made(api: Api, request_no: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker does with an owed copy."""
    monkeypatch.setattr("flows.runtime.wiring", lambda: api.app.state.wiring)
    asyncio.run(export_data.make.fn(uuid.UUID(one(api, "SELECT id FROM privacy_request WHERE request_no = :no", no=request_no))))


def bundle_of(content: bytes) -> tuple[dict[str, Any], str]:
    """A copy's data and its page."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        assert bundle.testzip() is None
        return json.loads(bundle.read("个人信息.json")), bundle.read("个人信息.html").decode()


def newest(api: Api) -> str:
    return one(api, "SELECT request_no FROM privacy_request ORDER BY asked_at DESC, id DESC LIMIT 1")


def test_the_words_on_the_pages_are_the_words_that_are_recorded() -> None:
    said = {one.present.words for one in purposes().values()} | {text for one in purposes().values()
                                                                for text in (one.title, one.without, one.withdrawn)}
    assert said == set(privacy_words.CONSENTS)
    for template in ("report_check.html", "mine_rights.html"):
        shown = (TEMPLATES / template).read_text(encoding="utf-8")
        assert all(purposes()[code].present.words in shown for code in ("processing", "insurer")), template
    assert all(re.search("第.+条", ground) for one in purposes().values() for ground in one.grounds)


def test_a_member_sees_who_looked_at_what_and_why_and_nobody_elses(api: Api) -> None:
    claim_no, other = api.report(0), api.report(1)
    reviewer = person(api, "xj.office1")
    reviewer.get(f"/claims/{claim_no}")
    reviewer.get(f"/claims/{other}")
    whose = api.world.member(0, "xj").person_id
    assert api.post("xj.clerk", f"/people/{whose}/unmask", {"field": "phone", "reason": "核对联系电话是否本人"}).status_code == 200
    member = person(api, "xj.m0")
    member.get(f"/mine/{claim_no}")
    page = member.get("/mine/access").text
    assert claim_no in page and other not in page and "办事处初审" in page and "查看案件" in page
    assert "查看完整号码" in page and "手机号" in page and "核对联系电话是否本人" in page and page.count("xj.m0") == 0
    listed = api.get("xj.m0", "/me/access").json()
    assert {one["what"] for one in listed["seen"]} >= {"查看案件", "查看完整号码"} and listed["next"] is None
    assert all(one["claim_no"] in (claim_no, None) for one in listed["seen"])
    english = person(api, "xj.m0", "en").get("/mine/access").text
    assert "Who looked at my data" in english and "Handling the claim" in english
    book = CalamineWorkbook.from_filelike(io.BytesIO(member.get("/mine/access/workbook").content))
    rows = book.get_sheet_by_name("谁看过").to_python()
    assert any("核对联系电话是否本人" in row for row in rows) and len(rows) == 3 + len(listed["seen"])
    audited = api.get("xj.auditor", f"/people/{whose}/access").json()
    assert [one["id"] for one in audited["seen"]] == [one["id"] for one in listed["seen"]]
    assert api.get("nx.auditor", f"/people/{whose}/access").status_code == 404


def test_a_long_record_is_paged_and_merged_records_count(api: Api) -> None:
    whose, kept = api.world.member(0, "xj").person_id, api.world.member(1, "xj").person_id
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("""
            INSERT INTO access_record (id, org_key, account_id, what, at)
            SELECT uuidv7(), org_key, id, 'person:' || :person, :at FROM account, generate_series(1, 60) WHERE id = :id"""),
                        {"person": str(whose), "at": api.clock.now(), "id": api.world.account("xj.head")})
    first = api.get("xj.m0", "/me/access").json()
    second = api.get("xj.m0", "/me/access", after=first["next"]).json()
    assert (len(first["seen"]), len(second["seen"]), second["next"]) == (50, 10, None)
    assert "更早的" in person(api, "xj.m0").get("/mine/access").text
    assert api.get("xj.m1", "/me/access").json()["seen"] == []
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE person SET merged_into = :kept WHERE id = :id"), {"kept": kept, "id": whose})
    assert len(api.get("xj.m1", "/me/access").json()["seen"]) == 50


def test_consent_taken_back_stops_the_claims_and_given_again_lets_them_go_on(api: Api) -> None:
    claim_no = api.report(0)
    case = case_no(api, claim_no)
    member = person(api, "xj.m0")
    assert "没有同意" in member.get("/mine/privacy").text
    assert member.send("/mine/privacy/consent", case_no=case, purpose="processing", give="yes").status_code == 303
    page = member.get("/mine/privacy", done="given").text
    assert "已记下您的同意" in page and "已同意" in page
    member.send("/mine/privacy/consent", case_no=case, purpose="processing", give="no", why="想想再说")
    held = api.get("xj.clerk", f"/claims/{claim_no}").json()
    assert held["claim"]["held"] and held["hold_reason"] == "consent_withdrawn"
    assert [entry["event"] for entry in held["record"]][-2:] == ["withdrawn", "hold"]
    assert "会员撤回了办理所需的同意" in person(api, "xj.office1").get(f"/claims/{claim_no}").text
    api.papers(claim_no)
    api.checked(claim_no)
    refused = api.act("xj.clerk", claim_no, "verify")
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_withdrawn")
    with pytest.raises(GuardFailed, match="consent_withdrawn"), api.db.unit_of_work(ROOT.scope) as session:
        review.unhold(session, claim_id=locate(session, claim_no).id, actor=api.world.actors["xj.head"], now=api.clock.now())
    page = member.get("/mine/privacy").text
    assert "撤回" in page and "想想再说" in page
    member.send("/mine/privacy/consent", case_no=case, purpose="processing", give="yes")
    assert api.act("xj.clerk", claim_no, "verify").status_code == 200
    assert one(api, "SELECT held FROM claim WHERE claim_no = :no", no=claim_no) == "False"
    assert one(api, "SELECT count(*) FROM outbox WHERE topic = 'claim.unhold'") == "1"
    rows = api.get("xj.m0", "/me/consents").json()
    assert [(row["purpose"], row["version"], row["withdrawn_why"]) for row in rows] == [
        ("processing", "2026-1", "想想再说"), ("processing", "2026-1", "")]


def test_a_hold_for_another_reason_outlasts_the_consent(api: Api) -> None:
    claim_no = api.in_review()
    case = case_no(api, claim_no)
    assert api.act("xj.office1", claim_no, "hold", {"reason": "investigation"}).status_code == 200
    for give in ("consents", "consents/withdraw", "consents"):
        assert api.post("xj.m0", f"/cases/{case}/{give}", {"purpose": "processing"}).status_code in (200, 201)
    assert one(api, "SELECT held || ' ' || hold_reason FROM claim WHERE claim_no = :no", no=claim_no) == "true investigation"


def test_a_copy_is_made_by_the_worker_handed_to_its_person_alone_and_gone_after_a_week(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    claim_no = api.report(0)
    api.papers(claim_no)
    api.post("xj.m0", f"/claims/{claim_no}/messages", {"words": "请问还要交什么"})
    member = person(api, "xj.m0")
    member.get("/mine/privacy")
    assert member.send("/mine/privacy/requests", kind="export").status_code == 303
    number = newest(api)
    assert "排队制作" in member.get("/mine/privacy").text
    assert member.get(f"/mine/privacy/requests/{number}/file").status_code == 409
    again = member.send("/mine/privacy/requests", kind="export")
    assert again.status_code == 409 and "同样的申请正在办理" in again.text
    made(api, number, monkeypatch)
    assert "可以下载" in member.get("/mine/privacy").text
    whole = member.get(f"/mine/privacy/requests/{number}/file")
    assert whole.status_code == 200 and whole.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(whole.content)) as bundle:
        assert bundle.testzip() is None
        names = bundle.namelist()
        data = json.loads(bundle.read("个人信息.json"))
        page = bundle.read("个人信息.html").decode()
    member_of = api.world.member(0, "xj").synthetic
    assert data["person"]["id_number"] == member_of.id_number and data["person"]["phone"] == member_of.phone and member_of.id_number in page
    assert data["claims"][0]["claim"]["claim_no"] == claim_no and data["messages"][0]["words"] == "请问还要交什么"
    assert len([name for name in names if name.startswith(f"材料/{claim_no}/")]) == 5
    assert not {"record", "chain", "worksheets"} & set(data["claims"][0]) and "<script" not in page
    with api.db.unit_of_work(ROOT.scope) as session:        # killed after the bytes, before the word that they are there
        session.execute(sa.text("UPDATE privacy_request SET state = 'working', sha256 = NULL WHERE request_no = :no"), {"no": number})
    made(api, number, monkeypatch)
    with zipfile.ZipFile(io.BytesIO(member.get(f"/mine/privacy/requests/{number}/file").content)) as bundle:
        assert bundle.testzip() is None and bundle.namelist() == names
    for login in ("xj.m1", "xj.clerk", "xj.head"):
        path = f"/mine/privacy/requests/{number}/file" if login == "xj.m1" else f"/privacy/requests/{number}/file"
        assert person(api, login).get(path).status_code == 404, login
    api.clock.advance(timedelta(days=7))
    assert person(api, "xj.m0").get(f"/mine/privacy/requests/{number}/file").status_code == 409
    with api.db.unit_of_work(ROOT.scope) as session:
        assert data_copies.expire(session, now=api.clock.now()) == 1
        assert list(data_copies.pieces(uuid.UUID(one(api, "SELECT id FROM privacy_request WHERE request_no = :no", no=number)))) == []


def test_a_correction_is_asked_for_answered_by_another_and_written(api: Api) -> None:
    member, whose = person(api, "xj.m0"), api.world.member(0, "xj").person_id
    member.get("/mine/privacy")
    empty = member.send("/mine/privacy/requests", kind="correction", field="phone", wanted="")
    assert empty.status_code == 422 and 'id="wanted-fault"' in empty.text
    member.get("/mine/privacy")
    wanted = {"kind": "correction", "field": "phone", "wanted": "13900001234", "words": "换了号码"}
    assert member.send("/mine/privacy/requests", **wanted).status_code == 303       # type: ignore[arg-type]
    number = newest(api)
    office = person(api, "xj.office1")
    assert number in office.get("/privacy").text
    page = office.get(f"/privacy/requests/{number}").text
    assert "139****1234" in page and "13900001234" not in page and "换了号码" in page
    bare = office.send(f"/privacy/requests/{number}", version="1", answer="done", words="")
    assert bare.status_code == 422 and 'id="words-fault"' in bare.text
    stale = office.send(f"/privacy/requests/{number}", version="7", answer="done", words="已核对")
    assert stale.status_code == 409
    office.get(f"/privacy/requests/{number}")
    assert office.send(f"/privacy/requests/{number}", version="1", answer="done", words="已核对并更正").status_code == 303
    assert "139****1234" in api.get("xj.office1", f"/people/{whose}").json()["phone"]
    assert "已核对并更正" in member.get("/mine/privacy").text
    again = api.post("xj.office2", f"/privacy-requests/{number}/answer", {"answer": "refused", "words": "再答"}, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "request_over")
    asked = api.post("xj.m1", "/me/privacy-requests", {"kind": "correction", "field": "name", "wanted": "李四"})
    assert asked.status_code == 201 and asked.json()["due_on"] == "2026-04-04"
    assert person(api, "xj.m1").get("/mine/privacy").text.count("撤回申请") == 1
    assert member.send(f"/mine/privacy/requests/{asked.json()['request_no']}/withdraw").status_code == 404


def test_a_deletion_is_done_at_once_or_refused_with_clause_and_day(api: Api) -> None:
    api.report(0)
    assert api.post("xj.m0", "/me/contacts", {"contacts": [{"channel": "sms", "address": "13800001111"}]}).status_code in (200, 201)
    done = api.post("xj.m0", "/me/privacy-requests", {"kind": "deletion", "field": "contacts"}).json()
    assert (done["state"], done["answer"]) == ("answered", "done") and api.get("xj.m0", "/me/contacts").json()["contacts"] == []
    number = api.post("xj.m0", "/me/privacy-requests", {"kind": "deletion", "field": "records"}).json()["request_no"]
    head = person(api, "xj.head")
    assert "此人的案件材料最早保存到" in head.get(f"/privacy/requests/{number}").text
    untrue = api.post("xj.head", f"/privacy-requests/{number}/answer", {"answer": "done", "words": "已经删除"}, version=1)
    assert (untrue.status_code, untrue.json()["code"]) == (422, "records_kept"), "nothing was deleted, and nothing may be"
    refused = {"answer": "refused", "words": "依保险法第八十七条须保存"}
    without = api.post("xj.head", f"/privacy-requests/{number}/answer", refused, version=1)
    assert (without.status_code, without.json()["code"]) == (422, "kept_until_missing")
    assert api.post("xj.head", f"/privacy-requests/{number}/answer", {**refused, "kept_until": "2036-12-31"}, version=1).status_code == 200
    assert "依法保存到" in person(api, "xj.m0").get("/mine/privacy").text


def test_a_clerk_takes_a_request_at_the_counter_and_hands_the_copy_over(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    whose, clerk = api.world.member(0, "xj").person_id, person(api, "xj.clerk")
    assert "登记个人信息申请" in clerk.get(f"/people/{whose}").text
    clerk.get(f"/people/{whose}/data-request")
    bare = clerk.send(f"/people/{whose}/data-request", what="export", identified="")
    assert bare.status_code == 422 and 'id="identified-fault"' in bare.text
    asked = {"what": "export", "identified": "当面核对身份证原件"}
    clerk.get(f"/people/{whose}/data-request")
    unsigned = clerk.send(f"/people/{whose}/data-request", **asked)     # type: ignore[arg-type]
    assert unsigned.status_code == 422 and 'id="proof-fault"' in unsigned.text
    damaged = clerk.send(f"/people/{whose}/data-request", {"proof": ("申请.pdf", b"x", "application/pdf")}, **asked)
    assert damaged.status_code == 422 and 'id="proof-fault"' in damaged.text
    signed = {"proof": ("申请.png", picture("申请"), "image/png")}
    assert clerk.send(f"/people/{whose}/data-request", signed, **asked).status_code == 303
    number = newest(api)
    made(api, number, monkeypatch)
    assert clerk.get(f"/privacy/requests/{number}/file").status_code == 200
    looks = api.get("xj.m0", "/me/access").json()["seen"]
    assert [look["why"] for look in looks if look["what"] == "下载个人信息副本"] == ["当面核对身份证原件"]
    assert clerk.get(f"/people/{api.world.member(0, 'nx').person_id}/data-request").status_code == 404


def test_a_copy_of_the_counter_holds_what_its_office_holds_and_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there, member = api.report(0), api.report(1), api.world.member(0, "xj")
    her, other = member.person_id, api.world.member(1, "xj").person_id
    with api.db.unit_of_work(ROOT.scope) as session:        # what another office holds of her
        for table in ("claim", "case_file"):
            session.execute(sa.text(f"UPDATE {table} SET person_id = :her, org_key = 'cn.nx.yc.xq.u001.' WHERE person_id = :other"),
                            {"her": her, "other": other})
    path, body = f"/people/{her}/privacy-requests", {"kind": "export", "identified": "当面核对身份证原件"}
    for proof, code in ((None, "proof_missing"), ("0" * 64, "proof"), ("../x", "proof")):
        refused = api.post("xj.clerk", path, {**body, "proof_sha256": proof})
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, "proof_sha256")
    signed = api.upload("xj.clerk", f"/people/{her}/proofs", picture("申请")).json()["sha256"]
    number = api.post("xj.clerk", path, {**body, "proof_sha256": signed}).json()["request_no"]
    made(api, number, monkeypatch)
    data, page = bundle_of(person(api, "xj.clerk").get(f"/privacy/requests/{number}/file").content)
    assert [one["claim"]["claim_no"] for one in data["claims"]] == [here] and there not in json.dumps(data) + page
    assert (data["held_by"], data["person"]["id_number"]) == (
        one(api, "SELECT name FROM organisation WHERE org_key = 'cn.xj.wlmq.tsd.u001.'"), member.synthetic.id_number)
    assert all("只含该单位及其下级单位掌握的信息" in text and data["held_by"] in text for text in (data["about"], page))
    number = api.post("xj.m0", "/me/privacy-requests", {"kind": "export"}).json()["request_no"]
    made(api, number, monkeypatch)
    data, page = bundle_of(person(api, "xj.m0").get(f"/mine/privacy/requests/{number}/file").content)
    assert {one["claim"]["claim_no"] for one in data["claims"]} == {here, there} and "只含该单位" not in page


def test_nobody_looks_at_more_than_thirty_full_numbers_an_hour(api: Api) -> None:
    path = f"/people/{api.world.member(0, 'xj').person_id}/unmask"
    with api.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("""
            INSERT INTO access_record (id, org_key, account_id, what, at)
            SELECT uuidv7(), org_key, id, 'unmask:phone:x', :at FROM account, generate_series(1, 29) WHERE id = :id"""),
            {"at": api.clock.now(), "id": api.world.account("xj.clerk")})
    body = {"field": "phone", "reason": "核对联系电话"}
    assert api.post("xj.clerk", path, body).status_code == 200
    often = api.post("xj.clerk", path, body)
    assert (often.status_code, often.json()["code"]) == (409, "unmasked_often")
    assert api.post("xj.head", path, body).status_code == 200
    api.clock.advance(timedelta(minutes=61))
    assert api.post("xj.clerk", path, body).status_code == 200
