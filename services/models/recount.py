"""Calendars that clocks were counted by, and the days that changed when a year was released."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from services.models.base import Instant, Json, Scoped


class CalendarVersion(SQLModel, table=True):
    """The files of a version that clocks have pinned: with them any due day can be counted as it was. Rows stay for good."""

    __tablename__ = "calendar_version"

    version: str = Field(sa_type=Text, primary_key=True)
    texts: list[str] = Field(sa_type=Json)           # year files in order, then offices' own days
    kept_at: datetime = Field(sa_type=Instant)


class ClockRecount(Scoped, table=True):
    """A clock whose last day changed because its calendar did. `letters`: the ids of those that had named the old day."""

    __tablename__ = "clock_recount"
    __table_args__ = (Index("clock_recount_claim", "claim_id"), Index("clock_recount_org", "org_key", "counted_at"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    clock_id: uuid.UUID = Field(foreign_key="sla_clock.id")
    kind: str = Field(sa_type=Text)
    old_due: date
    new_due: date
    old_words: str = Field(sa_type=Text)
    new_words: str = Field(sa_type=Text)
    old_calendar: str = Field(sa_type=Text)
    new_calendar: str = Field(sa_type=Text)
    letters: list[str] = Field(default_factory=list, sa_type=Json)
    counted_at: datetime = Field(sa_type=Instant)
