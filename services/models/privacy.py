"""What the law on personal data asks to be kept apart: holds, a person's requests about her data, what was disposed of when."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from services.models.base import Bytes, Instant, Json, Scoped, instant, one_of

GROUNDS = ("lawsuit", "inspection", "complaint", "audit", "other")
REQUESTS = ("export", "correction", "deletion")
REQUEST_STATES = ("open", "working", "ready", "answered", "withdrawn", "expired")
ANSWERS = ("done", "partly", "refused")
_HELD = text("lifted_at IS NULL")


class LegalHold(Scoped, table=True):
    """Nothing of a person, a case or a claim is disposed of while a hold stands. One asks to lift it, another one does.

    `looks`: the access record stays too. `review_on`: by then somebody asks whether it is still needed.
    """

    __tablename__ = "legal_hold"
    __table_args__ = (
        one_of("ground", GROUNDS), CheckConstraint("num_nonnulls(person_id, case_id, claim_id) = 1", name="legal_hold_one"),
        CheckConstraint("lifted_at IS NULL OR (lifted_by IS NOT NULL AND asked_by IS NOT NULL AND lifted_by <> asked_by)",
                        name="legal_hold_two"),
        *(Index(f"legal_hold_{name}", f"{name}_id", postgresql_where=_HELD) for name in ("person", "case", "claim")))

    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    case_id: uuid.UUID | None = Field(default=None, foreign_key="case_file.id")
    claim_id: uuid.UUID | None = Field(default=None, foreign_key="claim.id")
    ground: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    paper_no: str | None = Field(default=None, sa_type=Text)         # the court's or inspector's number
    looks: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    review_on: date
    placed_by: uuid.UUID | None = None               # account
    placed_person: uuid.UUID | None = None
    placed_at: datetime = Field(sa_type=Instant)
    asked_by: uuid.UUID | None = None                # to lift it
    asked_person: uuid.UUID | None = None
    asked_at: datetime | None = instant()
    asked_why: str | None = Field(default=None, sa_type=Text)
    lifted_by: uuid.UUID | None = None
    lifted_person: uuid.UUID | None = None
    lifted_at: datetime | None = instant()


class PrivacyRequest(Scoped, table=True):
    """A person asks for a copy, a correction or the deletion of her data (PIPL arts 45 to 47), and what became of it.

    An export is open, working, ready for a time, expired; the others are open, then answered (`answer`) or withdrawn.
    """

    __tablename__ = "privacy_request"
    __table_args__ = (
        one_of("kind", REQUESTS), one_of("channel", ("member", "counter")), one_of("state", REQUEST_STATES), one_of("answer", ANSWERS),
        Index("privacy_request_person", "person_id", "asked_at"),
        Index("privacy_request_open", "due_on", postgresql_where=text("state IN ('open', 'working')")),
        Index("privacy_request_once", "person_id", "kind", unique=True,
              postgresql_where=text("kind = 'export' AND state IN ('open', 'working')")))

    request_no: str = Field(sa_type=Text, unique=True)
    person_id: uuid.UUID = Field(foreign_key="person.id")
    kind: str = Field(sa_type=Text)
    field: str | None = Field(default=None, sa_type=Text)            # what is to be corrected or deleted
    wanted_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    words_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    channel: str = Field(sa_type=Text)
    identified: str | None = Field(default=None, sa_type=Text)       # at the counter: how the clerk knew who it was
    proof_sha256: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    asked_by: uuid.UUID | None = None                # account
    asked_person: uuid.UUID | None = None
    asked_at: datetime = Field(sa_type=Instant)
    due_on: date
    answered_by: uuid.UUID | None = None
    answered_person: uuid.UUID | None = None
    answered_at: datetime | None = instant()
    answer: str | None = Field(default=None, sa_type=Text)
    answer_words: str | None = Field(default=None, sa_type=Text)
    kept_until: date | None = None                   # of a deletion refused: until when the law keeps it
    done: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    total: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    downloads: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    sha256: str | None = Field(default=None, sa_type=Text)           # of the export; its bytes lie in parts under this id
    fault: str | None = Field(default=None, sa_type=Text)
    size: int | None = Field(default=None, sa_type=BigInteger)
    made_at: datetime | None = instant()
    expires_at: datetime | None = instant()


class Disposal(Scoped, table=True):
    """What one sweep took away of one kind (销毁清册): under which clause, how old, how many rows, how many a hold kept. Never changed."""

    __tablename__ = "disposal"
    __table_args__ = (Index("disposal_at", "at"),)

    kind: str = Field(sa_type=Text)
    clause: str = Field(sa_type=Text)
    kept_until: date
    rows: int = Field(sa_type=BigInteger)
    held: int = Field(sa_type=BigInteger)
    details: dict[str, object] = Field(default_factory=dict, sa_type=Json)
    at: datetime = Field(sa_type=Instant)
