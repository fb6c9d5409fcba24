"""Clocks: a budget with a pause ledger, never a bare date."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, Date, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from services.models.base import CText, Instant, Json, Scoped, instant, one_of

_Days = ARRAY(Date)


class SlaClock(Scoped, table=True):
    """One promise about one claim (`subject` tells levels apart). `pauses`: [["2026-03-25", "2026-04-10"], ...];
    an open pause has null as its end. `words` says how `due_on` was counted.

    `policy`: what it was started under (`ClockPolicy.id`). `watch_days`: the day of each of its steps; `step`: how many of them have
    happened; `watch_on`: the day of the next. `lap` grows when a stopped clock begins anew and when a window stays open longer.
    """

    __tablename__ = "sla_clock"
    __table_args__ = (one_of("state", ("running", "paused", "stopped")), one_of("day_kind", ("working", "calendar")),
                      UniqueConstraint("claim_id", "round", "kind", "subject", name="clock_once"),
                      Index("clock_open_due", "due_on", postgresql_where=text("state <> 'stopped'")),
                      Index("clock_paused", "due_on", "id", postgresql_where=text("state = 'paused'")),
                      Index("clock_kind_due", "kind", "due_on", postgresql_where=text("state = 'running'")),
                      Index("clock_watch", "watch_on", postgresql_where=text("state = 'running' AND watch_on IS NOT NULL")))

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
    watch_on: date | None = None
    step: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    watch_days: list[date] = Field(default_factory=list, sa_type=_Days, sa_column_kwargs={"server_default": "{}"})
    policy: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    owner_role: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    lap: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class ClockPolicy(SQLModel, table=True):
    """How clocks were watched at some time: never changed, so that running clocks keep theirs. `body` has shares, ladder, owner,
    cut-off hour and the steps as [what, nth, role, place]; `id` is its digest.
    """

    __tablename__ = "clock_policy"

    id: str = Field(sa_type=Text, primary_key=True)
    body: dict[str, object] = Field(sa_type=Json)


class SlaAlert(SQLModel, table=True):
    """A step of a clock that happened: `due_on` is the day it was owed, `fired_at` when it was seen to. Told was `role` at the
    organisation `duty_key`. No foreign key: a million may be written at once, and clocks are never deleted.
    """

    __tablename__ = "sla_alert"
    __table_args__ = (one_of("what", ("warned", "breached", "escalated")),
                      Index("sla_alert_told", "duty_key", "role", "fired_at"))

    clock_id: uuid.UUID = Field(primary_key=True)
    lap: int = Field(primary_key=True)
    step: int = Field(primary_key=True)
    org_key: str = Field(sa_type=CText)
    claim_id: uuid.UUID
    what: str = Field(sa_type=Text)
    nth: int
    due_on: date
    fired_at: datetime = Field(sa_type=Instant)
    role: str = Field(sa_type=Text)
    duty_key: str = Field(sa_type=CText)
