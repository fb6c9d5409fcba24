"""A file is complete: compute the worksheet and lay out the review chain."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction, unique
from services.benefit import service as benefit
from services.review import queries as review_queries
from services.review import service as review


@effect
async def compute(claims: list[uuid.UUID]) -> None:
    """A worksheet for each claim from its facts of now."""
    with transaction() as session:
        benefit.preview(session, claim_ids=claims, why="材料核验后核算", actor=actor(), now=now())


@effect
async def route(claims: list[uuid.UUID]) -> None:
    """The chain by the worksheet's amount; the first level opens."""
    with transaction() as session:
        review.route(session, claim_ids=claims, actor=actor(), now=now())


@flow(name="compute_benefit", flow_run_name="{label}")
async def compute_benefit(label: str, batch: Batch) -> None:
    """Compute and route what is verified and not on hold; a claim on hold comes again when the hold ends."""
    with looking() as session:
        ready = review_queries.ready_to_route(session, unique(batch.claims))
    if ready:
        await compute(ready)
        await route(ready)
