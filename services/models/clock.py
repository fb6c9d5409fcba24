"""Clocks: a budget with a pause ledger, never a bare date."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Json, Scoped, instant, one_of


class SlaClock(Scoped, table=True):
    """One promise about one claim (`subject` tells levels apart). `pauses`: [["2026-03-25", "2026-04-10"], ...];
    an open pause has null as its end. `words` says how `due_on` was counted."""

    __tablename__ = "sla_clock"
    __table_args__ = (one_of("state", ("running", "paused", "stopped")), one_of("day_kind", ("working", "calendar")),
                      UniqueConstraint("claim_id", "round", "kind", "subject", name="clock_once"),
                      Index("clock_open_due", "due_on", postgresql_where=text("state <> 'stopped'")),
                      Index("clock_kind_due", "kind", "due_on", postgresql_where=text("state = 'running'")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    kind: str = Field(sa_type=Text)
    subject: str = Field(default="", sa_type=Text)
    budget: int
    day_kind: str = Field(sa_type=Text)
    clause: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    start_on: date
    due_on: date
    provisional: bool = False
    words: str = Field(sa_type=Text)
    calendar: str = Field(sa_type=Text)              # pinned version
    pauses: list[list[str | None]] = Field(default_factory=list, sa_type=Json)
    state: str = Field(default="running", sa_type=Text)
    stopped_on: date | None = None
    kept: bool | None = None
    warned_at: datetime | None = instant()
    breached_at: datetime | None = instant()
    owner: uuid.UUID | None = None
