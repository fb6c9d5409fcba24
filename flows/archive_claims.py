"""A closed claim is filed: its archive sheet, once for each closing."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction, unique
from services.reporting import archiving


@effect
async def archive(claims: list[uuid.UUID]) -> None:
    """One transaction a claim; a second call finds the sheet there."""
    for claim in claims:
        with transaction() as session:
            archiving.file(session, claim_id=claim, actor=actor(), now=now())


@flow(name="archive_claims", flow_run_name="{label}")
async def archive_claims(label: str, batch: Batch) -> None:
    """After a closing."""
    await archive(unique(batch.claims))
