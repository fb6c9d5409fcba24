"""The chained record. Its key is (chain, seq): no id of its own."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field, SQLModel

from services.models.base import Bytes, CText, Instant, Json, Row


class AuditRecord(SQLModel, table=True):
    """One thing that happened to a claim (or to a payment run). `hash` = HMAC(prev hash + canonical record)."""

    __tablename__ = "audit_record"
    __table_args__ = (Index("audit_person", "person_id"),)

    chain_id: uuid.UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    org_key: str = Field(sa_type=CText)
    machine: str = Field(sa_type=Text)
    subject_id: uuid.UUID
    event: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)
    record: dict[str, object] = Field(sa_type=Json)
    prev: bytes = Field(sa_type=Bytes)
    hash: bytes = Field(sa_type=Bytes)


class AuditHead(SQLModel, table=True):
    """A day's digest over the heads of all chains, exported, so that removed newest rows show."""

    __tablename__ = "audit_head"

    day: date = Field(primary_key=True)
    chains: int = Field(sa_type=BigInteger)
    records: int = Field(sa_type=BigInteger)
    heads: dict[str, list[object]] = Field(sa_type=Json)   # chain id -> [seq, hash]
    digest: bytes = Field(sa_type=Bytes)
    at: datetime = Field(sa_type=Instant)


class AuditSeal(SQLModel, table=True):
    """A day's signed statement over all chains; the list of them lies at a second place (services/audit/sealing.py).

    `losses`: chains that were shorter or gone against the statement before.
    """

    __tablename__ = "audit_seal"

    day: date = Field(primary_key=True)
    chains: int = Field(sa_type=BigInteger)
    records: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=Bytes)
    statement: str = Field(sa_type=Text)
    signature: bytes = Field(sa_type=Bytes)
    key_id: str = Field(sa_type=Text)
    place: str = Field(sa_type=Text)
    losses: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=Instant)
    exported_at: datetime | None = Field(default=None, sa_type=Instant)


class AccessRecord(Row, table=True):
    """Who looked at what: reading papers and diagnoses, and every unmasking."""

    __tablename__ = "access_record"
    __table_args__ = (Index("access_claim", "claim_id"), Index("access_account", "account_id", "id"),
                      Index("access_named", "what", postgresql_where=text("claim_id IS NULL")))

    org_key: str = Field(sa_type=CText)
    account_id: uuid.UUID
    claim_id: uuid.UUID | None = None
    what: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=Instant)
