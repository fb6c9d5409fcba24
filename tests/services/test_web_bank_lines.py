"""Finance's page and interface for a bank's line that matched nothing: two persons, in words, nothing lost."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from services.core.db import Database
from tests.services.api_world import Api
from tests.services.paying_world import made, read, returned_file, sent, states
from tests.support.signed_in import sign_in

SUM = 1_500_000


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_assigned_on_the_page_by_two(api: Api, now: datetime) -> None:
    (claim,) = made(api.world, now, SUM)
    read(api.world, returned_file(api.world, sent(api.world, now), "credited", reference="X-1"), now)
    maker, checker = (sign_in(api.app, api.db, api.world, f"xj.{who}", now) for who in ("maker", "checker"))
    listed = maker.get("/runs").text
    assert "没有这一付款编号" in listed and "unknown_reference" not in listed, "a fault is said in words"
    found = re.search(r'href="(/bank-lines/[0-9a-f-]+)"', listed)
    assert found is not None
    address = found[1]
    shown = maker.get(address).text
    target = re.search(r'name="payment" value="([0-9a-f-]+)"', shown)
    assert target is not None and "15,000.00" in shown
    refused = maker.send(f"{address}/assign", reason="银行凭证第7号")
    assert refused.status_code == 422 and "没有选择款项" in refused.text and "银行凭证第7号" in refused.text
    maker.get(address)
    answer = maker.send(f"{address}/assign", payment=target[1], reason="银行凭证第7号")
    assert answer.headers["location"] == f"{address}?done=proposed", answer.text
    assert "须由另一人确认" in maker.get(address).text
    assert maker.send(f"{address}/confirm").status_code == 409
    assert "银行凭证第7号" in checker.get(address).text
    assert checker.send(f"{address}/confirm").headers["location"] == f"{address}?done=confirmed"
    assert states(api.world, claim) == [("credited", SUM, 1)]
    assert "已对上付款" in checker.get(address).text
    assert address not in checker.get("/runs").text


def test_dismissed_and_taken_back_over_the_interface(api: Api, now: datetime) -> None:
    made(api.world, now, SUM)
    read(api.world, returned_file(api.world, sent(api.world, now), "credited", reference="X-1"), now)
    [kept] = api.get("xj.maker", "/bank-returns/unmatched").json()
    path = f"/bank-returns/unmatched/{kept['id']}"
    shown = api.get("xj.maker", path).json()
    assert (shown["amount"], shown["fault"], len(shown["candidates"])) == ("15000.00", "unknown_reference", 1)
    assert api.get("nx.maker", path).status_code == 404
    done = api.post("xj.maker", f"{path}/dismiss", {"reason": "他单位款项"})
    assert done.status_code == 200 and done.json()["verdict"]["verdict"] == "dismiss" and done.json()["candidates"] == []
    assert api.post("xj.maker", f"{path}/confirm", {}).json()["code"] == "two_persons_needed"
    assert api.post("xj.checker", f"{path}/confirm", {}).status_code == 200
    assert api.get("xj.maker", "/bank-returns/unmatched").json() == []
    assert api.post("xj.checker", f"{path}/undo", {"reason": "银行更正"}).json()["verdict"] is None
    assert [line["id"] for line in api.get("xj.maker", "/bank-returns/unmatched").json()] == [kept["id"]]
