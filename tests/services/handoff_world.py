"""Claims at the insurer's twin: forward, send, collect, look."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from services.core.errors import GuardFailed
from services.insurer import service as insurer
from services.insurer.port import Dossier
from tests.services.insurer_world import Twin, polled
from tests.services.review_world import MALIGNANT, ROOT, SYSTEM, claim_row, in_review, passes
from tests.support.world import World

BREAST = {**MALIGNANT, "icd10": "C50.900", "stays": [{"days": 10}, {"from": "2026-03-13", "to": "2026-03-18"}]}


def number(world: World, claim: uuid.UUID) -> str:
    return str(claim_row(world.db, claim).claim_no)


def forward(world: World, claim: uuid.UUID, now: datetime) -> list[uuid.UUID]:
    with world.db.unit_of_work(ROOT) as session:
        return insurer.forward(session, claim_ids=[claim], actor=SYSTEM, now=now)


def pack(world: World, claim: uuid.UUID, now: datetime) -> list[Dossier]:
    """The claim's dossier; raises what its file lacks."""
    with world.db.unit_of_work(ROOT) as session:
        packed = insurer.pack(session, claim_ids=[claim], actor=SYSTEM, now=now)
    for one in packed:
        if isinstance(one, GuardFailed):
            raise one
    return [one for one in packed if isinstance(one, Dossier)]


def hand_over(world: World, twin: Twin, claim: uuid.UUID, now: datetime) -> Dossier:
    [dossier] = pack(world, claim, now)
    receipt = twin.port.send(dossier)
    with world.db.unit_of_work(ROOT) as session:
        insurer.sent(session, dossier=dossier, receipt=receipt, actor=SYSTEM, now=now)
    return dossier


def with_insurer(world: World, twin: Twin, now: datetime, *, n: int = 0, event: dict[str, object] | None = None) -> uuid.UUID:
    claim = in_review(world, n, now, office="nx", event=event or BREAST)
    passes(world, claim, "nx.clerk", now)
    assert forward(world, claim, now) == [claim]
    rename(world, claim)
    hand_over(world, twin, claim, now)
    return claim


def rename(world: World, claim: uuid.UUID) -> None:
    """Each test has a database of its own, the twin is shared: its claim numbers and policies must differ."""
    with world.db.unit_of_work(ROOT) as session:
        session.execute(sa.text("UPDATE claim SET claim_no = :no WHERE id = :id"),
                        {"no": f"NX{uuid.uuid4().hex[:12]}", "id": claim})
        session.execute(sa.text("UPDATE cover SET policy_no = :no WHERE id = (SELECT cover_id FROM claim WHERE id = :id)"),
                        {"no": f"P-{claim}", "id": claim})


def collect(world: World, twin: Twin, claim: uuid.UUID, now: datetime, *, backwards: bool = False) -> int:
    """Poll everything, keep it, apply what is about the claim."""
    no = number(world, claim)
    messages = polled(twin, no)
    with world.db.unit_of_work(ROOT) as session:
        for message in reversed(messages) if backwards else messages:
            insurer.receive(session, message=message, now=now)
    with world.db.unit_of_work(ROOT) as session:
        return insurer.apply(session, claim_nos=[no], now=now)


def handoff(world: World, claim: uuid.UUID) -> sa.Row[tuple[object, ...]]:
    with world.db.view(ROOT) as session:
        return session.execute(sa.text("SELECT * FROM handoff WHERE claim_id = :id ORDER BY round DESC LIMIT 1"),
                               {"id": claim}).one()
