"""After a review level ran past its days: it goes up the tree, to the next organisation where somebody may act."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction
from services.review import service as review


@effect
async def hand_up(step_ids: Sequence[UUID]) -> None:
    """A level that was passed meanwhile stays where it is."""
    with transaction() as session:
        review.escalate_overdue(session, step_ids=step_ids, actor=actor(), now=now())


@flow(name="escalate_levels", flow_run_name="{label}")
async def escalate_levels(label: str, batch: Batch) -> None:
    """The levels of the batch."""
    await hand_up(batch.subjects)
