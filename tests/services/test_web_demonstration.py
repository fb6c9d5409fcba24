"""Any desk of a demonstration may be tried; where real people are served the pages do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from services.core.settings import settings
from tests.services.api_world import Api
from tests.support.signed_in import Visitor


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUZHU_MODE", "production")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("production")
def test_outside_a_demonstration_there_is_no_such_page(api: Api) -> None:
    account = str(api.world.account("xj.head"))
    assert settings().mode == "production"
    assert Visitor(api.app).get("/demonstration").status_code == 404
    assert Visitor(api.app).send("/demonstration", account=account).status_code == 404


def test_in_a_demonstration_one_sits_down_at_any_desk(api: Api) -> None:
    assert settings().mode == "demo"
    visitor = Visitor(api.app)
    assert "xj.head" in visitor.get("/demonstration").text
    assert visitor.send("/demonstration", account=str(api.world.account("xj.head"))).status_code == 303
    assert "退出" in visitor.get("/progress").text
