"""The worksheet through the API: the same as the command's, for one computation that nobody keeps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_worksheet_of_a_computation(api: Api) -> None:
    event = {"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-04-20",
             "diagnosed_on": "2026-04-25", "stays": [{"days": 10}, {"days": 5}]}
    words = {"plan": "nx-ankangbao", "cover": {"effective": "2026-03-01", "until": "2027-02-28"}, "event": event}
    answer = api.post("xj.clerk", "/compute/worksheet", words)
    assert answer.status_code == 200
    sheet = answer.json()
    assert (sheet["version"], sheet["total"]) == ("2019-01-03", "100900.00")
    assert [row["words"] for row in sheet["lines"][1]["rows"]][-1] == "9 × 100.00 = 900.00"
    assert sheet["explanation"][-1] == "合计100900.00元。"
    wrong = api.post("xj.clerk", "/compute/worksheet", {**words, "event": {**event, "icd01": "C50"}})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "event.icd01")
