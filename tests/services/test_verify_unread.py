"""A claim is verified while the machine has still to read: only with a reason, on the page and over the API, and on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select

from services.core.db import Database
from services.core.settings import settings
from services.models import AuditRecord, Claim, Paper
from tests.services.api_world import Api
from tests.services.claim_pages import hidden, person
from tests.services.reading_world import read
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine reads here, as in an office with the extra installed; no worker is up."""
    monkeypatch.setenv("HUZHU_OCR", "rapidocr")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("reads")
def test_who_does_not_wait_for_the_reading_says_why(api: Api) -> None:
    claim_no = api.report()
    api.papers(claim_no)
    with api.db.view(ROOT.scope) as session:
        claim_id = session.exec(select(Claim.id).where(Claim.claim_no == claim_no)).one()
        papers = {paper.kind: paper.id for paper in session.exec(select(Paper).where(Paper.claim_id == claim_id)).all()}
    refused = api.act("xj.clerk", claim_no, "verify")
    told = refused.json()
    assert (refused.status_code, told["code"], told["field"]) == (409, "papers_unread", "reason")
    assert "还有 4 页尚未识读" in told["title"]
    read(api, papers["pathology"], "pathology", {})
    clerk = person(api, "xj.clerk")
    form = clerk.get(f"/claims/{claim_no}/verify").text
    assert "还有 3 页尚未识读" in form and 'name="reason"' in form
    assert "还有 3 页尚未识读" in clerk.send(f"/claims/{claim_no}/verify", **hidden(clerk), reason=" ").text
    clerk.get(f"/claims/{claim_no}/verify")
    sent = clerk.send(f"/claims/{claim_no}/verify", **hidden(clerk), reason="三页均已逐页看过")
    assert sent.headers["location"].endswith("done=verified")
    with api.db.view(ROOT.scope) as session:
        record = session.exec(select(AuditRecord).where(AuditRecord.chain_id == claim_id, AuditRecord.event == "verify")).one()
        assert record.record["details"] == {"unread_pages": 3, "unread_reason": "三页均已逐页看过"}


@pytest.mark.usefixtures("reads")
def test_when_all_is_read_nothing_more_is_asked(api: Api) -> None:
    claim_no = api.report(1)
    api.papers(claim_no)
    with api.db.view(ROOT.scope) as session:
        claim_id = session.exec(select(Claim.id).where(Claim.claim_no == claim_no)).one()
        papers = session.exec(select(Paper.id).where(Paper.claim_id == claim_id)).all()
    for paper_id in papers:
        read(api, paper_id, "pathology", {})
    assert 'name="reason"' not in person(api, "xj.clerk").get(f"/claims/{claim_no}/verify").text
    assert api.act("xj.clerk", claim_no, "verify").status_code == 200
