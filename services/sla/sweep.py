"""The daily look at running clocks: warn when most of the budget is used, note the breach when it is over."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day

# Warn when this share of the days from start to due (calendar days, so one statement does for all) has passed.
WARN_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that was marked just now. `subject` is the row the clock hangs on (a review level), or empty."""

    what: Literal["warned", "breached"]
    clock_id: uuid.UUID
    claim_id: uuid.UUID
    org_key: str
    kind: str
    subject: str
    due_on: date


_BREACH = sa.text("""
    UPDATE sla_clock SET breached_at = :now WHERE state = 'running' AND breached_at IS NULL AND due_on < :today
    RETURNING id, claim_id, org_key, kind, subject, due_on""")
_WARN = sa.text("""
    UPDATE sla_clock SET warned_at = :now WHERE state = 'running' AND warned_at IS NULL AND breached_at IS NULL
    AND due_on >= :today AND :today - start_on >= (due_on - start_on) * CAST(:share AS float8)
    RETURNING id, claim_id, org_key, kind, subject, due_on""")


def sweep(session: Session, *, now: datetime) -> list[Due]:
    """Mark what became late or nearly late; each clock once. A paused clock is neither. Breaches come first."""
    today = {"now": now, "today": business_day(now)}
    breached = session.execute(_BREACH, today).all()
    warned = session.execute(_WARN, {**today, "share": WARN_SHARE}).all()
    return [*(Due("breached", *row) for row in breached), *(Due("warned", *row) for row in warned)]
