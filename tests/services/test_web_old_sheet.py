"""A worksheet whose input today's vocabulary no longer reads does not shut the claim's page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.paying_world import decided
from tests.support.signed_in import sign_in
from tests.support.world import ROOT


def test_the_stored_lines_stand_alone(db: Database, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    with api.db.unit_of_work(ROOT.scope) as session:
        claim_no = decided(session, api.world, 1, 1_500_000, now=now).claim_no
    page = sign_in(api.app, api.db, api.world, "xj.head", now).get(f"/claims/{claim_no}")
    assert page.status_code == 200
    assert "15,000.00" in page.text
