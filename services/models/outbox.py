"""The outbox, idempotency keys and the business clock."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Text
from sqlmodel import Field, SQLModel

from services.models.base import CText, Instant, Json, instant


class OutboxRow(SQLModel, table=True):
    """Work that a committed transaction owes. Its id is the idempotency key of what follows."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_free", "topic", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    org_key: str = Field(sa_type=CText)
    topic: str = Field(sa_type=Text)                 # "claim.verify": machine and event
    claim_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    payload: dict[str, object] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(sa_type=Instant)
    taken_by: int | None = Field(default=None, sa_type=BigInteger)   # advisory lock of the worker that holds it
    tries: int = 0
    not_before: datetime | None = instant()
    fault: str | None = Field(default=None, sa_type=Text)


class IdempotencyKey(SQLModel, table=True):
    """An answered request; the same key and body gets the same answer, another body a conflict."""

    __tablename__ = "idempotency_key"

    account_id: uuid.UUID = Field(primary_key=True)
    key: str = Field(sa_type=Text, primary_key=True)
    request_sha256: str = Field(sa_type=Text)
    status: int
    body: dict[str, object] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Instant)


class BusinessClockRow(SQLModel, table=True):
    """The offset of the business clock from real time, in seconds; one row, demo and training only."""

    __tablename__ = "business_clock"

    single: bool = Field(default=True, sa_column=Column(Boolean, primary_key=True))
    offset_seconds: int = Field(sa_type=BigInteger)
