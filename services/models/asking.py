"""A further list of one round, prepared by whoever found it necessary and waiting for a senior."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.models.base import Instant, Json, Scoped, instant, one_of


class FurtherList(Scoped, table=True):
    """`items` as a supplement list's; released, it became `supplement_id`; declined, `answer` says why. One waits at a time."""

    __tablename__ = "further_list"
    __table_args__ = (one_of("outcome", ("released", "declined", "dropped")),
                      Index("further_list_open", "claim_id", unique=True, postgresql_where=text("outcome IS NULL")),
                      Index("further_list_waiting", "org_key", postgresql_where=text("outcome IS NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    items: list[dict[str, str]] = Field(sa_type=Json)
    reason: str = Field(sa_type=Text)
    outcome: str | None = Field(default=None, sa_type=Text)      # none while it waits
    prepared_by: uuid.UUID                           # account
    prepared_person: uuid.UUID
    prepared_at: datetime = Field(sa_type=Instant)
    answer: str | None = Field(default=None, sa_type=Text)
    answered_by: uuid.UUID | None = None             # account
    answered_at: datetime | None = instant()
    supplement_id: uuid.UUID | None = Field(default=None, foreign_key="supplement.id")
