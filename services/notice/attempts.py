"""Attempts to deliver a letter and what became of them: written once, read in order."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.core.ids import uuidv7
from services.notice.channels import WORDS

OUTCOME_WORDS = {
    "calling": "正在发出", "unreached": "对方服务连接不上，稍后再发", "sent": "已发出", "refused": "未能发出", "lost": "没有回音，不再重发",
    "received": "已到达手机或邮箱", "failed": "未到达", "posted": "已寄出", "opened": "本人已打开", "delivered": "已送达",
    "returned": "退回", "unopened": "逾期未打开，改用纸质", "stopped": "收件人已停用这一方式"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One piece of news of an attempt. `by`: the person who wrote it down, empty for the system."""

    outcome: str
    words: str
    provider_id: str | None
    happened_at: datetime
    by: str

    @property
    def said(self) -> str:
        """In Chinese."""
        return OUTCOME_WORDS[self.outcome]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way a letter went, oldest outcome first; `shown` is the masked address."""

    id: uuid.UUID
    notice_id: uuid.UUID
    n: int
    channel: str
    shown: str
    why: str
    at: datetime
    outcomes: tuple[Outcome, ...]

    @property
    def way(self) -> str:
        """The channel in Chinese."""
        return WORDS[self.channel]

    @property
    def tracking(self) -> str:
        """The parcel's number, as last written down."""
        return next((one.provider_id or "" for one in reversed(self.outcomes) if one.outcome == "posted"), "")


_RECORD = sa.text("""
    INSERT INTO delivery_event (id, org_key, attempt_id, outcome, event_key, provider_id, words, account_id, happened_at, at)
    SELECT :id, a.org_key, a.id, :outcome, :key, :provider, :words, :account, :happened, :now
    FROM delivery_attempt a WHERE a.id = :attempt ON CONFLICT (event_key) DO NOTHING""")


def record(session: Session, attempt_id: uuid.UUID, outcome: str, *, now: datetime, key: str = "", happened_at: datetime | None = None,
           provider_id: str | None = None, words: str = "", account: uuid.UUID | None = None) -> bool:
    """Write down what became of an attempt; False when this very news (`key`) was written down before."""
    made = session.execute(_RECORD, {
        "id": uuidv7(), "attempt": attempt_id, "outcome": outcome, "key": key or f"{attempt_id}:{outcome}", "provider": provider_id,
        "words": words, "account": account, "happened": happened_at or now, "now": now})
    return bool(made.rowcount)  # type: ignore[attr-defined]


_LAST_POSTED = sa.text("""
    SELECT e.provider_id, e.happened_at, count(*) OVER () AS n FROM delivery_event e
    WHERE e.attempt_id = :attempt AND e.outcome = 'posted' ORDER BY e.at DESC, e.id DESC LIMIT 1""")


def posted(session: Session, attempt_id: uuid.UUID, *, number: str, happened_at: datetime, account: uuid.UUID | None,
           now: datetime) -> bool:
    """Write down a parcel; False when the last word says the same. A number corrected and corrected back counts each time."""
    last = session.execute(_LAST_POSTED, {"attempt": attempt_id}).first()
    if last and last.provider_id == number and business_day(last.happened_at) == business_day(happened_at):
        return False
    return record(session, attempt_id, "posted", key=f"{attempt_id}:posted:{last.n if last else 0}", provider_id=number,
                  account=account, happened_at=happened_at, now=now)


_CURRENT = sa.text("""
    SELECT a.id FROM delivery_attempt a JOIN notice n ON n.id = a.notice_id AND n.attempt = a.n WHERE n.id = :notice""")


def current(session: Session, notice_id: uuid.UUID) -> uuid.UUID | None:
    """The letter's latest attempt; None for a letter that came with an older history."""
    return session.execute(_CURRENT, {"notice": notice_id}).scalar_one_or_none()


_ATTEMPTS = sa.text("""
    SELECT a.id, a.notice_id, a.n, a.channel, a.shown, a.why, a.at FROM delivery_attempt a
    WHERE a.notice_id = ANY(CAST(:ids AS uuid[])) ORDER BY a.notice_id, a.n""")
_OUTCOMES = sa.text("""
    SELECT e.attempt_id, e.outcome, e.words, e.provider_id, e.happened_at, coalesce(c.name, '') AS by FROM delivery_event e
    JOIN delivery_attempt a ON a.id = e.attempt_id LEFT JOIN account c ON c.id = e.account_id
    WHERE a.notice_id = ANY(CAST(:ids AS uuid[])) ORDER BY e.at, e.id""")


def attempts(session: Session, notice_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Attempt]]:
    """Every letter's attempts in order, with their outcomes."""
    ids = list(notice_ids)
    outcomes: dict[uuid.UUID, list[Outcome]] = {}
    for row in session.execute(_OUTCOMES, {"ids": ids}):
        outcomes.setdefault(row.attempt_id, []).append(Outcome(row.outcome, row.words, row.provider_id, row.happened_at, row.by))
    found: dict[uuid.UUID, list[Attempt]] = {}
    for row in session.execute(_ATTEMPTS, {"ids": ids}):
        found.setdefault(row.notice_id, []).append(Attempt(**row._mapping, outcomes=tuple(outcomes.get(row.id, ()))))
    return found
