"""Money asked back, by page: agreed, received in parts with the bank's serial, or given up by two."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.db import Database
from services.lifecycle.create import create
from services.models import Receivable
from tests.services.api_world import Api
from tests.services.claim_pages import person
from tests.services.paying_world import decided
from tests.support.signed_in import Visitor
from tests.support.world import ROOT


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def owed(api: Api, now: datetime) -> uuid.UUID:
    """14000.00 to come back."""
    with api.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, api.world, 0, 0, now=now, state="refused", kind="nothing")
        row = Receivable(org_key=claim.org_key, state="open", claim_id=claim.id, round=1, person_id=claim.person_id,
                         amount_fen=1_400_000, why="objection", created_at=now)
        create(session, "receivable", [row], actor=ROOT, now=now)
        return row.id


def sends(visitor: Visitor, owed: uuid.UUID, act: str, **fields: str) -> str:
    """Where the form leads, or the page that refuses."""
    page = visitor.get(f"/receivables/{owed}").text
    version = page.split('name="version" value="')[1].split('"')[0] if 'name="version"' in page else ""
    given: dict[str, Any] = {"version": version, **fields}
    answer = visitor.send(f"/receivables/{owed}/{act}", **given)
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def test_it_comes_back_by_agreement_in_parts(api: Api, owed: uuid.UUID) -> None:
    maker, checker = person(api, "xj.maker"), person(api, "xj.checker")
    assert "14,000.00" in maker.get("/receivables").text
    assert "登记返还协议" not in checker.get(f"/receivables/{owed}").text
    assert "须写明内容" in sends(maker, owed, "agree", agreement=" ")
    assert sends(maker, owed, "agree", agreement="分两期，4月底、5月底各7000元").endswith("done=agreed")
    assert sends(maker, owed, "receive", amount="7000.00", reference="B1").endswith("done=came")
    wrong = sends(maker, owed, "receive", amount="7000.01", reference="B2")
    assert 'id="amount-fault"' in wrong and "7000.00 元" in wrong and 'value="7000.01"' in wrong
    assert sends(checker, owed, "receive", amount="7000.00", reference="B2").endswith("done=came")
    assert "已返还" in maker.get(f"/receivables/{owed}").text
    assert "没有待返还的款项" in maker.get("/receivables").text


def test_two_persons_give_it_up_and_another_version_is_not_overwritten(api: Api, owed: uuid.UUID) -> None:
    head, checker = person(api, "xj.head"), person(api, "xj.checker")
    assert sends(head, owed, "propose-write-off", reason="家庭困难，已享受低保").endswith("done=proposed")
    mine = head.get(f"/receivables/{owed}").text
    assert "另一人同意" in mine and "同意免予返还 14,000.00 元" not in mine
    assert "已被他人更新" in sends(checker, owed, "write-off", version="99")
    assert sends(checker, owed, "write-off").endswith("done=written_off")
    assert "免予返还" in head.get(f"/receivables/{owed}").text
    assert person(api, "xj.maker").get(f"/receivables/{uuid.uuid4()}").status_code == 404
    assert person(api, "xj.auditor", "en").get(f"/receivables/{owed}").text.count("14,000.00") == 1
