"""`huzhu accounts` against the real database: the one-time code sets a password; an administrator sees the own area only."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from services.access import credentials
from services.cli import main as cli
from tests.services.test_cli_orgs import world as world
from tests.support.world import ROOT, World


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["accounts", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_code_sets_a_password(world: World, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "code", "xj.clerk", "--reason", "新到岗", "--as", "xj.admin", "--json")
    assert code == 0, err
    with world.db.unit_of_work(ROOT.scope) as session:
        account = credentials.redeem_password_link(session, code=json.loads(out)["code"], password="green-ladder-17-window", now=now)
        assert account.login == "xj.clerk"
    _, out, _ = run(capsys, "list", "xj.clerk", "--as", "xj.admin", "--json")
    assert [(row["login"], row["password"]) for row in json.loads(out)] == [("xj.clerk", True), ("xj.clerk2", False)]


def test_only_an_administrator_and_only_the_own_area(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "code", "nx.clerk", "--reason", "x", "--as", "xj.admin")[0] == 2
    assert run(capsys, "code", "xj.clerk", "--reason", "x", "--as", "xj.head")[0] == 1
    code, _, err = run(capsys, "code", "xj.clerk", "--reason", "x")
    assert code == 2 and "--as" in err
