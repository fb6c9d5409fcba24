"""Money: plan what was decided, send what was released, settle what was credited."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction, unique
from services.payment import service as payment


@effect
async def plan(claims: list[uuid.UUID]) -> None:
    """One payment per payee and purpose; a second call plans nothing new."""
    with transaction() as session:
        payment.plan(session, claim_ids=claims, actor=actor(), now=now())
        payment.settle(session, claim_ids=claims, actor=actor(), now=now())     # all of it may have been paid ahead


@effect
async def send(run_id: uuid.UUID) -> None:
    """Write the bank's file and lay it out for the bank's client software."""
    with transaction() as session:
        payment.write_file(session, run_id=run_id, actor=actor(), now=now())


@effect
async def settle(claims: list[uuid.UUID]) -> None:
    """Claims whose money is all credited are paid."""
    with transaction() as session:
        payment.settle(session, claim_ids=claims, actor=actor(), now=now())


@flow(name="plan_payments", flow_run_name="{label}")
async def plan_payments(label: str, batch: Batch) -> None:
    """After a decision with money in it."""
    await plan(unique(batch.claims))


@flow(name="pay", flow_run_name="{label}")
async def pay(label: str, batch: Batch) -> None:
    """After a run's release."""
    for run_id in unique(batch.subjects):
        await send(run_id)


@flow(name="settle", flow_run_name="{label}")
async def settle_claims(label: str, batch: Batch) -> None:
    """After a credit."""
    await settle(unique(batch.claims))
