"""What every request must bring and what every refusal looks like."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi.routing import APIRoute

from services.core.db import BusinessClock, Database
from services.insurer.adapters import signing
from services.insurer.wire import canonical
from services.models import BusinessClockRow
from services.wiring import Wiring
from tests.services.api_world import EVENT, Api
from tests.support.paper_files import small_pdf
from tests.support.world import ROOT

SuperUser = psycopg.Connection[tuple[object, ...]]
WEBHOOK = "/api/v1/insurer/messages"
RECEIPTS = "/api/v1/letters/receipts"        # signed too, each event once


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def count(api: Api, table: str) -> int:
    with api.db.view(ROOT.scope) as session:
        return int(session.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_without_a_token_or_with_a_wrong_one_nothing_opens(api: Api) -> None:
    bare = api.http.get("/api/v1/me")
    assert (bare.status_code, bare.json()["code"]) == (401, "token_missing")
    assert bare.headers["content-type"] == "application/problem+json"
    assert bare.headers["www-authenticate"] == "Bearer"
    wrong = api.http.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token_invalid")
    assert api.get("xj.head", "/me").json()["roles"] == ["head"]


def test_every_post_asks_for_a_key(api: Api) -> None:
    answer = api.http.post("/api/v1/cases", headers=api.headers("xj.clerk"), json={"channel": "clerk", "event": EVENT})
    assert (answer.status_code, answer.json()["code"]) == (428, "idempotency_key_missing")


def test_the_same_key_is_answered_once(api: Api) -> None:
    body = {"id_number": api.world.member(0, "xj").synthetic.id_number, "event": EVENT, "channel": "clerk",
            "reported_on": "2026-03-20"}
    first = api.post("xj.clerk", "/cases", body, key="report-1")
    again = api.post("xj.clerk", "/cases", body, key="report-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert count(api, "case_file") == 1
    other = api.post("xj.clerk", "/cases", {**body, "hospital": "另一医院"}, key="report-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    # Another person's key is another key.
    assert api.post("xj.clerk2", "/cases", body, key="report-1").status_code != 201


def test_an_upload_is_the_same_by_its_bytes(api: Api) -> None:
    claim_no = api.report()
    content = small_pdf()
    first = api.upload("xj.clerk", f"/claims/{claim_no}/papers", content, name="a.pdf", kind="diagnosis", key="u-1")
    again = api.upload("xj.clerk", f"/claims/{claim_no}/papers", content, name="a.pdf", kind="diagnosis", key="u-1")
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    changed = api.upload("xj.clerk", f"/claims/{claim_no}/papers", content + b" ", name="a.pdf", kind="diagnosis", key="u-1")
    assert changed.json()["code"] == "idempotency_key_reused"


def test_a_failed_request_keeps_no_answer(api: Api) -> None:
    number = api.world.member(0, "xj").synthetic.id_number
    late = {"id_number": number, "channel": "clerk", "reported_on": "2026-03-20",
            "event": {**EVENT, "diagnosed_on": "2026-02-05", "specimen_on": "2026-02-03"}}
    refused = api.post("xj.clerk", "/cases", late, key="late")
    assert (refused.status_code, refused.json()["field"]) == (422, "late_reason")
    assert count(api, "case_file") == 0
    told = api.post("xj.clerk", "/cases", {**late, "late_reason": "住院期间无法办理"}, key="late")
    assert told.status_code == 201
    assert told.json()["case"]["late"] is True
    assert told.json()["case"]["last_timely_day"] == "2026-02-24"


def test_a_change_asks_for_the_version_that_was_seen(api: Api) -> None:
    claim_no = api.report()
    shown = api.get("xj.clerk", f"/claims/{claim_no}")
    assert shown.headers["etag"] == f'"{shown.json()["claim"]["version"]}"'
    body = {"items": [{"paper": "pathology", "reason": "缺"}]}
    path = f"/claims/{claim_no}/supplements"
    assert api.post("xj.clerk", path, body).json()["code"] == "if_match_missing"
    assert api.post("xj.clerk", path, body).status_code == 428
    stale = api.post("xj.clerk", path, body, version=7)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    done = api.post("xj.clerk", path, body, version=shown.json()["claim"]["version"])
    assert done.headers["etag"] == f'"{done.json()["version"]}"'
    odd = api.http.post(f"/api/v1{path}", json=body, headers={**api.headers("xj.clerk"), "Idempotency-Key": "k", "If-Match": "*"})
    assert (odd.status_code, odd.json()["field"]) == (422, "If-Match")


def test_wrong_bodies_name_the_key(api: Api) -> None:
    unknown = api.post("xj.clerk", "/cases", {"channel": "clerk", "event": EVENT, "hospitl": "x"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "hospitl")
    nested = api.post("xj.clerk", "/cases", {"id_number": api.world.member(0, "xj").synthetic.id_number, "channel": "clerk",
                                              "event": {**EVENT, "icd11": "C50"}})
    assert (nested.status_code, nested.json()["field"]) == (422, "event.icd11")
    missing = api.get("xj.clerk", "/days/add", start="2026-02-13")
    assert (missing.status_code, missing.json()["field"]) == (422, "days")
    nowhere = api.get("xj.clerk", "/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")


def test_helpers_answer_as_the_command_does(api: Api) -> None:
    assert api.get("xj.clerk", "/days/add", start="2026-02-13", days=15).json()["due"] == "2026-03-12"
    assert api.get("xj.clerk", "/days/report", diagnosed_on="2026-02-05").json()["due"] == "2026-02-24"
    assert api.get("xj.clerk", "/words", amount="72177.37").json()["words"] == "人民币柒万贰仟壹佰柒拾柒元叁角柒分"
    paid = api.post("xj.clerk", "/compute", {
        "plan": "nx-ankangbao", "cover": {"effective": "2026-03-01", "until": "2027-02-28"},
        "event": {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20",
                  "diagnosed_on": "2026-04-25", "stays": [{"days": 10}, {"days": 5}]}})
    assert paid.json()["total"] == "100900.00"
    schema = api.get("xj.clerk", "/plans/nx-ankangbao/schema").json()
    assert [paper["kind"] for paper in schema["papers"]][:2] == ["policy_copy", "id_card"]


def test_numbers_are_masked_and_unmasking_is_recorded(api: Api, superuser: SuperUser) -> None:
    member = api.world.member(0, "xj")
    claim_no = api.report()
    whole = api.get("xj.district", f"/claims/{claim_no}")
    assert member.synthetic.id_number not in whole.text
    assert whole.json()["person"]["id_number"].endswith(member.synthetic.id_number[-4:])
    path = f"/people/{member.person_id}/unmask"
    body = {"field": "id_number", "reason": "与纸质身份证核对", "claim_no": claim_no}
    assert api.post("xj.admin", path, body).status_code == 403
    assert api.post("nx.district", path, {**body, "claim_no": None}).status_code == 404
    full = api.post("xj.district", path, body, key="unmask-1")
    assert full.json()["value"] == member.synthetic.id_number
    assert api.post("xj.district", path, body, key="unmask-1").json()["code"] == "answered_once"
    looked = superuser.execute("SELECT what, reason FROM access_record WHERE claim_id IS NOT NULL ORDER BY at, id").fetchall()
    assert ("claim", None) in looked
    assert (f"unmask:id_number:{member.person_id}", "与纸质身份证核对") in looked
    kept = superuser.execute("SELECT body::text FROM idempotency_key").fetchall()
    assert not any(member.synthetic.id_number in str(row[0]) for row in kept)


def test_what_was_asked_for_is_not_guessed_from_what_is_kept(api: Api, superuser: SuperUser) -> None:
    """About ninety numbers fit what the answer shows: a plain hash of the request would say which one it was."""
    body = {"id_number": api.world.member(0, "xj").synthetic.id_number}
    first = api.post("xj.clerk", "/people/find", body, key="find-1")
    plain = hashlib.sha256(f'["POST","/api/v1/people/find",null,{{"id_number":"{body["id_number"]}"}}]'.encode()).hexdigest()
    assert first.status_code == 200
    assert superuser.execute("SELECT count(*) FROM idempotency_key WHERE request_sha256 = %s", (plain,)).fetchone() == (0,)
    # A key from before, with the plain hash, keeps its answer; its row is no way in for another request.
    superuser.execute("UPDATE idempotency_key SET request_sha256 = %s WHERE key = 'find-1'", (plain,))
    again = api.post("xj.clerk", "/people/find", body, key="find-1")
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    other = {"id_number": api.world.member(1, "xj").synthetic.id_number}
    assert api.post("xj.clerk", "/people/find", other, key="find-1").json()["code"] == "idempotency_key_reused"


def test_a_token_is_shown_once_and_never_kept(api: Api, superuser: SuperUser) -> None:
    account = str(api.world.actor("xj.head").account_id)
    made = api.post("admin", f"/accounts/{account}/tokens", {"expires_at": "2026-12-31T00:00:00+08:00", "roles": []}, key="t")
    token = made.json()["token"]
    assert api.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json()["account_id"] == account
    assert not superuser.execute("SELECT 1 FROM idempotency_key WHERE body::text LIKE %s", (f"%{token}%",)).fetchone()
    assert api.post("xj.head", "/tokens/revoke", {"token": token}).status_code == 200
    assert api.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def signed(api: Api, message: dict[str, object], *, key: Ed25519PrivateKey | None = None) -> tuple[bytes, dict[str, str]]:
    body = canonical(message)  # type: ignore[arg-type]
    header = signing.sign(key or api.insurer_key, "insurer", method="POST", target=WEBHOOK, ts="2026-03-20T10:00:00+08:00",
                          nonce="0123456789abcdef", body=body)
    return body, {signing.HEADER: header, "Content-Type": "application/json"}


def test_the_insurers_webhook_keeps_once_and_signs_its_answer(api: Api, tmp_path: Path) -> None:
    claim_no = api.report(0, "nx")
    message: dict[str, object] = {
        "message_id": str(uuid.uuid4()), "handoff_id": str(uuid.uuid4()), "claim_no": claim_no, "round": 1, "version": 1,
        "kind": "ack", "at": "2026-03-20T10:00:00+08:00", "seq": 1, "body": {"report_no": "PA-1"}}
    body, headers = signed(api, message, key=Ed25519PrivateKey.generate())
    assert api.http.post(WEBHOOK, content=body, headers=headers).json()["code"] == "insurer_signature"
    assert count(api, "insurer_message") == 0

    body, headers = signed(api, message)
    first = api.http.post(WEBHOOK, content=body, headers=headers)
    assert first.json() == {"message_id": message["message_id"], "new": True}
    office = load_pem_public_key((tmp_path / "office.pub.pem").read_bytes())
    proof = signing.verify(office, "office", headers=first.headers, method="POST 200", target=WEBHOOK, body=first.content)  # type: ignore[arg-type]
    assert proof.nonce == "0123456789abcdef"
    with api.db.view(ROOT.scope) as session:
        owed = session.execute(sa.text("SELECT topic, org_key FROM outbox WHERE topic = 'insurer.message'")).all()
    assert [tuple(row) for row in owed] == [("insurer.message", "cn.nx.yc.xq.u001.")]
    assert api.http.post(WEBHOOK, content=body, headers=headers).json()["new"] is False
    assert count(api, "insurer_message") == 1


def test_the_clock_moves_only_where_it_may(api: Api, now: datetime) -> None:
    fixed = api.post("admin", "/clock", {"to": "2026-03-25T09:00:00+08:00"})
    assert (fixed.status_code, fixed.json()["code"]) == (403, "clock_fixed")
    api.app.state.wiring = Wiring(api.db, BusinessClock(api.db), api.app.state.wiring.insurer, ROOT.scope)
    with api.db.unit_of_work(ROOT.scope) as session:
        session.add(BusinessClockRow(single=True, offset_seconds=round((now - datetime.now(UTC)).total_seconds())))
    assert api.post("xj.head", "/clock", {"to": "2026-03-25T09:00:00+08:00"}).status_code == 403
    moved = api.post("admin", "/clock", {"to": "2026-03-25T09:00:00+08:00"})
    assert moved.json()["day"] == "2026-03-25"
    assert api.get("xj.clerk", "/clock").json()["day"] == "2026-03-25"
    with api.db.view(ROOT.scope) as session:
        owed = set(session.execute(sa.text("SELECT topic FROM outbox")).scalars())
    assert owed == {"timetable.sweep", "timetable.collect"}
    assert api.get("admin", "/system/idle").json() == {"waiting": 2, "idle": False}
    assert api.get("xj.clerk", "/system/idle").status_code == 403
    back = api.post("admin", "/clock", {"to": (now - timedelta(days=30)).isoformat()})
    assert back.status_code == 200                                  # nothing was reported yet
    api.post("admin", "/clock", {"to": now.isoformat()})
    api.report()
    assert api.post("admin", "/clock", {"to": (now - timedelta(days=1)).isoformat()}).json()["code"] == "clock_backwards"


def test_openapi_says_what_the_code_enforces(api: Api) -> None:
    document = api.http.get("/api/v1/openapi.json").json()
    posts = [(path, operations["post"]) for path, operations in document["paths"].items() if "post" in operations]
    assert len(posts) > 40
    for path, operation in posts:
        headers = {item["name"].lower(): item["required"] for item in operation.get("parameters", ()) if item["in"] == "header"}
        assert headers.get("idempotency-key") is True or path in (WEBHOOK, RECEIPTS), path
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert any("\u4e00" <= letter <= "\u9fff" for letter in operation["summary"]), (method, path)
            assert "application/problem+json" in operation["responses"]["422"]["content"], (method, path)
    bodies = [name for name, schema in document["components"]["schemas"].items()
              if schema.get("additionalProperties") is False and schema.get("required") and "Heir" not in name
              and "Item" not in name and "Asked" not in name]
    for name in bodies:
        assert "example" in document["components"]["schemas"][name], name


def test_the_interface_page_needs_nobody_else(api: Api) -> None:
    page = api.http.get("/api/v1/docs")
    assert page.status_code == 200
    assert "script" not in page.text
    assert "http://" not in page.text.replace("http://127.0.0.1", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    listed = {route.path for route in api.app.routes if isinstance(route, APIRoute) and route.include_in_schema}
    assert all(path in page.text for path in listed)


def test_a_body_beyond_the_limit_is_refused_unread(api: Api) -> None:
    large = api.http.post("/api/v1/rosters", content=b"x", headers={**api.headers("xj.clerk"), "Content-Length": str(2**40)})
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    endless = api.http.post("/api/v1/rosters", content=iter([b"x"]), headers=api.headers("xj.clerk"))
    assert (endless.status_code, endless.json()["code"]) == (411, "length_required")


def test_the_clock_of_a_token_is_business_time(api: Api) -> None:
    api.clock.advance(timedelta(days=800))
    assert api.get("xj.head", "/me").status_code == 401
    assert json.loads(api.http.get("/api/v1/health").text) == {"ok": True}
