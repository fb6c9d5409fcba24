"""Plan pages, open to everyone: each number with its clause, versions on a line, two of them side by side."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.support.signed_in import Visitor


@pytest.fixture
def visitor(db: Database, now: datetime, tmp_path: Path) -> Visitor:
    return Visitor(Api(db, now, tmp_path).app)


def test_every_plan_is_listed_and_opens(visitor: Visitor) -> None:
    page = visitor.get("/plans")
    assert "关爱女职工“安康保”" in page.text
    assert "共22个计划" in page.text


def test_a_number_stands_beside_its_clause(visitor: Visitor) -> None:
    text = visitor.get("/plans/nx-ankangbao").text
    assert "标准100000元</span> <small class=\"source\">第八条</small>" in text
    assert "15个工作日，自材料齐全受理次日起" in text


def test_two_wordings_side_by_side(visitor: Visitor) -> None:
    text = visitor.get("/plans/bj-accident", version="2018-01-01").text
    assert "与这一版比较" in text
    assert visitor.get("/plans/bj-accident", version="1999-01-01").status_code == 404
    assert visitor.get("/plans/no-such").status_code == 404
