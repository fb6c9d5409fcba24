"""The corpus before the door itself: of every way of hiding one file, none becomes a paper."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.hostile import CORPUS

TRIED = ("a web page", "a PDF called EXE", "a PNG of 100 million pixels", "a PDF with a password", "a PDF with JavaScript",
         "a PDF with an attachment", "a JPEG with a ZIP behind", "a PNG cut short", "a PDF cut short", "a PDF of a header only",
         "a PDF without pages", "a turned reading direction", "a thumbnail")


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_nothing_of_it_becomes_a_paper(api: Api) -> None:
    claim_no = api.report(0)
    for what in TRIED:
        content, name, code = CORPUS[what]
        refused = api.upload("xj.m0", f"/claims/{claim_no}/papers", content(), name=name, kind="diagnosis")
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, "content"), what
        assert refused.json()["remedy"]
    assert api.get("xj.m0", f"/claims/{claim_no}/papers").json() == []
