"""Where the insurer's amount is not ours, and who looks after a file at the insurer."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Fen, Instant, Scoped, instant, one_of

ASKS = ("accept", "insist")
RESULTS = ("accepted", "changed", "upheld", "closed")


class Disagreement(Scoped, table=True):
    """One liability of one round, on which worksheet and insurer's decision differ. Open until `result` says how it ended.

    `asked`: accept theirs (a second person confirms) or insist (`reopening_id`: the correction that a second person confirms, whose
    new round the insurer answers). `liability` is the rule-book's code, or `refund`.
    """

    __tablename__ = "disagreement"
    __table_args__ = (one_of("asked", ASKS), one_of("result", RESULTS),
                      UniqueConstraint("claim_id", "round", "liability", name="disagreement_once"),
                      CheckConstraint("ours_fen <> theirs_fen", name="disagreement_differs"),
                      CheckConstraint("(result IS NULL) = (closed_at IS NULL)", name="disagreement_closed"),
                      CheckConstraint("result IS DISTINCT FROM 'accepted' OR (asked_person IS NOT NULL AND closed_person IS NOT NULL"
                                      " AND asked_person <> closed_person)", name="disagreement_two_persons"),
                      Index("disagreement_open", "org_key", "opened_at", postgresql_where=text("closed_at IS NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    handoff_id: uuid.UUID = Field(foreign_key="handoff.id")
    worksheet_id: uuid.UUID = Field(foreign_key="worksheet.id")      # ours, frozen when the insurer decided
    liability: str = Field(sa_type=Text)
    ours_fen: int = Field(sa_type=Fen)
    theirs_fen: int = Field(sa_type=Fen)
    reason: str | None = Field(default=None, sa_type=Text)           # the insurer's code
    clause: str = Field(sa_type=Text)                                # the insurer's clause
    opened_at: datetime = Field(sa_type=Instant)
    due_on: date                                                     # by when the office means to have it settled
    due_words: str = Field(sa_type=Text)                             # how that day was counted
    asked: str | None = Field(default=None, sa_type=Text)
    why: str | None = Field(default=None, sa_type=Text)
    asked_by: uuid.UUID | None = None                                # account
    asked_person: uuid.UUID | None = None
    asked_at: datetime | None = instant()
    reopening_id: uuid.UUID | None = Field(default=None, foreign_key="reopening.id")
    result: str | None = Field(default=None, sa_type=Text)
    note: str | None = Field(default=None, sa_type=Text)
    closed_by: uuid.UUID | None = None                               # account; none for the insurer's new decision
    closed_person: uuid.UUID | None = None
    closed_at: datetime | None = instant()


class HandoffOwner(Scoped, table=True):
    """Who looks after a file at the insurer from `at` on; the newest row counts, one without an owner gave it back. Append-only."""

    __tablename__ = "handoff_owner"
    __table_args__ = (Index("handoff_owner_newest", "handoff_id", "at"),)

    handoff_id: uuid.UUID = Field(foreign_key="handoff.id")
    owner: uuid.UUID | None = None                                   # account
    given_by: uuid.UUID | None = None                                # account
    at: datetime = Field(sa_type=Instant)
