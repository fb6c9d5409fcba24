"""What comes after a decision: objections, reopenings with what they correct, and money to be recovered."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Fen, Instant, Json, Moving, instant, one_of
from services.models.case import ByTwo
from statemachines.states import ObjectionState, ReceivableState

RESULTS = ("raised", "upheld", "lowered", "dismissed")
GROUNDS = ("objection", "correction")
KINDS = ("fact", "amount", "card", "clerical", "other")


class Objection(Moving, table=True):
    """An objection (异议) to the decision of one round. `papers`: ids of the claim's papers it rests on."""

    __tablename__ = "objection"
    __table_args__ = (
        one_of("state", ObjectionState), one_of("result", RESULTS), Index("objection_claim", "claim_id"),
        Index("objection_lodged", "org_key", postgresql_where=text("state = 'lodged'")),
        Index("objection_open", "claim_id", unique=True, postgresql_where=text("state IN ('lodged', 'accepted')")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int                                       # the round objected to
    decision_id: uuid.UUID = Field(foreign_key="decision.id")
    objector_id: uuid.UUID = Field(foreign_key="person.id")      # whose objection it is
    lodged_by: uuid.UUID | None = None               # account
    lodged_person: uuid.UUID | None = None
    lodged_at: datetime = Field(sa_type=Instant)
    grounds: str = Field(sa_type=Text)
    papers: list[str] = Field(default_factory=list, sa_type=Json)
    late: bool = False
    late_reason: str | None = Field(default=None, sa_type=Text)
    accepted_by: uuid.UUID | None = None             # account
    accepted_person: uuid.UUID | None = None
    accepted_at: datetime | None = instant()
    result: str | None = Field(default=None, sa_type=Text)
    result_words: str | None = Field(default=None, sa_type=Text)
    decided_person: uuid.UUID | None = None
    decided_at: datetime | None = instant()
    withdrawn_at: datetime | None = instant()


class Reopening(ByTwo, table=True):
    """Why a decided claim goes through another round: an accepted objection, or a correction asked by one person and
    confirmed by another. `round` is the new round, empty until it begins; the insurer's recall of the file carries it on to the next.

    `changes`: [{"what", "old", "new"}] in words. `barred`: persons who decided in the round objected to.
    `before_fen`: what the decisions before gave in all; `lapsed_fen`: how much of it was never paid and falls away, because
    the new round decides on it again.
    """

    __tablename__ = "reopening"
    __table_args__ = (
        one_of("ground", GROUNDS), one_of("kind", KINDS), one_of("result", RESULTS),
        UniqueConstraint("claim_id", "round", name="reopening_once"),
        Index("reopening_asked", "claim_id", unique=True,
              postgresql_where=text("confirmed_at IS NULL AND withdrawn_at IS NULL")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    ground: str = Field(sa_type=Text)
    kind: str | None = Field(default=None, sa_type=Text)         # of a correction
    objection_id: uuid.UUID | None = Field(default=None, foreign_key="objection.id")
    changes: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    event: dict[str, object] | None = Field(default=None, sa_type=Json)   # the corrected facts, whole
    why: str = Field(sa_type=Text)
    round: int | None = None
    verified_person: uuid.UUID | None = None         # the verifier of the round before, whose place on the claim is free again
    barred: list[str] = Field(default_factory=list, sa_type=Json)
    before_fen: int = Field(default=0, sa_type=Fen)
    lapsed_fen: int = Field(default=0, sa_type=Fen)
    after_fen: int | None = Field(default=None, sa_type=Fen)
    result: str | None = Field(default=None, sa_type=Text)
    concluded_at: datetime | None = instant()


class Receivable(Moving, table=True):
    """Money (fen) to be given back after a later round found less than was paid; one per claim and round."""

    __tablename__ = "receivable"
    __table_args__ = (one_of("state", ReceivableState), CheckConstraint("amount_fen > 0", name="amount_positive"),
                      CheckConstraint("received_fen BETWEEN 0 AND amount_fen", name="received_within"),
                      UniqueConstraint("claim_id", "round", name="receivable_once"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    person_id: uuid.UUID = Field(foreign_key="person.id")
    amount_fen: int = Field(sa_type=Fen)
    received_fen: int = Field(default=0, sa_type=Fen)
    why: str = Field(sa_type=Text)
    agreement: str | None = Field(default=None, sa_type=Text)    # the debtor's agreement: sum, days, paper
    write_off_reason: str | None = Field(default=None, sa_type=Text)
    write_off_person: uuid.UUID | None = None        # who proposed it; another person confirms
    created_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = instant()
