"""Money asked back, as finance and the head see it. No health data: who, how much, since when, and how far it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.reporting.sight import missing

PAGE = 50


@dataclass(frozen=True, slots=True)
class Owed:
    """What a member is to give back after a round (fen). `own`: the reader proposed to ask for it no longer."""

    id: uuid.UUID
    claim_no: str
    plan: str
    person: str
    round: int
    state: str
    version: int
    fen: int
    received_fen: int
    agreement: str | None
    write_off_reason: str | None
    own: bool
    created_at: datetime
    closed_at: datetime | None

    @property
    def rest_fen(self) -> int:
        """What has not come back yet."""
        return self.fen - self.received_fen


_ROWS = """
    SELECT r.id, c.claim_no, c.plan, p.name AS person, r.round, r.state, r.version, r.amount_fen AS fen, r.received_fen, r.agreement,
           r.write_off_reason, coalesce(r.write_off_person = ANY(CAST(:persons AS uuid[])), false) AS own, r.created_at, r.closed_at
    FROM receivable r JOIN claim c ON c.id = r.claim_id JOIN person p ON p.id = r.person_id"""
_WAITING = sa.text(f"{_ROWS} WHERE r.state IN ('open', 'agreed') AND r.id > :after ORDER BY r.id LIMIT :limit")
_ONE = sa.text(f"{_ROWS} WHERE r.id = :id")


def waiting(session: Session, actor: Actor, *, after: uuid.UUID | None = None) -> tuple[list[Owed], uuid.UUID | None]:
    """What is still to come back in sight, oldest first, and where the next page begins."""
    rows = session.execute(_WAITING, {"persons": list(actor.persons), "after": after or uuid.UUID(int=0), "limit": PAGE + 1})
    found = [Owed(**row._mapping) for row in rows]
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def one(session: Session, actor: Actor, receivable_id: uuid.UUID | None) -> Owed:
    """One of them, also when it is over. NotFound out of sight."""
    row = session.execute(_ONE, {"persons": list(actor.persons), "id": receivable_id}).first()
    if row is None:
        raise missing()
    return Owed(**row._mapping)
