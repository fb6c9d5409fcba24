"""Papers came in or a claim came back: automatic checks before a person looks."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction, unique
from services.evidence import service as evidence


@effect
async def check(claims: list[uuid.UUID]) -> None:
    """Identity against the roster, papers against the list; findings wait for the verifier."""
    with transaction() as session:
        evidence.check(session, claim_ids=claims, actor=actor(), now=now())


@flow(name="check_evidence", flow_run_name="{label}")
async def check_evidence(label: str, batch: Batch) -> None:
    """Check the claims of the batch."""
    await check(unique(batch.claims))
