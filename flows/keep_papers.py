"""Once a day: what is kept for no longer goes. Papers claim by claim on each record, copies of data, every other kind by the table.

Their bytes follow each commit as work of their own.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction
from services.evidence import keeping, leaving, retention
from services.intake import data_copies


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


@effect
async def dispose() -> int:
    """The same of every other kind."""
    gone = 0
    while True:
        with transaction() as session:
            copies = data_copies.expire(session, now=now())
            rows = sum(one.rows for one in keeping.sweep(session, actor=actor(), now=now()))
        if not copies + rows:
            return gone
        gone += copies + rows


@effect
async def take_away(hashes: Sequence[str], claim_id: uuid.UUID | None) -> None:
    """The bytes of one row of work; what something rests on by now stays."""
    with transaction() as session:
        leaving.remove(session, hashes=hashes, claim_id=claim_id)


@flow(name="keep_papers", flow_run_name="{label}")
async def keep_papers(label: str, batch: Batch) -> None:
    """One pass over the archive, then over the rest."""
    await destroy()
    await dispose()


@flow(name="remove_bytes", flow_run_name="{label}")
async def remove_bytes(label: str, batch: Batch) -> None:
    """What commits let go of, claim by claim."""
    for owed in batch.payloads:
        await take_away(owed["hashes"], uuid.UUID(owed["claim"]) if owed["claim"] else None)
