"""The insurer's messages, by webhook or by asking: kept first, then applied in order."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction
from services.insurer import queries as insurer_queries
from services.insurer import service as insurer
from services.payment import service as payment
from services.wiring import wiring


@effect
async def poll() -> None:
    """Ask for what the webhook may have missed, page by page."""
    while True:
        with looking() as session:
            last = insurer_queries.last_seq(session)
        messages = wiring().insurer.messages(last)
        if not messages:
            return
        with transaction() as session:
            new = [insurer.receive(session, message=message, now=now()) for message in messages]
        if not any(new):                # a gap in their numbers: nothing more to learn by asking again
            return


@effect
async def apply() -> list[uuid.UUID]:
    """Apply waiting messages claim by claim, in order; one that comes too early waits for the next."""
    with looking() as session:
        waiting = insurer_queries.claims_with_waiting(session)
    for claim_no in waiting:
        with transaction() as session:
            insurer.apply(session, claim_nos=[claim_no], now=now())
    with looking() as session:
        return insurer_queries.paid_by_insurer(session)


@effect
async def announce(claims: list[uuid.UUID]) -> None:
    """The insurer's payments become ours to see: planned, sent, credited with its serial."""
    with transaction() as session:
        payment.announce(session, claim_ids=claims, actor=actor(), now=now())


@flow(name="collect_replies", flow_run_name="{label}")
async def collect_replies(label: str, batch: Batch) -> None:
    """Collect, apply, announce."""
    await poll()
    paid = await apply()
    if paid:
        await announce(paid)
