"""Letters: drafted by what happened, numbered and frozen, sent on their way."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction, unique
from services.notice import service as notice


@effect
async def draft(topic: str, claims: list[uuid.UUID], subjects: list[uuid.UUID]) -> None:
    """One letter per cause; a second call drafts nothing new. Drafting owes the issue (topic notice.create)."""
    with transaction() as session:
        notice.draft(session, topic=topic, claim_ids=claims, subject_ids=subjects, actor=actor(), now=now())


@effect
async def issue(notices: list[uuid.UUID]) -> None:
    """Number, bytes and state in one transaction."""
    with transaction() as session:
        notice.issue(session, notice_ids=notices, actor=actor(), now=now())


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
