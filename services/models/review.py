"""The review chain: one row per level and round."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from services.models.base import Instant, Moving, instant, one_of
from statemachines.states import ReviewState


class ReviewStep(Moving, table=True):
    """A level. `org_id` is the organisation that must act: the level's own, or an ancestor after escalation."""

    __tablename__ = "review_step"
    __table_args__ = (one_of("state", ReviewState), one_of("act", ("certify", "review")),
                      UniqueConstraint("claim_id", "round", "ordinal", name="review_step_once"),
                      Index("review_step_work", "duty_key", "state"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    ordinal: int
    level: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    act: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    days: int
    decides: bool = False
    duty_org: uuid.UUID = Field(foreign_key="organisation.id")
    duty_key: str = Field(sa_type=Text)              # that organisation's key
    escalated: bool = False
    taken_by: uuid.UUID | None = None                # account
    done_by: uuid.UUID | None = None                 # account
    done_person: uuid.UUID | None = None
    done_at: datetime | None = instant()
    recommends: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    seen_digest: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)
