"""Letters: drafted by what happened, numbered and frozen, sent on their way."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from prefect import flow

from flows.runtime import Batch, actor, effect, looking, now, transaction, unique
from services.notice import replacing
from services.notice import service as notice
from services.notice.forecasting import foresee
from services.notice.pressing import Job, Pressed, lying_ready
from services.notice.pressroom import press_all

CHUNK = 50      # letters of one transaction


@effect
async def draft(topic: str, claims: list[uuid.UUID], subjects: list[uuid.UUID]) -> None:
    """One letter per cause; a second call drafts nothing new. Drafting owes the issue (topic notice.create)."""
    with transaction() as session:
        notice.draft(session, topic=topic, claim_ids=claims, subject_ids=subjects, actor=actor(), now=now())


@effect
async def issue(notices: list[uuid.UUID]) -> None:
    """Chunk by chunk: numbers, bytes and states in one transaction each, so that a batch cut short goes on where it stopped.

    While one chunk is written, the letters of the next are pressed without a lock, as they are foreseen.
    """
    at = now()
    chunks = [notices[start:start + CHUNK] for start in range(0, len(notices), CHUNK)]
    ahead = _ahead(chunks[0], at, {}) if chunks else None
    for place, chunk in enumerate(chunks):
        assert ahead is not None
        ready = await ahead.letters
        ahead = _ahead(chunks[place + 1], at, ahead.last) if place + 1 < len(chunks) else None
        with transaction() as session, lying_ready(ready):
            replacing.issue_each(session, notice_ids=chunk, actor=actor(), now=at)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Letters under the press, and the serials that they will have used."""

    letters: asyncio.Task[dict[Job, Pressed]]
    last: Mapping[str, int]


def _ahead(chunk: list[uuid.UUID], at: datetime, after: Mapping[str, int]) -> _Ahead:
    with looking() as session:
        forecast = foresee(session, notice_ids=chunk, now=at, after=after)
    return _Ahead(asyncio.create_task(asyncio.to_thread(press_all, forecast.jobs)), forecast.last)


@effect
async def dispatch(notices: list[uuid.UUID]) -> None:
    """Hand over to the channel."""
    with transaction() as session:
        notice.dispatch(session, notice_ids=notices, actor=actor(), now=now())


@flow(name="draft_notices", flow_run_name="{label}")
async def draft_notices(label: str, batch: Batch) -> None:
    """After a move that owes a letter."""
    await draft(batch.topic, batch.claims, batch.subjects)


@flow(name="send_notices", flow_run_name="{label}")
async def send_notices(label: str, batch: Batch) -> None:
    """After a draft."""
    notices = unique(batch.subjects)
    await issue(notices)
    await dispatch(notices)
