"""The case: one report of one event of one person; the sum of its claims is what the member asks about."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from services.models.base import Instant, Json, Scoped, instant, one_of

CHANNELS = ("member", "clerk", "phone", "insurer", "api")


class Case(Scoped, table=True):
    """A report (报案) with its 10-day count."""

    __tablename__ = "case_file"
    __table_args__ = (one_of("channel", CHANNELS), Index("case_person", "person_id"), Index("case_org", "org_key"))

    case_no: str = Field(sa_type=Text, unique=True)
    person_id: uuid.UUID = Field(foreign_key="person.id")
    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    event_kind: str = Field(sa_type=Text)
    diagnosed_on: date
    hospital: str | None = Field(default=None, sa_type=Text)
    reported_on: date
    reported_at: datetime = Field(sa_type=Instant)
    reported_by: uuid.UUID | None = None             # account; none for a program
    reporter_name: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    committee_told_at: datetime | None = instant()
    insurer_told_at: datetime | None = instant()
    last_timely_day: date
    count_words: str = Field(sa_type=Text)
    late: bool = False
    late_reason: str | None = Field(default=None, sa_type=Text)
    answers: list[dict[str, object]] = Field(default_factory=list, sa_type=Json)   # what each cover answered the report


class Consent(Scoped, table=True):
    """A person's consent for one purpose (PIPL arts 23, 29): without `insurer` nothing goes to the insurer."""

    __tablename__ = "consent"
    __table_args__ = (one_of("purpose", ("insurer", "processing")), Index("consent_case", "case_id"))

    case_id: uuid.UUID = Field(foreign_key="case_file.id")
    person_id: uuid.UUID = Field(foreign_key="person.id")
    purpose: str = Field(sa_type=Text)
    given_at: datetime = Field(sa_type=Instant)
    recorded_by: uuid.UUID
    paper_sha256: str | None = Field(default=None, sa_type=Text)
    withdrawn_at: datetime | None = instant()
