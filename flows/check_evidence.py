"""Papers came in or a claim came back: automatic checks before a person looks."""

from __future__ import annotations

import asyncio
import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction, unique
from services.evidence import service as evidence
from services.evidence import viewing


@effect
async def draw(claims: list[uuid.UUID]) -> None:
    """Pages of papers that have none yet, drawn in the confined process; no transaction is open meanwhile."""
    with looking() as session:
        papers = viewing.undrawn(session, claims)
    for paper in papers:
        leaves = await asyncio.to_thread(viewing.draw, paper)
        with transaction() as session:
            viewing.keep(session, [(paper, leaves)])


@effect
async def check(claims: list[uuid.UUID]) -> None:
    """Identity against the roster, papers against the list; findings wait for the verifier."""
    with transaction() as session:
        evidence.check(session, claim_ids=claims, actor=actor(), now=now())


@flow(name="check_evidence", flow_run_name="{label}")
async def check_evidence(label: str, batch: Batch) -> None:
    """Draw what is to be looked at, then check the claims of the batch."""
    claims = unique(batch.claims)
    await draw(claims)
    await check(claims)
