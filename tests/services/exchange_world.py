"""A small office at its insurer's twin: claims handed over, answered, paid; one day after the other."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from services.core.clock import business_day
from services.insurer import reconciling
from services.models import Reconciliation
from services.payment import service as payment
from tests.services.handoff_world import collect, number, with_insurer
from tests.services.insurer_world import Twin
from tests.services.review_world import ROOT, SYSTEM
from tests.support.world import World

INSURER = "平安养老保险股份有限公司宁夏分公司"


def walked(world: World, twin: Twin, now: datetime, *steps: str, n: int = 0) -> uuid.UUID:
    """A claim at the insurer, walked by its desk, with all that was said taken in."""
    claim = with_insurer(world, twin, now, n=n)
    said(world, twin, claim, now, *steps)
    collect(world, twin, claim, now)
    if "settle" in steps:
        with world.db.unit_of_work(ROOT) as session:
            payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
            payment.announce(session, claim_ids=[claim], actor=SYSTEM, now=now)
            payment.settle(session, claim_ids=[claim], actor=SYSTEM, now=now)
    return claim


def said(world: World, twin: Twin, claim: uuid.UUID, at: datetime, *steps: str) -> None:
    """The insurer's desk walks the claim at that time; nobody has listened yet."""
    for step in steps:
        twin.desk(number(world, claim), step, at=at.isoformat())


def compared(world: World, twin: Twin, now: datetime) -> Reconciliation:
    """Every day that is owed, by the insurer's list."""
    with world.db.view(ROOT) as session:
        owed = reconciling.owed(session, today=business_day(now))
    for day in owed:
        with world.db.unit_of_work(ROOT) as session:
            earlier = [twin.port.statement(former) for former in reconciling.unsettled(session)]
            row = reconciling.reconcile(session, statement=twin.port.statement(day), earlier=earlier, actor=SYSTEM, now=now)
    return row


def told(world: World) -> list[tuple[str, str, str, str]]:
    """The last day's differences: kind, ours, theirs, since."""
    with world.db.view(ROOT) as session:
        return [tuple(row) for row in session.execute(sa.text("""
            SELECT d.kind, d.ours, d.theirs, d.since::text FROM reconciliation_difference d JOIN reconciliation r
            ON r.id = d.reconciliation_id WHERE r.day = (SELECT max(day) FROM reconciliation) ORDER BY 1, 2"""))]
