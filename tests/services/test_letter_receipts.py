"""Delivery over the interface: receipts signed and once, parcels by the clerk, a member's own channels."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from services.core import settings as settings_module
from services.core.db import Database
from services.notice import service as notice
from services.notice.receipts import signature
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.support.world import ROOT

SECRET = b"a secret shared with the gateway"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    monkeypatch.setenv("HUZHU_CHANNELS", "sms,mail")
    monkeypatch.setenv("HUZHU_RECEIPT_SECRET_FILE", str(tmp_path / "secret"))
    settings_module.settings.cache_clear()
    yield Api(db, now, tmp_path)
    monkeypatch.undo()
    settings_module.settings.cache_clear()


def told(api: Api, attempt: uuid.UUID, event: str, outcome: str, *, secret: bytes = SECRET, late: int = 0) -> httpx.Response:
    """A receipt as a provider pushes it."""
    body = json.dumps({"attempt": str(attempt), "event_id": event, "outcome": outcome, "at": "2026-03-20T10:00:00+08:00"}).encode()
    time = str(int((datetime.now(UTC) - timedelta(seconds=late)).timestamp()))
    answer: httpx.Response = api.http.post("/api/v1/letters/receipts", content=body, headers={
        "X-Huzhu-Time": time, "X-Huzhu-Signature": signature(secret, time, body), "Content-Type": "application/json"})
    return answer


def letter(api: Api, now: datetime) -> uuid.UUID:
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, api.world, 0, 6_000_000, now=now)
        [row] = notice.draft(session, topic="claim.approve", claim_ids=[claim.id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[row.id], actor=ROOT, now=now)
        notice.dispatch(session, notice_ids=[row.id], actor=ROOT, now=now)
        return row.id


def test_receipts_and_parcels(api: Api, now: datetime) -> None:
    chosen = {"contacts": [{"channel": "sms", "address": "13812345678"}]}
    assert api.post("xj.m0", "/me/contacts", chosen).json()["contacts"][0]["shown"] == "138****5678"
    assert api.post("xj.m0", "/me/contacts", {"contacts": [{"channel": "sms", "address": "1"}]}).json()["field"] == "sms"
    assert [one["shown"] for one in api.get("xj.m0", "/me/contacts").json()["contacts"]] == ["138****5678"]
    path = f"/notices/{letter(api, now)}"
    with api.db.view(ROOT.scope) as session:
        attempt = session.execute(sa.text("SELECT id FROM delivery_attempt")).scalar_one()

    def ways() -> list[tuple[str, list[str]]]:
        return [(one["channel"], [news["outcome"] for news in one["outcomes"]]) for one in api.get("xj.m0", f"{path}/attempts").json()]
    assert ways() == [("sms", [])]
    for wrong, code in ((told(api, attempt, "e0", "failed", secret=b"another secret, long enough"), "signature_wrong"),
                        (told(api, attempt, "e0", "failed", late=400), "receipt_stale")):
        assert (wrong.status_code, wrong.json()["code"]) == (401, code)
    assert told(api, attempt, "e0", "opened").status_code == 422 and told(api, uuid.uuid4(), "e0", "failed").status_code == 404
    assert ways() == [("sms", [])], "what was refused wrote nothing"

    assert told(api, attempt, "e1", "received").json() == {"new": True}
    assert told(api, attempt, "e2", "failed").json() == {"new": True}
    assert told(api, attempt, "e2", "failed").json() == {"new": False}
    assert ways() == [("sms", ["received", "failed"]), ("portal", [])], "one failure, one step"

    def act(verb: str, body: dict[str, object]) -> httpx.Response:
        seen = api.get("xj.clerk", path).json()["version"]
        return api.post("xj.clerk", f"{path}/{verb}", body, version=seen)
    assert act("posted", {"tracking": "EMS 1"}).json()["code"] == "letter_not_on_paper"
    assert act("resend", {"channel": "mail", "reason": "本人要求"}).json()["field"] == "channel"
    assert act("resend", {"channel": "paper", "reason": "本人要求"}).json()["channel"] == "paper"
    assert act("posted", {"tracking": "EMS 1", "on": "2026-03-20"}).status_code == 200
    assert act("returned", {"reason": "迁址"}).json()["state"] == "issued"
    assert api.get("xj.clerk2", f"{path}/attempts").status_code == 404 and api.get("xj.m1", f"{path}/attempts").status_code == 404
    assert ways()[2:] == [("paper", ["posted", "returned"])]
