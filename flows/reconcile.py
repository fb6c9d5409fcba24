"""Every morning: the days that are over, ours against the insurer's list, each kept once."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction
from services.core.clock import business_day
from services.insurer import reconciling
from services.wiring import wiring


@effect
async def compare(day: date) -> None:
    """One day, in a transaction of its own: a kill in between leaves the rest for the next run."""
    with looking() as session:
        again = reconciling.unsettled(session)
    statement, earlier = wiring().insurer.statement(day), [wiring().insurer.statement(former) for former in again]
    with transaction() as session:
        reconciling.reconcile(session, statement=statement, earlier=earlier, actor=actor(), now=now())


@flow(name="reconcile", flow_run_name="{label}")
async def reconcile(label: str, batch: Batch) -> None:
    """The days since the last one compared, in order."""
    with looking() as session:
        days = reconciling.owed(session, today=business_day(now()))
    for day in days:
        await compare(day)
