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
    """Each office in its own sight and transaction; days that were missed are made up for, a day that is proven stays as it is."""
    with looking() as session:
        offices = [(row.org_key, row.name) for row in session.execute(money_proof.OFFICES)]
    for org_key, name in offices:
        with wiring().db.unit_of_work(system(org_key.rstrip(".")).scope) as session:
            days = money_proof.unproven(session, org_key=org_key, until=business_day(now()) - timedelta(days=1))
            made = [money_proof.prove(session, org_key=org_key, office=name, day=day, now=now()) for day in days]
        for proof in made:
            if proof and proof.breaches:
                log.error("money_differs", office=org_key, day=proof.day.isoformat(), breaches=proof.breaches)


@flow(name="prove_money", flow_run_name="{label}")
async def prove_money(label: str, batch: Batch) -> None:
    """One day's proof."""
    await catch_up()
    await prove()
