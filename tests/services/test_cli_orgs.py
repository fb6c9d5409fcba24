"""`huzhu orgs` against the real database: a table for people, JSON for programs, errors that name the key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from services.cli import main as cli
from services.core import db as databases
from services.core.db import Database
from services.core.settings import settings
from tests.services.organisation_world import CN, TSD, U1, add
from tests.support.world import World, build_world


@pytest.fixture
def world(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = build_world(db, now)
    monkeypatch.setenv("HUZHU_DATABASE_URL", db.url)
    settings.cache_clear()
    databases.database.cache_clear()
    yield made
    databases.database().close()
    databases.database.cache_clear()
    monkeypatch.undo()
    settings.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["orgs", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_unit_is_moved_merged_and_read(world: World, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    with world.db.unit_of_work(CN) as session:
        add(session, world, "cn.xj.wlmq.", "sbk", "district", now)
    code, out, err = run(capsys, "move", U1, "--parent", "cn.xj.wlmq.sbk.", "--why", "区划调整", "--as", "xj.admin", "--json")
    assert code == 0, err
    moved = json.loads(out)
    assert (moved["organisation"]["org_key"], moved["rows"]["cover.org_key"]) == ("cn.xj.wlmq.sbk.u001.", 6)
    code, out, err = run(capsys, "merge", U1, "--into", f"{TSD}u002.", "--why", "两厂合并", "--as", "xj.admin", "--json")
    assert (code, json.loads(out)["organisation"]["org_key"]) == (0, f"{TSD}u002."), err      # found by its former key
    code, out, _ = run(capsys, "history", "cn.xj.wlmq.sbk.u001.", "--json")      # answered by the successor, who has the rows
    assert [row["kind"] for row in json.loads(out)["history"]] == ["opened", "merged"]
    code, out, _ = run(capsys, "history", "cn.xj.wlmq.sbk.u001.")
    (_, merged) = [line for line in out.splitlines() if line.startswith("20")]
    assert "并入  cn.xj.wlmq.sbk.u001. → cn.xj.wlmq.tsd.u002." in merged and world.actor("xj.admin").name in merged
    code, out, _ = run(capsys, "list", "--under", "cn.xj.wlmq.")
    assert code == 0
    assert all(word in out for word in ("cn.xj.wlmq.tsd.u002.", "天山区示例二厂工会", "区县"))
    code, out, _ = run(capsys, "close", "cn.xj.wlmq.sbk.", "--why", "撤销", "--as", "xj.admin")
    assert (code, "已于" in out) == (0, True)


def test_refusals_name_what_is_wrong(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "move", "cn.xj.zz.", "--parent", TSD, "--why", "x", "--as", "xj.admin", "--json")
    assert (code, json.loads(out)["code"]) == (2, "organisation_missing")
    assert "cn.xj.zz." in err
    code, out, _ = run(capsys, "close", U1, "--why", "x", "--as", "xj.admin", "--json")
    assert (code, json.loads(out)["code"]) == (1, "org_in_use")


@pytest.mark.parametrize(("number", "code", "says"), [("91350100M000100Y43", 0, "有效"), ("91350100M000100Y44", 1, "校验码不符")])
def test_credit_codes_are_checked(number: str, code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    found, out, _ = run(capsys, "code", number)
    assert (found, says in out) == (code, True)
