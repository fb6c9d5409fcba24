"""The review chain: one row per level and round; who stood in for whom, what was seen, stock phrases."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Instant, Json, Moving, Scoped, instant, one_of
from statemachines.states import ReviewState


class ReviewStep(Moving, table=True):
    """A level. `org_id` is the organisation that must act: the level's own, or an ancestor after escalation."""

    __tablename__ = "review_step"
    __table_args__ = (one_of("state", ReviewState), one_of("act", ("certify", "review")),
                      UniqueConstraint("claim_id", "round", "ordinal", name="review_step_once"),
                      Index("review_step_work", "duty_key", "state"),
                      Index("review_step_open", "duty_key", "role", postgresql_where=text("state = 'open'")))

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


class StoodIn(Scoped, table=True):
    """A deciding move made by a substitute: one row for each absent colleague he stood for, for whom he counts as well."""

    __tablename__ = "stood_in"
    __table_args__ = (Index("stood_in_subject", "subject_id"),)

    chain_id: uuid.UUID                              # the claim, or the payment run
    subject_id: uuid.UUID                            # the row that moved
    machine: str = Field(sa_type=Text)
    event: str = Field(sa_type=Text)
    by_account: uuid.UUID
    by_person: uuid.UUID
    for_person: uuid.UUID
    at: datetime = Field(sa_type=Instant)


class ReviewLook(Scoped, table=True):
    """What a reviewer was last shown of a claim: `seq` is the record's place then.

    Facts, amounts and lines lie in the worksheet; `snapshot` holds what lies in no worksheet:
    {"papers": {id: verdict}, "payees": {id: words}}.
    """

    __tablename__ = "review_look"
    __table_args__ = (Index("review_look_person", "claim_id", "person_id", "seq"),)

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    person_id: uuid.UUID
    account_id: uuid.UUID
    act: str = Field(sa_type=Text)                   # look | pass | refuse | send_down | send_back | set_amount | ...
    seq: int
    digest: str = Field(sa_type=Text)
    worksheet_id: uuid.UUID | None = Field(default=None, foreign_key="worksheet.id")
    snapshot: dict[str, dict[str, str]] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Instant)


class StockPhrase(Scoped, table=True):
    """Words an organisation uses with a reason code, read by itself and by every organisation below."""

    __tablename__ = "stock_phrase"
    __table_args__ = (Index("stock_phrase_org", "org_key", "reason"),)

    reason: str = Field(sa_type=Text)
    words: str = Field(sa_type=Text)
    made_by: uuid.UUID                               # account
    made_person: uuid.UUID
    made_at: datetime = Field(sa_type=Instant)
    retired_by: uuid.UUID | None = None              # account
    retired_at: datetime | None = instant()
