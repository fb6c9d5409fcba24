"""The handover to the insurer and its inbox."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from services.models.base import CText, Instant, Json, Moving, instant, one_of
from statemachines.states import HandoffState


class Handoff(Moving, table=True):
    """One per claim and round. `package` counts versions of the dossier after a reject."""

    __tablename__ = "handoff"
    __table_args__ = (one_of("state", HandoffState), UniqueConstraint("claim_id", "round", name="handoff_once"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    package: int = 1
    facts_digest: str | None = Field(default=None, sa_type=Text)     # the claim's digest when packed
    liabilities: list[str] = Field(default_factory=list, sa_type=Json)
    package_digest: str | None = Field(default=None, sa_type=Text)
    package_sha256: str | None = Field(default=None, sa_type=Text)   # the stored bytes
    sent_at: datetime | None = instant()
    complete_at: datetime | None = instant()         # complete at the insurer: its own clocks count from here
    report_no: str | None = Field(default=None, sa_type=Text)        # 报案号
    case_no: str | None = Field(default=None, sa_type=Text)          # 立案号
    receipt_no: str | None = Field(default=None, sa_type=Text)       # of the package last sent
    question: dict[str, object] = Field(default_factory=dict, sa_type=Json)   # the last: {"message_id", "items", "papers"}
    recall_reason: str | None = Field(default=None, sa_type=Text)    # set when the office asked for the file back
    answers: list[dict[str, object]] = Field(default_factory=list, sa_type=Json)
    serial: str | None = Field(default=None, sa_type=Text)
    flags: list[str] = Field(default_factory=list, sa_type=Json)


class InsurerMessage(SQLModel, table=True):
    """A message from the insurer, kept before it is acted on; one that comes too early waits and is tried again."""

    __tablename__ = "insurer_message"
    __table_args__ = (one_of("state", ("waiting", "applied", "rejected")), Index("insurer_message_claim", "claim_no"))

    message_id: str = Field(sa_type=Text, primary_key=True)
    org_key: str = Field(sa_type=CText)
    claim_no: str = Field(sa_type=Text)
    seq: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    handoff_id: uuid.UUID
    round: int
    version: int                                     # of the dossier it speaks of
    digest: str = Field(sa_type=Text)                # SHA-256 of the canonical message
    sent_at: datetime = Field(sa_type=Instant)
    body: dict[str, object] = Field(sa_type=Json)
    received_at: datetime = Field(sa_type=Instant)
    state: str = Field(default="waiting", sa_type=Text)
    tries: int = 0
    fault: str | None = Field(default=None, sa_type=Text)
