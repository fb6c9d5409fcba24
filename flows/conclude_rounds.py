"""A later round is decided: its objection or correction gets its result, and what was paid too much is asked back."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction, unique
from services.notice import service as notice
from services.review import reopening


@effect
async def conclude(claims: list[uuid.UUID]) -> None:
    """Once for each round; an objection's decision owes its letter itself, any other result has it drafted here."""
    with transaction() as session:
        done = reopening.conclude(session, claim_ids=claims, actor=actor(), now=now())
        corrected = [one.claim_id for one in done if not one.objection_decided]
        if corrected:
            notice.draft(session, topic="correction.conclude", claim_ids=corrected, actor=actor(), now=now())


@flow(name="conclude_rounds", flow_run_name="{label}")
async def conclude_rounds(label: str, batch: Batch) -> None:
    """After any decision; first rounds have nothing to conclude."""
    await conclude(unique(batch.claims))
