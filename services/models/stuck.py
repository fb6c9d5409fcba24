"""What the stuck-work detector found and what people said of it."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from services.models.base import Instant, Scoped, instant


class StuckWork(Scoped, table=True):
    """Work that stood still when it was last looked for; `gone_at`: since when it no longer does. It may be put off until a day.

    `subject`: the name by which people know the thing (a claim's or run's number, a row's id). `said`: how it stands, in words.
    """

    __tablename__ = "stuck_work"
    __table_args__ = (UniqueConstraint("condition", "subject", name="stuck_work_once"),
                      Index("stuck_work_standing", "org_key", "since", postgresql_where=text("gone_at IS NULL")))

    condition: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    claim_id: uuid.UUID | None = None
    said: str = Field(sa_type=Text)
    since: datetime = Field(sa_type=Instant)
    found_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    gone_at: datetime | None = instant()
    put_off_until: date | None = None
    put_off_why: str | None = Field(default=None, sa_type=Text)
    put_off_by: uuid.UUID | None = None              # account


class TimetableRun(SQLModel, table=True):
    """When a timetable's work last succeeded, in real time; `installed` stands for those that never ran."""

    __tablename__ = "timetable_run"

    topic: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=Instant)
