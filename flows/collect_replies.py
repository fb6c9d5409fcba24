"""The insurer's messages, by webhook or by asking: kept first, then applied in order.

What was received is applied before anything is asked: an insurer that does not answer holds up nothing that it said already.
"""

from __future__ import annotations

import uuid

import structlog
from prefect import flow
from sqlmodel import Session

from flows.runtime import Batch, actor, effect, looking, now, transaction
from services.core.errors import Conflict
from services.insurer import queries as insurer_queries
from services.insurer import service as insurer
from services.insurer.messages import InboundMessage
from services.payment import service as payment
from services.wiring import wiring

log = structlog.get_logger()


@effect
async def poll() -> bool:
    """Ask for what the webhook may have missed, page by page to the end; whether there was any. What lies behind a gap in their
    numbers is kept too, and the gap is asked for every time until it is filled.
    """
    found = False
    with looking() as session:
        last = insurer_queries.last_seq(session)
    while messages := wiring().insurer.messages(last):
        with transaction() as session:
            new = [_keep(session, message) for message in messages]
        found = found or any(new)
        last = messages[-1].seq
    return found


def _keep(session: Session, message: InboundMessage) -> bool:
    """One that differs from its kept twin is refused alone: who asks cannot refuse the page, as the webhook does, and hear the rest."""
    try:
        return insurer.receive(session, message=message, now=now())
    except Conflict as error:
        log.warning("insurer_message_refused", code=error.code, message_id=str(message.message_id), seq=message.seq, kind=message.kind,
                    remedy=error.remedy)
        return False


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


async def _take_in() -> None:
    paid = await apply()
    if paid:
        await announce(paid)


@flow(name="collect_replies", flow_run_name="{label}")
async def collect_replies(label: str, batch: Batch) -> None:
    """Apply and announce, collect, and once more when something came."""
    await _take_in()
    if await poll():
        await _take_in()
