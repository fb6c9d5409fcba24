"""Covers and premium from outside: the API and the command."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from services.cli import covers as command
from services.cli.main import main
from services.core.db import Database
from tests.services.api_world import Api
from tests.services.premium_world import books, cover_of, receive
from tests.support.world import XJ_PLAN, build_world


def test_the_doors(db: Database, now: datetime, tmp_path: Path) -> None:
    """Premium in, the cover's page, its end and what it is owed, over the API."""
    api = Api(db, now, tmp_path)
    cover = cover_of(api.world, 0)
    path, org = f"/covers/{cover.certificate_no}", str(api.world.org("cn.xj.wlmq.tsd.u001."))
    slip = {"org_id": org, "plan": XJ_PLAN, "amount": "60.00", "received_on": "2026-03-20", "payer": "示例一厂工会", "reference": "YH1"}
    assert api.post("xj.clerk", "/premiums", slip).json()["code"] == "role_missing"
    done = api.post("xj.maker", "/premiums", slip, key="slip-1")
    assert (done.status_code, done.json()["covers"], done.json()["prepaid"]) == (201, 1, "0.00")
    assert api.post("xj.maker", "/premiums", slip, key="slip-1").json() == done.json()
    assert api.post("xj.maker", "/premiums", slip | {"amount": "61.00"}).json()["code"] == "voucher_entered"
    assert api.post("xj.maker", "/premiums", slip | {"amount": "sechs", "reference": "YH2"}).json()["field"] == "amount"
    shown = api.get("xj.m0", path).json()
    assert shown["premium"] == {"due": "100.00", "paid": "60.00", "open": "40.00", "owed_back": "0.00", "returned": "0.00",
                                "refunded": "0.00"}
    assert (shown["waiting_start"], {row["state"] for row in shown["liabilities"]}) == ("2026-01-01", {"open"})
    assert api.get("xj.m1", path).json()["code"] == api.get("nx.head", path).json()["code"] == "cover_missing"
    ended = api.post("xj.office1", f"{path}/end", {"reason": "withdrawn", "last_day": "2025-12-31"})
    assert (ended.status_code, ended.json()["premium"]["owed_back"]) == (200, "60.00")
    assert [row["kind"] for row in ended.json()["endorsements"]] == ["remove"]
    back = {"org_id": org, "plan": XJ_PLAN, "amount": "60.00", "returned_on": "2026-03-20", "payee": "示例一厂工会", "reference": "TK1",
            "reason": "撤销参保", "certificate_no": cover.certificate_no}
    assert api.post("xj.maker", "/premiums/returns", back).status_code == 201
    accounts = {row["account"]: row["balance"] for row in api.get("xj.auditor", "/premiums/books", plan=XJ_PLAN).json()}
    began = {"cash": "10000000.00", "opening": "-10000000.00"}          # what the fund of tests/support/world.py begins with
    assert accounts == began | {"income": "-250.00", "prepaid": "0.00", "receivable": "250.00", "refund_payable": "0.00"}
    assert api.get("xj.admin", "/premiums/books").json()["code"] == "role_missing"
    [row] = api.get("xj.head", "/cover-summary").json()
    assert (row["unit"], row["people"], row["due"]) == ("天山区示例一厂工会", 5, "250.00")
    assert api.get("xj.head", "/cover-summary.xlsx").content[:2] == b"PK"
    assert api.post("xj.office1", "/covers/endorsements", {"certificates": [cover.certificate_no], "kind": "add", "on": "2026-03-20",
                                                           "text": "补登"}).json() == {"covers": 1}
    assert api.post("xj.clerk", f"{path}/shares", {"shares": 2}).json()["code"] == "cover_begun"
    assert books(api.world)["cash"] == 0


def test_the_command_shows_cover_books_and_summary(db: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    world = build_world(db, now)
    monkeypatch.setattr(command, "database", lambda: db)
    receive(world, "100.00", now)
    number = cover_of(world, 0).certificate_no
    assert main(["covers", "show", number, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["premium"]["paid"] == "100.00"
    assert main(["covers", "show", number]) == 0
    assert "保障 2026-01-01 至 2026-12-31，观察期自 2026-01-01 起算" in capsys.readouterr().out
    assert main(["covers", "show", "XJBZ0", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "cover_missing"
    assert main(["covers", "books", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["account"]: row["balance_fen"] for row in found if row["plan"] == XJ_PLAN} == {
        "cash": 1_000_010_000, "opening": -1_000_000_000, "income": -35000, "prepaid": 0, "receivable": 25000}
    assert main(["covers", "catch-up", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"entries": 0}
    assert main(["covers", "summary", "--org", "cn.xj.", "--out", str(tmp_path / "s.xlsx")]) == 0
    assert (tmp_path / "s.xlsx").read_bytes()[:2] == b"PK"
    assert main(["covers", "summary", "--from", "2026-13-01"]) == 2
