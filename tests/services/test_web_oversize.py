"""A form beyond the limit: a page for whoever sits at a browser, a problem document for a program."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api

HUGE = str(2**40)


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_browser_without_script_is_answered_with_a_page_in_its_language(api: Api) -> None:
    for language, said in (("zh-CN", "文件太大"), ("en", "The file is too large")):
        answer = api.http.post("/report", content=b"x", headers={"Content-Length": HUGE, "accept": "text/html,*/*;q=0.8",
                                                                 "accept-language": language})
        assert answer.status_code == 413
        assert answer.headers["content-type"].startswith("text/html")
        assert f"<h1>{said}</h1>" in answer.text and "50 MB" in answer.text


def test_a_program_is_answered_with_a_problem(api: Api) -> None:
    for path, accept in (("/api/v1/rosters", "text/html"), ("/report", "application/json")):
        answer = api.http.post(path, content=b"x", headers={"Content-Length": HUGE, "accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert answer.json()["code"] == "file_too_large"


def test_a_form_within_the_limit_is_read(api: Api) -> None:
    answer = api.http.post("/report", data={"words": "x" * 1000}, headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 303        # nobody is signed in
