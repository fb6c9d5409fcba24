"""Every morning: the day before is proven office by office, approved = sent = credited by person and fen, and the report kept."""

from __future__ import annotations

from datetime import timedelta

import structlog
from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction
from services.access.actor import system
from services.core.clock import business_day
from services.ledger import service as ledger
from services.reporting import money_proof
from services.wiring import wiring

log = structlog.get_logger()


@effect
async def catch_up() -> None:
    """What came in by a bulk load is booked before it is proven."""
    with transaction() as session:
        ledger.catch_up(session, actor=actor(), now=now())


@effect
async def prove() -> None:
    """Each office in its own sight and transaction; a day that is proven already stays as it is."""
    with looking() as session:
        offices = [(row.org_key, row.name) for row in session.execute(money_proof.OFFICES)]
    for org_key, name in offices:
        with wiring().db.unit_of_work(system(org_key.rstrip(".")).scope) as session:
            made = money_proof.prove(session, org_key=org_key, office=name, day=business_day(now()) - timedelta(days=1), now=now())
        if made and made.breaches:
            log.error("money_differs", office=org_key, day=made.day.isoformat(), breaches=made.breaches)


@flow(name="prove_money", flow_run_name="{label}")
async def prove_money(label: str, batch: Batch) -> None:
    """One day's proof."""
    await catch_up()
    await prove()
