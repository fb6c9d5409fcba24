"""Claims ready together reach the insurer in one package; one that cannot go waits by itself, the others are with it."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import hand_to_insurer, runtime
from services.core.clock import FixedClock
from services.core.db import Database
from services.core.errors import GuardFailed, InputError
from services.insurer.port import Dossier, Receipt
from services.intake import service as intake
from services.wiring import Wiring
from tests.services.handoff_world import BREAST, forward, handoff, number, rename
from tests.services.insurer_world import dossier, running
from tests.services.review_world import in_review, passes
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_a_claim_of_a_package_that_cannot_go_holds_up_no_other(world: World, now: datetime, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [in_review(world, n, now, office="nx", event=BREAST) for n in range(4)]
    for claim in claims:
        passes(world, claim, "nx.clerk", now)
        assert forward(world, claim, now) == [claim]
        rename(world, claim)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE consent SET withdrawn_at = :now WHERE case_id = (SELECT case_id FROM claim WHERE id = :id)"),
                        {"now": now, "id": claims[2]})
    with running(tmp_path, "--seed", "3", sftp=True) as twin:
        wiring = Wiring(world.db, FixedClock(now), twin.port, ROOT.scope)
        for module in (runtime, hand_to_insurer):
            monkeypatch.setattr(module, "wiring", lambda: wiring)
        twin.port.send(dossier(number(world, claims[1])))           # the insurer has another file under this number
        with pytest.raises(GuardFailed, match="consent_missing"):   # told when the others are sent
            asyncio.run(hand_to_insurer.send.fn(claims))
        assert [handoff(world, claim).state for claim in claims] == ["sent", "prepared", "prepared", "sent"]
        for claim, error in zip(claims, (None, "insurer_digest_mismatch", "consent_missing", None), strict=True):
            if error is None:                                       # the batch is split: nothing of these is left to do
                asyncio.run(hand_to_insurer.send.fn([claim]))
            else:
                with pytest.raises((GuardFailed, InputError), match=error):
                    asyncio.run(hand_to_insurer.send.fn([claim]))
        laid = sorted(path.name.split("-")[0] for path in (twin.folder / "data" / "folder" / "answers").iterdir())
        assert laid == ["dossier"], "the package's answers hold a refusal and were taken away; only our own file's stays"
        with closing(sqlite3.connect(twin.folder / "data" / "insurer.sqlite3")) as db:
            assert db.execute("SELECT count(*) FROM nonce").fetchone() == (2,), "taken in were our own file and one package"
        receipts = {handoff(world, claim).receipt_no for claim in (claims[0], claims[3])}
        assert len(receipts) == 2 and None not in receipts


def test_consent_taken_back_while_the_insurer_thinks_stops_the_next_and_what_went_out_is_on_record(
        world: World, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two in packages of one: while the first is at the insurer's door both persons take their consent back."""
    claims = [in_review(world, n, now, office="nx", event=BREAST) for n in range(3)]
    for claim in claims:
        passes(world, claim, "nx.clerk", now)
        assert forward(world, claim, now) == [claim]
        rename(world, claim)
    monkeypatch.setattr(hand_to_insurer, "packages", lambda dossiers, **_: [[one] for one in dossiers])
    with running(tmp_path, "--seed", "3", sftp=True) as twin:
        clock = FixedClock(now)
        wiring = Wiring(world.db, clock, twin.port, ROOT.scope)
        for module in (runtime, hand_to_insurer):
            monkeypatch.setattr(module, "wiring", lambda: wiring)
        sent: list[str] = []
        send = twin.port.send

        def slowly(one: Dossier) -> Receipt:
            receipt = send(one)
            if not sent:
                clock.advance(timedelta(minutes=1))
                for purpose, who in (("insurer", claims[:2]), ("processing", claims[2:])):
                    for claim in who:
                        taken_back(world, claim, purpose, clock.now())
            sent.append(one.claim_no)
            return receipt

        monkeypatch.setattr(type(twin.port), "send", lambda _port, one: slowly(one))
        with pytest.raises(GuardFailed, match="consent_"):
            asyncio.run(hand_to_insurer.send.fn(claims))
        first = next(claim for claim in claims if number(world, claim) == sent[0])
    assert len(sent) == 1, "nothing goes out after it was taken back"
    assert {claim: handoff(world, claim).state for claim in claims} == {claim: "sent" if claim == first else "prepared" for claim in claims}


def taken_back(world: World, claim: uuid.UUID, purpose: str, now: datetime) -> None:
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        case = session.execute(sa.text("SELECT case_id FROM claim WHERE id = :id"), {"id": claim}).scalar_one()
        if purpose == "processing":
            intake.record_consent(session, case_id=case, purpose=purpose, actor=clerk, now=now)
        intake.withdraw_consent(session, case_id=case, purpose=purpose, actor=clerk, now=now)
