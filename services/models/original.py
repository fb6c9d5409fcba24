"""Originals asked for: of which paper, why, by when; received, given back, with a receipt for each."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.models.base import Instant, Scoped, instant, one_of

WAYS = ("counter", "post", "clerk")                  # handed in at the counter, by post, through the unit's clerk


class OriginalRequest(Scoped, table=True):
    """The original (原件) of one paper. Each receipt has its number; a dropped request says why."""

    __tablename__ = "original_request"
    __table_args__ = (one_of("received_how", WAYS), one_of("returned_how", WAYS), Index("original_request_claim", "claim_id"),
                      Index("original_request_open", "paper_id", unique=True,
                            postgresql_where=text("returned_at IS NULL AND dropped_at IS NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    paper_id: uuid.UUID = Field(foreign_key="paper.id")
    reason: str = Field(sa_type=Text)
    due_on: date
    asked_by: uuid.UUID | None = None                # account
    asked_person: uuid.UUID | None = None
    asked_at: datetime = Field(sa_type=Instant)
    received_no: str | None = Field(default=None, sa_type=Text)
    received_how: str | None = Field(default=None, sa_type=Text)
    received_from: str | None = Field(default=None, sa_type=Text)
    same: bool | None = None                         # the original is what the copy shows
    received_note: str | None = Field(default=None, sa_type=Text)
    received_by: uuid.UUID | None = None
    received_at: datetime | None = instant()
    returned_no: str | None = Field(default=None, sa_type=Text)
    returned_how: str | None = Field(default=None, sa_type=Text)
    returned_to: str | None = Field(default=None, sa_type=Text)
    returned_by: uuid.UUID | None = None
    returned_at: datetime | None = instant()
    dropped_at: datetime | None = instant()
    dropped_why: str | None = Field(default=None, sa_type=Text)
