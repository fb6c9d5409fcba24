"""Claims ready together reach the insurer in one package; one it refuses waits by itself, the others are with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from services.cli.supervisor import Program
from services.core.db import Database
from tests.flows.conftest import until
from tests.services.handoff_world import BREAST, forward, handoff, number, rename
from tests.services.insurer_world import dossier, running
from tests.services.review_world import in_review, passes
from tests.support.world import World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_a_refused_claim_of_a_package_holds_up_no_other(world: World, now: datetime, worker: Program, tmp_path: Path) -> None:
    claims = [in_review(world, n, now, office="nx", event=BREAST) for n in range(3)]
    for claim in claims:
        passes(world, claim, "nx.clerk", now)
        assert forward(world, claim, now) == [claim]
        rename(world, claim)
    with running(tmp_path, "--seed", "3", sftp=True) as twin:
        twin.port.send(dossier(number(world, claims[1])))           # the insurer has another file under this number
        worker.env |= {"HUZHU_INSURER_URL": f"sftp://office@127.0.0.1:{twin.sftp_port}/", "HUZHU_INSURER_KEYS": str(twin.keys)}
        worker.start()
        until(lambda: [handoff(world, claim).state for claim in claims] == ["sent", "prepared", "sent"], worker)
        until(lambda: "insurer_digest_mismatch" in worker.log.read_text(), worker)
        laid = sorted(path.name.split("-")[0] for path in (twin.folder / "data" / "folder" / "answers").iterdir())
        assert laid == ["dossier"], "the package's answers hold a refusal and were taken away; only our own file's stays"
        with closing(sqlite3.connect(twin.folder / "data" / "insurer.sqlite3")) as db:
            assert db.execute("SELECT count(*) FROM nonce").fetchone() == (2,), "taken in were our own file and one package"
        receipts = {handoff(world, claim).receipt_no for claim in (claims[0], claims[2])}
        assert len(receipts) == 2 and None not in receipts
