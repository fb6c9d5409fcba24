"""Once a day: work that has stopped is listed, each line with its remedy; what goes on again leaves the list."""

from __future__ import annotations

import structlog
from prefect import flow

from flows.runtime import Batch, effect, now, transaction
from services.reporting.stuck import service as stuck

log = structlog.get_logger()


@effect
async def look() -> None:
    """One transaction: the list is the old one or the new one."""
    with transaction() as session:
        found = stuck.keep(session, now=now())
    for one in found:
        log.warning("work_stuck", condition=one.condition.code, subject=one.subject, since=one.since.isoformat(), remedy=one.remedy)


@flow(name="find_stuck", flow_run_name="{label}")
async def find_stuck(label: str, batch: Batch) -> None:
    """One pass over all conditions."""
    await look()
