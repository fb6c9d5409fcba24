"""Letters and their numbers."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.models.base import CText, Instant, Json, Moving, instant, one_of
from statemachines.states import NoticeState


class Notice(Moving, table=True):
    """A letter. `cause` names what it answers (event and subject), so that one cause never makes two letters."""

    __tablename__ = "notice"
    __table_args__ = (one_of("state", NoticeState), Index("notice_claim", "claim_id"),
                      UniqueConstraint("claim_id", "code", "cause", "edition", name="notice_once"),
                      UniqueConstraint("series", "year", "serial", name="notice_number"),
                      UniqueConstraint("check_code", name="notice_check"), Index("notice_sha256", "sha256"),
                      Index("notice_under_way", "dispatched_at", postgresql_where=text("state IN ('issued', 'dispatched')")),
                      Index("notice_arrived", "delivered_at", postgresql_where=text("state = 'delivered'")),
                      Index("notice_replaces", "replaces", postgresql_where=text("replaces IS NOT NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    code: str = Field(sa_type=Text)                  # folder under documents/notices/
    cause: str = Field(sa_type=Text)
    edition: int = 1                                 # one more for each letter that took an earlier one's place
    replaces: uuid.UUID | None = None
    recipient: str = Field(sa_type=Text)             # member | heir | insurer
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    recipient_name: str = Field(sa_type=Text)
    series: str | None = Field(default=None, sa_type=Text)
    year: int | None = None
    serial: int | None = None
    number: str | None = Field(default=None, sa_type=Text)
    issued_on: date | None = None
    context: dict[str, object] = Field(default_factory=dict, sa_type=Json)
    sha256: str | None = Field(default=None, sa_type=Text)
    check_code: str | None = Field(default=None, sa_type=Text)     # opens its public check page
    certificate: str | None = Field(default=None, sa_type=Text)    # serial of the one that sealed it; None before there were seals
    enclosures: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)   # [{"name", "sha256", "mime"}]
    channel: str | None = Field(default=None, sa_type=Text)
    attempt: int = 0
    proof: str | None = Field(default=None, sa_type=Text)
    # Why a draft could not be issued: code, message, remedy, field, at; empty once it is.
    stuck: dict[str, str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    drafted_at: datetime = Field(sa_type=Instant)
    issued_at: datetime | None = instant()
    dispatched_at: datetime | None = instant()
    delivered_at: datetime | None = instant()


class NumberSeries(SQLModel, table=True):
    """The last number drawn of a series and year; drawn under its row lock, so there are no gaps and no doubles."""

    __tablename__ = "number_series"

    series: str = Field(sa_type=CText, primary_key=True)
    year: int = Field(primary_key=True)
    last: int = 0
