"""Finance's pages: a run made by one, released by another, without any word of an illness."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services import paying_world
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def somebody(api: Api, now: datetime, login: str) -> Visitor:
    return sign_in(api.app, api.db, api.world, login, now)


def a_run(api: Api, now: datetime) -> tuple[Visitor, str]:
    paying_world.made(api.world, now, 2_000_000, 1_500_050)
    maker = somebody(api, now, "xj.maker")
    assert "35,000.50" in maker.get("/runs").text
    answer = maker.send("/runs", plan="xj-women", bank="ICBC")
    assert answer.status_code == 303, answer.text
    return maker, answer.headers["location"].partition("?")[0]


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_made_by_one_and_released_by_another(api: Api, now: datetime) -> None:
    maker, address = a_run(api, now)
    shown = maker.get(address).text
    assert "人民币叁万伍仟元零伍角" in shown
    assert "中国工商银行" in shown and not re.search(r">\s*ICBC\s", shown), "a bank is named, not coded"
    assert maker.send(f"{address}/submit", version=version(shown)).status_code == 303
    assert maker.send(f"{address}/release").status_code == 403
    checker = somebody(api, now, "xj.checker")
    shown = checker.get(address).text
    assert checker.send(f"{address}/release", version=version(shown)).headers["location"] == f"{address}?done=released"
    assert "已放行" in checker.get(address).text


def test_what_is_taken_out_waits_and_the_reason_is_asked(api: Api, now: datetime) -> None:
    maker, address = a_run(api, now)
    line = re.search(r'name="payment" value="([0-9a-f-]+)"', maker.get(address).text)
    assert line is not None
    refused = maker.send(f"{address}/exclude", payment=line[1])
    assert refused.status_code == 422 and "须写明理由" in refused.text
    maker.get(address)
    assert maker.send(f"{address}/exclude", payment=line[1], reason="账户待核实").status_code == 303
    assert "共1笔" in maker.get(address).text


def test_finance_reads_no_illness(api: Api, now: datetime) -> None:
    maker, address = a_run(api, now)
    for page in (maker.get("/runs").text, maker.get(address).text):
        assert not any(word in page for word in ("C50", "C53", "癌", "恶性", "malignant", "diagnosis"))
    number = re.search(r">(T[0-9a-f]{10})<", maker.get(address).text)
    assert number is not None
    assert maker.get(f"/claims/{number[0]}").status_code == 403


def test_another_office_sees_nothing(api: Api, now: datetime) -> None:
    _, address = a_run(api, now)
    other = somebody(api, now, "nx.maker")
    assert other.get(address).status_code == 404
    assert address.rpartition("/")[2] not in other.get("/runs").text
