"""Paying ahead by page and interface: proposed by one, confirmed by another, the sixtieth day in sight until then."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.claim_pages import hidden, person, press

WHY = "病理会诊结论尚未作出"


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_from_the_proposal_to_the_payment(api: Api) -> None:
    claim_no = api.in_review()
    at, first, second = f"/claims/{claim_no}", person(api, "xj.office1"), person(api, "xj.senior")
    assert "材料齐全后60日" in first.get(at).text and "confirm-advance" not in second.get(at).text
    first.get(f"{at}/propose-advance")
    refused = first.send(f"{at}/propose-advance", **hidden(first), amount="99999999.00", reason=WHY)
    assert refused.status_code == 422 and WHY in refused.text and "不超过已能确定的" in refused.text
    assert press(first, claim_no, "propose-advance", amount="900", reason=WHY).endswith("done=ahead_asked")
    own = first.get(at).text
    assert f"{at}/confirm-advance" not in own and "您提出的，由另一人确认。" in own
    assert WHY in second.get(f"{at}/confirm-advance").text
    assert press(second, claim_no, "confirm-advance").endswith("done=ahead")
    after = first.get(at, done="ahead").text
    assert "材料齐全后60日" not in after and "先予支付" in after and "900.00" in after


def test_by_the_interface_it_is_taken_back(api: Api) -> None:
    claim_no = api.in_review()
    body = {"amount": "900.00", "reason": WHY}
    assert api.act("xj.office1", claim_no, "advance", body).status_code == 200
    assert api.act("xj.office1", claim_no, "advance/confirm", {}).status_code == 403
    assert api.act("xj.office2", claim_no, "advance/withdraw", {"reason": "会诊结论已到"}).status_code == 200
    assert api.act("xj.senior", claim_no, "advance/confirm", {}).status_code == 409
