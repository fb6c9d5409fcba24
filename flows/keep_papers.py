"""Once a month: papers whose time by law is over are taken away, claim by claim, each on its record."""

from __future__ import annotations

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction
from services.evidence import retention


@effect
async def destroy() -> int:
    """A batch in a transaction of its own, until none is due: a kill in between leaves the rest for the next run."""
    gone = 0
    while True:
        with transaction() as session:
            found = retention.sweep(session, actor=actor(), now=now())
        if not found:
            return gone
        gone += len(found)


@flow(name="keep_papers", flow_run_name="{label}")
async def keep_papers(label: str, batch: Batch) -> None:
    """One pass over the archive."""
    await destroy()
