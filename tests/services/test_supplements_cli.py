"""`huzhu clocks`: a claim's promises, and which days were not counted and why."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from services.cli import main as cli
from services.evidence import service
from tests.services.supplement_world import CN, ITEMS, NONE
from tests.services.test_cli_orgs import world as world
from tests.support.claims import XJ_EVENT, report
from tests.support.world import World


def test_the_pause_is_printed_with_its_reason(world: World, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(CN) as session:
        _, (claim,) = report(session, world, world.member(0, "xj"), XJ_EVENT, now)
        listed = service.ask(session, claim_id=claim.id, items=ITEMS, actor=clerk, now=now)
        service.deliver(session, supplement_id=listed.id, actor=clerk, now=now)
        service.answer(session, supplement_id=listed.id, items=NONE, actor=clerk, now=now + timedelta(days=5))
    assert cli.main(["clocks", claim.claim_no, "--as", "xj.clerk"]) == 0
    printed = capsys.readouterr().out
    assert "2026年3月21日至2026年3月25日不计，共5日：补充材料告知书2026年3月20日送达，2026年3月25日收齐" in printed
    assert cli.main(["clocks", claim.claim_no, "--as", "xj.clerk", "--json"]) == 0
    found = {clock["kind"]: clock["pauses"] for clock in json.loads(capsys.readouterr().out)["clocks"]}
    assert len(found["verification"]) == 1 and found["supplement"] == []
    assert cli.main(["clocks", claim.claim_no, "--as", "nx.clerk"]) == 2
