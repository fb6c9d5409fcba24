"""What member and office write to each other inside a claim, and the office's own notes."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.models.base import Bytes, Instant, Json, Scoped, one_of

SIDES = ("member", "office")


class ClaimMessage(Scoped, table=True):
    """One message, or (`internal`) a note that never leaves the office. Never changed; its words are sealed: they speak of
    an illness. `papers`: ids of papers of the same claim.
    """

    __tablename__ = "claim_message"
    __table_args__ = (one_of("side", SIDES), Index("claim_message_claim", "claim_id", "at"),
                      Index("claim_message_asked", "org_key", postgresql_where=text("side = 'member' AND NOT internal")))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    side: str = Field(sa_type=Text)                  # who wrote it
    internal: bool = False
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    author_name: str = Field(sa_type=Text)
    words_sealed: bytes = Field(sa_type=Bytes)
    papers: list[str] = Field(default_factory=list, sa_type=Json)
    at: datetime = Field(sa_type=Instant)


class MessageMark(Scoped, table=True):
    """Up to when one side has read what the other wrote. A side reads as one: a colleague's reading counts."""

    __tablename__ = "message_mark"
    __table_args__ = (one_of("side", SIDES), UniqueConstraint("claim_id", "side", name="message_mark_once"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    side: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None              # who read last
    read_until: datetime = Field(sa_type=Instant)
