"""Letters, deaths and corrected accounts through the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.notice import service as notice
from services.reporting.claims import locate
from services.simulate.synthetic import synthetic_person
from tests.services.api_world import Api
from tests.support.paper_files import small_pdf
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def sent(api: Api, claim_no: str, topic: str, subjects: list[uuid.UUID]) -> list[dict[str, object]]:
    """What the worker does with a letter that is owed: draft, issue, dispatch."""
    with api.db.unit_of_work(ROOT.scope) as session:
        now, claim_id = api.clock.now(), locate(session, claim_no).id
        ids = [letter.id for letter in notice.draft(session, topic=topic, claim_ids=[claim_id], subject_ids=subjects,
                                                    actor=ROOT, now=now)]
        notice.issue(session, notice_ids=ids, actor=ROOT, now=now)
        notice.dispatch(session, notice_ids=ids, actor=ROOT, now=now)
    return list(api.get("xj.clerk", f"/claims/{claim_no}/notices").json())


def test_a_delivered_supplement_letter_pauses_the_clock(api: Api) -> None:
    claim_no = api.in_review(0)
    seen = api.get("xj.clerk", f"/claims/{claim_no}/head").json()["digest"]
    assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
    api.act("xj.district", claim_no, "supplements", {"items": [{"paper": "pathology", "reason": "影像不清"}]})
    supplement = api.get("xj.clerk", f"/claims/{claim_no}").json()["supplements"][0]
    letters = sent(api, claim_no, "supplement.create", [uuid.UUID(supplement["id"])])
    letter = next(item for item in letters if item["code"] == "supplement")
    path = f"/notices/{letter['id']}"

    pdf = api.get("xj.m0", f"{path}/content")
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert api.get("xj.m0", f"{path}/content").content == pdf.content
    assert api.get("xj.m1", f"{path}/content").status_code == 404
    assert api.post("xj.m0", f"{path}/delivered", {"proof": "本人打开"}).status_code == 428
    done = api.post("xj.m0", f"{path}/delivered", {"proof": "本人打开"}, version=int(str(letter["version"])))
    assert (done.status_code, done.json()["state"]) == (200, "delivered"), done.text

    whole = api.get("xj.clerk", f"/claims/{claim_no}").json()
    pay = next(clock for clock in whole["clocks"] if clock["kind"] == "pay")
    assert (pay["state"], pay["pauses"]) == ("paused", [["2026-03-20", None]])
    assert whole["supplements"][0]["deadline"] == "2026-04-20"      # 30 days end on Sunday 19 April
    again = api.post("xj.m0", f"{path}/delivered", {"proof": "再次打开"}, version=done.json()["version"])
    assert again.status_code == 409


def test_heirs_take_the_members_place(api: Api) -> None:
    claim_no = api.in_review(0)
    heirs = [synthetic_person(900 + n, sex="M", born=datetime(2000 + n, 1, 5).date(), bank="ICBC") for n in range(2)]
    body = {"died_on": "2026-03-19", "heirs": [
        {"name": heir.name, "id_number": heir.id_number, "relation": "child", "share": [1, 2], "bank": "ICBC",
         "account": heir.card} for heir in heirs]}
    unproved = api.act("xj.clerk", claim_no, "death", body)
    assert unproved.status_code == 409, unproved.text
    paper = api.upload("xj.clerk", f"/claims/{claim_no}/papers", small_pdf(), kind="death_proof")
    api.post("xj.clerk", f"/papers/{paper.json()['id']}/judgement", {"accept": True})
    noted = api.act("xj.clerk", claim_no, "death", body)
    assert (noted.status_code, noted.json()["died"]) == (200, True), noted.text
    payees = api.get("xj.clerk", f"/claims/{claim_no}").json()["payees"]
    assert [(payee["name"], payee["share"]) for payee in payees] == [(heir.name, "1/2") for heir in heirs]
    uneven = {**body, "heirs": body["heirs"][:1]}       # type: ignore[index]
    assert api.act("xj.clerk", claim_no, "death", uneven).status_code == 422


def test_a_hold_stops_the_review_and_an_auditor_changes_nothing(api: Api) -> None:
    claim_no = api.in_review(0)
    assert api.act("xj.auditor", claim_no, "hold", {"reason": "audit_request"}).status_code == 403
    held = api.act("xj.district", claim_no, "hold", {"reason": "audit_request"})
    assert held.json()["held"] is True, held.text
    seen = held.json()["digest"]
    stopped = api.act("xj.clerk", claim_no, "pass", {"seen": seen})
    assert (stopped.status_code, stopped.headers["content-type"]) == (409, "application/problem+json")
    assert api.act("xj.district", claim_no, "unhold").json()["held"] is False
    assert api.act("xj.clerk", claim_no, "pass", {"seen": seen}).status_code == 200
    assert api.get("xj.auditor", "/reasons").json()["audit_request"] == "应审计要求暂停"
