"""Certificates and files of letters through their doors: pages and API."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path

import pikepdf
import pytest

from services.core.db import Database
from services.notice import service as notice
from tests.services.api_world import Api
from tests.services.premium_world import cover_of
from tests.support.claims import XJ_EVENT, report
from tests.support.signed_in import sign_in
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_member_saves_her_certificate_and_nobody_elses(api: Api, db: Database, now: datetime) -> None:
    mine, hers = (cover_of(api.world, n).certificate_no for n in (0, 1))
    visitor = sign_in(api.app, db, api.world, "xj.m0", now)
    assert f'action="/mine/covers/{mine}/certificate"' in visitor.get("/mine").text
    done = visitor.send(f"/mine/covers/{mine}/certificate")
    assert (done.status_code, done.headers["location"]) == (303, f"/mine/covers/{mine}/certificate")
    saved = visitor.get(f"/mine/covers/{mine}/certificate")
    assert saved.headers["content-type"] == "application/pdf" and saved.content[:5] == b"%PDF-"
    assert visitor.get(f"/mine/covers/{hers}/certificate").status_code == 404
    visitor.get("/mine")
    assert visitor.send(f"/mine/covers/{hers}/certificate").status_code == 404
    clerk = sign_in(api.app, db, api.world, "xj.clerk", now)
    assert "开具参保证明" in clerk.get(f"/book/covers/{mine}").text
    clerk.send(f"/book/covers/{mine}/certificate")
    assert clerk.get(f"/book/covers/{mine}/certificate").content == saved.content       # the same words: the same bytes
    told = api.post("xj.clerk", f"/covers/{mine}/certificate", {"valid_on": None})
    assert (told.status_code, told.json()["number"]) == (201, f"新互通证〔{now.year}〕1号")
    assert api.get("xj.clerk", f"/covers/{mine}/certificate").content == saved.content
    assert api.get("xj.m1", f"/covers/{mine}/certificate").json()["code"] == "cover_missing"
    assert api.get("xj.m1", f"/covers/{hers}/certificate").json()["code"] == "certificate_missing"


def test_a_units_letters_to_print(api: Api, db: Database, now: datetime) -> None:
    with db.unit_of_work(ROOT.scope) as session:
        claims = [claim.id for n in range(2) for claim in report(session, api.world, api.world.member(n, "xj"), XJ_EVENT, now)[1]]
        drafts = notice.draft(session, topic="claim.create", claim_ids=claims, actor=ROOT, now=now)
        notice.issue(session, notice_ids=[row.id for row in drafts], actor=ROOT, now=now)
    clerk = sign_in(api.app, db, api.world, "xj.clerk", now)
    assert "没有要打印的文书" in clerk.get("/print-files").text
    page = clerk.get("/print-files?which=all").text
    [address] = re.findall(r'href="(/print-files/file[^"]+)"', page)
    with pikepdf.open(io.BytesIO(clerk.get(address.replace("&amp;", "&")).content)) as made, made.open_outline() as outline:
        assert len(outline.root) == 2
    assert clerk.get("/print-files?on=morgen").status_code == 422
    assert api.get("xj.clerk", "/print-file.xlsx", which="all").content[:2] == b"PK"
    assert api.get("xj.clerk2", "/print-file", which="all").json()["code"] == "nothing_to_print"


def test_every_sample_can_be_looked_at(api: Api, db: Database, now: datetime) -> None:
    clerk = sign_in(api.app, db, api.world, "xj.clerk", now)
    assert 'src="/letter-samples/withdrawal/1"' in clerk.get("/letter-samples").text
    page = clerk.get("/letter-samples/withdrawal").text
    assert "王样例同志：" in page and "二、重新申请" in page
    assert clerk.get("/letter-samples/withdrawal/1").content[:4] == b"\x89PNG"
    assert clerk.get("/letter-samples/withdrawal/file").content[:5] == b"%PDF-"
    for wrong in ("/letter-samples/nothing", "/letter-samples/withdrawal/9", "/letter-samples/withdrawal/x"):
        assert clerk.get(wrong).status_code == 404
