"""Messages that tell of letters: each call written down before it is made; and letters that nobody opened go on paper."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction, unique
from services.core.errors import OutsideError
from services.notice import carrying, delivering
from services.wiring import wiring


@effect
async def carry(attempts: list[uuid.UUID]) -> None:
    """One after the other: intent, commit, call, answer. No lock is held while the provider thinks.

    Who could not be reached at all is tried again, by the outbox; who may have been is not.
    """
    unreached = []
    for attempt in attempts:
        with transaction() as session:
            due = carrying.begin(session, attempt_ids=[attempt], actor=actor(), now=now())
        for message in due:
            reply = wiring().messenger.send(message)
            with transaction() as session:
                carrying.answered(session, message=message, reply=reply, actor=actor(), now=now())
            if reply.outcome == "unreached":
                unreached.append(message.id)
    if unreached:
        raise OutsideError("messages_unreached", f"{len(unreached)} 条提醒没有发出：对方服务连接不上", remedy="核对网络和服务，系统会再发")


@effect
async def put_on_paper() -> None:
    """The oldest first, so many a transaction, until none is left."""
    more = True
    while more:
        with transaction() as session:
            more = len(delivering.on_paper(session, actor=actor(), now=now())) == delivering.LATEST


@flow(name="carry_letters", flow_run_name="{label}")
async def carry_letters(label: str, batch: Batch) -> None:
    """After a dispatch by a message."""
    await carry(unique(batch.subjects))


@flow(name="unopened_letters", flow_run_name="{label}")
async def unopened_letters(label: str, batch: Batch) -> None:
    """Every morning."""
    await put_on_paper()
