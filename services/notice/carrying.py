"""Messages: written down, committed, sent, and the answer written down. What was asked once is never asked again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import NotFound
from services.core.settings import settings
from services.models.delivery import MESSAGES
from services.notice import attempts
from services.notice.contacts import address_of, in_force
from services.notice.delivering import go_on
from services.notice.issuing import locked
from services.notice.port import Message, Reply
from statemachines.states import NoticeState

TITLE = "文书送达提醒"
Receipt = Literal["received", "failed"]

# Due: no call of it is open. Every call that was begun must have ended in `unreached` to be begun again.
_DUE = sa.text("""
    SELECT a.id, a.notice_id, a.channel, a.contact_id, c.claim_no, coalesce(o.letter_organ, o.name) AS organ,
        (SELECT count(*) FROM delivery_event e WHERE e.attempt_id = a.id AND e.outcome = 'calling') AS calls,
        (SELECT count(*) FROM delivery_event e WHERE e.attempt_id = a.id AND e.outcome <> 'calling' AND e.outcome <> 'unreached') AS over,
        (SELECT count(*) FROM delivery_event e WHERE e.attempt_id = a.id AND e.outcome = 'unreached') AS unreached
    FROM delivery_attempt a JOIN notice n ON n.id = a.notice_id AND n.attempt = a.n AND n.state = 'dispatched'
    JOIN claim c ON c.id = n.claim_id
    LEFT JOIN LATERAL (SELECT g.letter_organ, g.name FROM organisation g WHERE g.office IS NOT NULL
        AND starts_with(n.org_key, g.org_key) ORDER BY length(g.org_key) DESC LIMIT 1) o ON true
    WHERE a.id = ANY(CAST(:ids AS uuid[])) AND a.contact_id IS NOT NULL ORDER BY a.id""")


def begin(session: Session, *, attempt_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[Message]:
    """The messages that are still to be sent, each with its call written down: commit, then send.

    A message whose call was written down and never answered is not among them: it waits for its receipt.
    """
    due = []
    for row in session.execute(_DUE, {"ids": list(attempt_ids)}).all():
        if row.over or row.calls > row.unreached:
            continue
        contact = in_force(session, row.contact_id)
        if contact is None:
            attempts.record(session, row.id, "stopped", now=now)
            go_on(session, notice_id=row.notice_id, reason="收件人已停用这一方式", actor=actor, now=now)
        elif attempts.record(session, row.id, "calling", key=f"{row.id}:calling:{row.calls}", now=now):
            due.append(Message(row.id, row.channel, address_of(contact), TITLE, words(row.organ, row.claim_no)))
    return due


def words(organ: str, claim_no: str) -> str:
    """What a message says: nothing of an illness, a sum or a plan."""
    tail = "".join(sign for sign in claim_no if sign.isdigit())[-4:]
    return f"【{organ}】您有一份文书，受理编号尾号{tail}。请登录 {settings().public_url}/mine 查阅。文书以登录后所见为准。"


def answered(session: Session, *, message: Message, reply: Reply, actor: Actor, now: datetime) -> None:
    """The provider's answer, written down; refused, the letter goes its next way."""
    calls = session.execute(sa.text("SELECT count(*) FROM delivery_event WHERE attempt_id = :id AND outcome = 'calling'"),
                            {"id": message.id}).scalar_one()
    new = attempts.record(session, message.id, reply.outcome, key=f"{message.id}:{reply.outcome}:{calls}", words=reply.words, now=now)
    if new and reply.outcome == "refused":
        _on_from(session, message.id, reply.words, actor, now)


def receipt(session: Session, *, attempt_id: uuid.UUID, event_id: str, outcome: Receipt, provider_id: str | None, words: str,
            happened_at: datetime, actor: Actor, now: datetime) -> bool:
    """A provider's receipt, once however often it comes; False when it was known. NotFound: no such message of ours.

    Two providers may number their news alike: `event_id` counts within its message. `received` proves that a telephone rang, not
    that a letter was read: it starts no clock. A failure after the letter was delivered, or after it went another way, is kept
    and moves nothing.
    """
    channel = session.execute(sa.text("SELECT channel FROM delivery_attempt WHERE id = :id"), {"id": attempt_id}).scalar_one_or_none()
    if channel not in MESSAGES:
        raise NotFound("attempt_missing", "没有这一发送记录", remedy="核对 attempt")
    new = attempts.record(session, attempt_id, outcome, key=f"{attempt_id}:receipt:{event_id}", provider_id=provider_id, words=words,
                          happened_at=happened_at, now=now)
    if new and outcome == "failed":
        _on_from(session, attempt_id, words or "未到达", actor, now)
    return new


_OF_ATTEMPT = sa.text("SELECT a.notice_id, a.n FROM delivery_attempt a WHERE a.id = :id")


def _on_from(session: Session, attempt_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """The next way, unless the letter has arrived or goes another way already."""
    of = session.execute(_OF_ATTEMPT, {"id": attempt_id}).one()
    here = locked(session, [of.notice_id], NoticeState.DISPATCHED)
    if here and here[0].attempt == of.n:
        go_on(session, notice_id=of.notice_id, reason=reason, actor=actor, now=now)
