"""How letters travel: where their readers want to be told, and every attempt with what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from services.models.base import Bytes, Instant, Row, Scoped, instant, one_of

MESSAGES = ("sms", "wecom", "mail")                  # they tell of a letter; they never carry it
CHANNELS = (*MESSAGES, "portal", "paper")
# What becomes of an attempt, in the order it may happen. `calling` is written before the provider is asked, so that a process
# killed in between asks nobody twice; `lost` is an answer that never came.
OUTCOMES = ("calling", "unreached", "sent", "refused", "lost", "received", "failed", "posted", "opened", "delivered", "returned",
            "unopened", "stopped")


class LetterContact(Row, table=True):
    """Where a person agreed to be told that a letter waits. The newest rows hold; an older one is withdrawn, never changed."""

    __tablename__ = "letter_contact"
    __table_args__ = (one_of("channel", MESSAGES), Index("letter_contact_person", "person_id"))

    person_id: uuid.UUID = Field(foreign_key="person.id")
    channel: str = Field(sa_type=Text)
    place: int                                       # 1 is tried first
    address_sealed: bytes = Field(sa_type=Bytes)
    shown: str = Field(sa_type=Text)                 # masked, as pages show it
    account_id: uuid.UUID | None = None              # who recorded the consent
    consented_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = instant()
    words_version: str | None = Field(default=None, sa_type=Text)
    withdrawn_by: uuid.UUID | None = None            # account


class DeliveryAttempt(Scoped, table=True):
    """The n-th way a letter was sent. Never changed; its outcomes are rows of their own."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (one_of("channel", CHANNELS), UniqueConstraint("notice_id", "n", name="delivery_attempt_once"))

    notice_id: uuid.UUID = Field(foreign_key="notice.id")
    n: int
    channel: str = Field(sa_type=Text)
    contact_id: uuid.UUID | None = Field(default=None, foreign_key="letter_contact.id")
    shown: str = Field(default="", sa_type=Text)     # the masked address
    why: str = Field(default="", sa_type=Text)       # a clerk's reason for this way
    account_id: uuid.UUID | None = None              # none: the system's own order
    at: datetime = Field(sa_type=Instant)


class DeliveryEvent(Scoped, table=True):
    """What became of an attempt. `event_key` is the same for the same news, which therefore counts once."""

    __tablename__ = "delivery_event"
    __table_args__ = (one_of("outcome", OUTCOMES), Index("delivery_event_attempt", "attempt_id"),
                      Index("delivery_event_provider", "provider_id"),
                      UniqueConstraint("event_key", name="delivery_event_once"))

    attempt_id: uuid.UUID = Field(foreign_key="delivery_attempt.id")
    outcome: str = Field(sa_type=Text)
    event_key: str = Field(sa_type=Text)
    provider_id: str | None = Field(default=None, sa_type=Text)      # the provider's number, or the parcel's
    words: str = Field(default="", sa_type=Text)
    account_id: uuid.UUID | None = None
    happened_at: datetime = Field(sa_type=Instant)   # as told
    at: datetime = Field(sa_type=Instant)            # when we heard
