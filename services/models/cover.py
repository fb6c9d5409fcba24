"""Covers, what is reserved and paid on them, and the rosters they came from."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from services.models.base import Fen, Instant, Json, Scoped, instant, one_of

END_REASONS = ("transfer", "retirement", "death", "benefit", "withdrawn")


class Cover(Scoped, table=True):
    """One person's cover under one plan, first to last covered day, both inside.

    No two covers of one plan and person may overlap: migration 0002 adds the exclusion constraint.
    """

    __tablename__ = "cover"
    __table_args__ = (one_of("payer_kind", ("self", "enterprise", "public")), one_of("end_reason", END_REASONS),
                      Index("cover_person", "person_id", "plan"),
                      Index("cover_org", "org_key"),
                      CheckConstraint("effective <= until", name="cover_dates"))

    plan: str = Field(sa_type=Text)
    plan_from: date                      # the rule-book version pinned at enrolment
    person_id: uuid.UUID = Field(foreign_key="person.id")
    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    effective: date
    until: date
    renewal: bool = False
    shares: int = 1
    tier: str | None = Field(default=None, sa_type=Text)     # the normal-work fee that names the tier
    high_risk_work: bool = False                             # as enrolled: the fee was asked for it
    relation: str = Field(default="employee", sa_type=Text)
    premium_fen: int = Field(sa_type=Fen)
    payer_kind: str = Field(default="self", sa_type=Text)
    payer_name: str | None = Field(default=None, sa_type=Text)
    certificate_no: str = Field(sa_type=Text, unique=True)
    policy_no: str | None = Field(default=None, sa_type=Text)
    ended_on: date | None = None         # last covered day when it ended early; the day before the first: taken back
    end_reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)


class Endorsement(Scoped, table=True):
    """A change of a running cover (批单): the insurer's own number, or none when the change is ours. Append-only."""

    __tablename__ = "endorsement"
    __table_args__ = (one_of("kind", ("add", "remove", "change")), Index("endorsement_cover", "cover_id"))

    cover_id: uuid.UUID = Field(foreign_key="cover.id")
    number: str | None = Field(default=None, sa_type=Text)
    kind: str = Field(sa_type=Text)
    dated_on: date
    text: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class Reservation(Scoped, table=True):
    """What one claim takes from a cover, per benefit. Written under the cover's lock at the decision, or for what is paid ahead.

    Of a year that is reckoned as a whole a benefit may be below zero: that much less was paid under the claim's other benefits.
    """

    __tablename__ = "reservation"
    __table_args__ = (one_of("state", ("reserved", "paid", "released")), Index("reservation_cover", "cover_id"),
                      UniqueConstraint("claim_id", "round", "benefit", name="reservation_once"))

    cover_id: uuid.UUID = Field(foreign_key="cover.id")
    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    benefit: str = Field(sa_type=Text)
    amount_fen: int = Field(sa_type=BigInteger)
    days: int = 0
    state: str = Field(default="reserved", sa_type=Text)
    made_at: datetime = Field(sa_type=Instant)


class RosterImport(Scoped, table=True):
    """One uploaded roster with its outcome. `faults` holds the first ones; the workbook `errors_sha256` has every one."""

    __tablename__ = "roster_import"
    __table_args__ = (Index("roster_import_org", "org_id"),)

    org_id: uuid.UUID | None = Field(default=None, foreign_key="organisation.id")
    plan: str = Field(sa_type=Text)
    effective: date
    sha256: str = Field(sa_type=Text)
    file_name: str = Field(sa_type=Text)
    rows: int
    accepted: int
    keep_good: bool = False
    unit: dict[str, int] = Field(default_factory=dict, sa_type=Json)      # staff, women, parents as the unit stated
    faults: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    fault_count: int = 0
    notes: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    errors_sha256: str | None = Field(default=None, sa_type=Text)
    account_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)
    checked: int = 0                                                      # rows so far: a large roster is worked later
    done_at: datetime | None = instant()
    refused: dict[str, str] = Field(default_factory=dict, sa_type=Json)   # why the whole was refused when worked later
