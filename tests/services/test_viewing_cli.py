"""`huzhu papers`: covers printed, a stack filed, what is left named with exit code 1."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from services.cli import main as cli
from services.core.db import Scope
from tests.services.test_cli_orgs import world as world
from tests.services.test_viewing_stacks import paper, printed, scanned
from tests.support.claims import XJ_EVENT, report
from tests.support.world import World


def test_covers_and_a_stack(world: World, now: datetime, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with world.db.unit_of_work(Scope("cn")) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
    covers, stack = tmp_path / "covers.pdf", tmp_path / "stack.pdf"
    assert cli.main(["papers", "covers", claim.claim_no, "--kind", "diagnosis", "--as", "xj.clerk", "--out", str(covers)]) == 0
    stack.write_bytes(scanned(printed(covers.read_bytes())[0], paper(0)))
    capsys.readouterr()
    assert cli.main(["papers", "file", str(stack), "--as", "xj.clerk", "--json"]) == 0
    [filed] = json.loads(capsys.readouterr().out)["filed"]
    assert (filed["claim_no"], filed["kind"], filed["first"], filed["last"]) == (claim.claim_no, "diagnosis", 2, 2)
    stack.write_bytes(scanned(paper(1)))
    assert cli.main(["papers", "file", str(stack), "--as", "xj.clerk"]) == 1
    assert "没有材料封面" in capsys.readouterr().out
    assert cli.main(["papers", "file", str(tmp_path / "none.pdf"), "--as", "xj.clerk"]) == 2
