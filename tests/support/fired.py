"""What one sweep fired, read from what it kept."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.sla.sweep import sweep

_KEPT = sa.text("""
    SELECT a.clock_id, a.lap, a.step, a.what, k.kind, k.subject, a.claim_id, a.org_key, a.due_on AS day, a.nth, a.role, a.duty_key
    FROM sla_alert a JOIN sla_clock k ON k.id = a.clock_id
    WHERE a.xmin = pg_current_xact_id()::xid ORDER BY a.due_on, a.clock_id, a.step""")


@dataclass(frozen=True, slots=True)
class Fired:
    """A step of a clock. `day`: when it was owed; `role` at `duty_key` is told."""

    what: str
    kind: str
    subject: str
    claim_id: uuid.UUID
    org_key: str
    day: date
    nth: int
    role: str
    duty_key: str


def fired(session: Session, now: datetime) -> list[Fired]:
    """Sweep; the steps this transaction kept by it, oldest first, of which the sweep tells the number."""
    before = {row[:3] for row in session.execute(_KEPT)}
    counted = sweep(session, now=now)
    found = [Fired(*row[3:]) for row in session.execute(_KEPT) if row[:3] not in before]
    assert Counter((one.what, one.kind) for one in found) == counted
    return found
