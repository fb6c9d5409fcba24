"""What somebody with a valid token, or none, may try: nothing opens, nothing breaks, nothing leaks."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import xlsxwriter

from services.core.addresses import household
from services.core.db import Database
from services.notice import service as notice
from services.reporting.claims import locate
from services.reporting.progress import normal
from tests.services.api_world import EVENT, Api, picture
from tests.support.world import ROOT

SuperUser = psycopg.Connection[tuple[object, ...]]
UNTIL = "2026-12-31T00:00:00+08:00"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_member_sees_nothing_of_a_colleague(api: Api) -> None:
    claim_no = api.report(0)
    paper = api.upload("xj.clerk", f"/claims/{claim_no}/papers", picture("x"), kind="diagnosis").json()["id"]
    case_no = api.get("xj.clerk", f"/claims/{claim_no}").json()["case"]["case_no"]
    person = api.world.member(0, "xj").person_id
    for path in (f"/claims/{claim_no}", f"/claims/{claim_no}/head", f"/claims/{claim_no}/papers",
                 f"/claims/{claim_no}/notices", f"/cases/{case_no}", f"/papers/{paper}/content", f"/people/{person}/covers"):
        assert api.get("xj.m0", path).status_code == 200, path
        assert api.get("xj.m1", path).status_code == 404, path
    assert api.get("xj.m1", "/claims").json()["items"] == []
    assert api.upload("xj.m1", f"/claims/{claim_no}/papers", picture("y"), kind="diagnosis").status_code == 404
    assert api.post("xj.m1", f"/cases/{case_no}/consents", {"purpose": "insurer"}).status_code == 404
    assert api.act("xj.m1", claim_no, "withdraw", {"reason": "x"}).status_code == 404
    assert api.post("xj.m1", f"/people/{person}/unmask", {"field": "id_number", "reason": "好奇"}).status_code == 403
    for path in (f"/claims/{claim_no}", f"/claims/{claim_no}/head", f"/claims/{claim_no}/papers", f"/cases/{case_no}",
                 f"/papers/{paper}/content", "/claims", "/worklist"):
        assert api.get("xj.admin", path).status_code == 403, path


def test_a_narrow_token_gives_no_wider_one(api: Api) -> None:
    account = str(api.world.actor("xj.head").account_id)
    with_both = api.post("admin", "/accounts", {
        "login": "both", "name": "兼任", "org_id": str(api.world.org("cn.xj.")),
        "roles": ["head", "member"], "person_id": str(api.world.person("xj.head"))})
    assert with_both.status_code == 201, with_both.text
    both = with_both.json()["id"]
    narrow = api.post("admin", f"/accounts/{both}/tokens", {"expires_at": UNTIL, "roles": ["member"]}).json()["token"]
    api.world.tokens["narrow"] = narrow
    assert api.get("narrow", "/me").json()["roles"] == ["member"]
    wider = api.post("narrow", f"/accounts/{both}/tokens", {"expires_at": UNTIL, "roles": ["head"]})
    assert (wider.status_code, wider.json()["code"]) == (422, "role_not_held")
    api.world.tokens["second"] = api.post("narrow", f"/accounts/{both}/tokens", {"expires_at": UNTIL}).json()["token"]
    assert api.get("second", "/me").json()["roles"] == ["member"]
    assert api.post("narrow", f"/accounts/{account}/tokens", {"expires_at": UNTIL}).status_code == 403
    naive = api.post("narrow", f"/accounts/{both}/tokens", {"expires_at": "2026-12-31T00:00:00"})
    assert (naive.status_code, naive.json()["field"]) == (422, "expires_at")


def test_unmasking_needs_more_than_blanks(api: Api) -> None:
    path = f"/people/{api.world.member(0, 'xj').person_id}/unmask"
    for body in ({"field": "id_number"}, {"field": "id_number", "reason": ""}, {"field": "id_number", "reason": " \u3000\n"}):
        assert api.post("xj.clerk", path, body).json()["field"] == "reason"


def test_reading_a_letter_is_recorded(api: Api, superuser: SuperUser) -> None:
    claim_no = api.report(0)
    with api.db.unit_of_work(ROOT.scope) as session:
        now = api.clock.now()
        ids = [letter.id for letter in notice.draft(session, topic="claim.create", claim_ids=[locate(session, claim_no).id],
                                                    subject_ids=[], actor=ROOT, now=now)]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=now)
    path = f"/notices/{ids[0]}/content"
    assert api.get("xj.m0", path).status_code == 200
    assert api.get("xj.admin", path).status_code == 403
    assert api.get("nx.district", path).status_code == 404
    assert not superuser.execute("SELECT 1 FROM access_record WHERE what LIKE 'letter:%'").fetchall()
    assert api.get("xj.auditor", path).status_code == 200
    [(account,)] = superuser.execute("SELECT account_id FROM access_record WHERE what = %s", (f"letter:{ids[0]}",)).fetchall()
    assert account == api.world.actor("xj.auditor").account_id


def test_cards_and_kin_of_strangers_stay_as_they_are(api: Api, superuser: SuperUser) -> None:
    member, husband = api.world.member(0, "xj"), api.world.member(1, "xj")
    card = {"bank": "ICBC", "number": member.synthetic.card, "holder": member.synthetic.name}
    assert api.post("nx.clerk", f"/people/{member.person_id}/cards", card).status_code == 404
    assert api.post("xj.m1", f"/people/{member.person_id}/cards", card).status_code == 403
    kin = {"relative_id": str(husband.person_id), "relation": "spouse"}
    assert api.post("nx.clerk", f"/people/{member.person_id}/kin", kin).status_code == 404
    assert api.post("xj.m0", f"/people/{member.person_id}/kin", kin).status_code == 403
    assert api.post("xj.clerk", f"/people/{member.person_id}/kin", kin).status_code == 201
    assert api.post("xj.m0", f"/people/{member.person_id}/cards", card).status_code == 201


@pytest.mark.parametrize("text", ["\x00", "医\x00院", "\ud800", "\U0001f600"])
def test_text_that_no_database_keeps_is_refused(api: Api, text: str) -> None:
    number = api.world.member(0, "xj").synthetic.id_number
    body = {"id_number": number, "event": EVENT, "channel": "clerk", "reported_on": "2026-03-20"}
    for wrong in ({**body, "hospital": text}, {**body, "event": {**EVENT, "behaviour": text}}, {**body, "id_number": text}):
        refused = api.http.post("/api/v1/cases", content=json.dumps(wrong),
                                headers={**api.headers("xj.clerk"), "Idempotency-Key": "k", "Content-Type": "application/json"})
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert number not in refused.text


def test_a_nul_in_an_address_or_on_the_page_finds_nothing(api: Api) -> None:
    assert api.get("xj.clerk", "/claims/XJ%00").status_code in (404, 422)
    assert api.get("xj.clerk", "/worklist", after="\x00").status_code == 422
    assert api.http.post("/progress", data={"claim_no": "XJ\x00", "code": "\x00A"}).status_code == 404
    assert normal(" ab\x00c\u3000d\ud800") == "ABCD"


def test_markup_in_a_report_stays_text(api: Api) -> None:
    number = api.world.member(0, "xj").synthetic.id_number
    hostile = '"><script>alert(1)</script><img src="file:///etc/passwd">{{ 7*7 }}\'; DROP TABLE claim; --'
    made = api.post("xj.clerk", "/cases", {
        "id_number": number, "event": {**EVENT, "diagnosed_on": "2026-02-05", "specimen_on": "2026-02-03"}, "channel": "clerk",
        "reported_on": "2026-03-20", "hospital": hostile, "late_reason": hostile})
    assert made.status_code == 201, made.text
    claim_no = made.json()["claims"][0]["claim_no"]
    with api.db.unit_of_work(ROOT.scope) as session:
        now = api.clock.now()
        ids = [letter.id for letter in notice.draft(session, topic="claim.create", claim_ids=[locate(session, claim_no).id],
                                                    subject_ids=[], actor=ROOT, now=now)]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=now)
    assert api.get("xj.m0", f"/notices/{ids[0]}/content").content[:5] == b"%PDF-"
    page = api.http.post("/progress", data={"claim_no": hostile[:40], "code": hostile[:40], "lang": hostile})
    assert "<script>alert" not in page.text
    assert '<img src="fil' not in page.text


def test_hostile_uploads_name_the_fault(api: Api) -> None:
    path = f"/claims/{api.report(0)}/papers"
    for content in (b"", b"<html><script>alert(1)</script>", b"MZ" + bytes(400), b"PK\x03\x04" + bytes(40),
                    b"\x89PNG\r\n\x1a\n" + bytes(40), b"GIF89a" + bytes(40)):
        refused = api.upload("xj.m0", path, content, name="../../etc/x.pdf", kind="diagnosis")
        assert (refused.status_code, refused.json()["field"]) == (422, "content"), content[:8]
    assert api.upload("xj.m0", path, picture("x"), kind="../x").status_code == 422
    kept = api.upload("xj.m0", path, picture("x"), name="\"\r\nX-Evil: 1\x00.png", kind="diagnosis")
    assert kept.status_code in (201, 422)


def test_a_small_table_that_spreads_over_all_memory_is_refused(api: Api) -> None:
    words = {"plan": "xj-women", "org_id": str(api.world.org("cn.xj.wlmq.tsd.u001.")), "effective": "2026-03-25", "payer_kind": "self"}
    for cells in ({"A1": "姓名", "XFD1048576": "x"}, {"A1": "姓名", "ZZ20000": "x"}):
        out = io.BytesIO()
        with xlsxwriter.Workbook(out) as book:
            sheet = book.add_worksheet()
            for place, text in cells.items():
                sheet.write(place, text)
        refused = api.upload("xj.clerk", "/rosters", out.getvalue(), name="r.xlsx", **words)
        assert (refused.status_code, refused.json()["code"]) == (422, "file_bloated")


def test_what_the_bank_said_in_vain_is_listed(api: Api, superuser: SuperUser) -> None:
    superuser.execute("INSERT INTO bank_line (id, org_key, kind, attempt, reference, amount_fen, fault, file_sha256, line_no, at)"
                      " VALUES (gen_random_uuid(), 'cn.xj.', 'credit', 1, 'P1-1', 12345, 'unknown_reference', 'ff', 1, now())")
    [line] = api.get("xj.checker", "/bank-returns/unmatched").json()
    assert (line["fault"], line["amount"], line["line_no"]) == ("unknown_reference", "123.45", 1)
    assert api.get("nx.maker", "/bank-returns/unmatched").json() == []
    assert api.get("xj.clerk", "/bank-returns/unmatched").status_code == 403


def test_one_household_is_one_asker() -> None:
    assert household("2001:db8:1:2:aaaa::1") == household("2001:db8:1:2:bbbb::2") != household("2001:db8:1:3::1")
    assert household("::ffff:192.0.2.1") == household("192.0.2.1") == "192.0.2.1"
    assert household("testclient") == "testclient"
