"""What was read from papers, by a machine or a person, what people answered, and where the same paper was seen before."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Float, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from services.models.base import Bytes, Fen, Instant, Json, Scoped, instant, one_of


class PaperReading(Scoped, table=True):
    """A paper was read: by `ocr`, from its own `text`, or by `hand` when no machine reads here. `sheets`: page → kind of sheet."""

    __tablename__ = "paper_reading"
    __table_args__ = (one_of("source", ("ocr", "text", "hand")), UniqueConstraint("paper_id", name="paper_reading_once"))

    paper_id: uuid.UUID = Field(foreign_key="paper.id")
    source: str = Field(sa_type=Text)
    engine: str = Field(default="", sa_type=Text)    # program and version, so that a reading can be made again
    sheets: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    fault: str | None = Field(default=None, sa_type=Text)
    read_at: datetime = Field(sa_type=Instant)


class PaperField(Scoped, table=True):
    """One field on one page (vocabulary: services/evidence/recognition). The value is sealed: it is health or identity data.

    `read_sealed` keeps what the machine read when a person corrected it. The box is in fractions of the page as shown.
    """

    __tablename__ = "paper_field"
    __table_args__ = (
        one_of("source", ("ocr", "text", "person")), one_of("state", ("read", "accepted", "corrected", "unreadable")),
        UniqueConstraint("paper_id", "page", "name", "place", name="paper_field_once"), Index("paper_field_claim", "claim_id"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    paper_id: uuid.UUID = Field(foreign_key="paper.id")
    page: int
    sheet: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    place: int = 0                                   # when a page holds the same field several times
    value_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    read_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    confidence: float | None = Field(default=None, sa_type=Float)
    left: float | None = Field(default=None, sa_type=Float)
    top: float | None = Field(default=None, sa_type=Float)
    right: float | None = Field(default=None, sa_type=Float)
    bottom: float | None = Field(default=None, sa_type=Float)
    source: str = Field(sa_type=Text)
    state: str = Field(default="read", sa_type=Text)
    answered_by: uuid.UUID | None = None             # person
    answered_at: datetime | None = instant()


class FactSource(Scoped, table=True):
    """A fact of the event was taken from (or found equal to) a field on a page. The newest row of a fact counts."""

    __tablename__ = "fact_source"
    __table_args__ = (Index("fact_source_claim", "claim_id"),)

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    fact: str = Field(sa_type=Text)                  # event.specimen_on, event.stays.from …
    place: int = 0                                   # which of several (stays)
    field_id: uuid.UUID = Field(foreign_key="paper_field.id")
    by_person: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class FindingAnswer(Scoped, table=True):
    """A person confirmed or overrode what the automatic checks found. Nothing is written over: the newest answer counts."""

    __tablename__ = "finding_answer"
    __table_args__ = (one_of("verdict", ("confirmed", "overridden")), Index("finding_answer_claim", "claim_id"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    key: str = Field(sa_type=Text)                   # the finding's own name in the claim: code, paper, page, field
    verdict: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class Invoice(Scoped, table=True):
    """The invoice ledger: one line for each page with an invoice or a settlement sheet, across units, plans and years."""

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("paper_id", "page", name="invoice_once"), Index("invoice_number", "number", "code"),
                      Index("invoice_amount", "amount_fen", "issued_on"), Index("invoice_issued", "issued_on"),
                      Index("invoice_claim", "claim_id"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    paper_id: uuid.UUID = Field(foreign_key="paper.id")
    page: int
    code: str = Field(default="", sa_type=Text)
    number: str = Field(default="", sa_type=Text)
    sheet: str = Field(default="invoice", sa_type=Text, sa_column_kwargs={"server_default": "invoice"})
    issued_on: date | None = None
    amount_fen: int | None = Field(default=None, sa_type=Fen)


class PaperMatch(Scoped, table=True):
    """A paper of this claim was seen in another claim before: same bytes, same invoice number, or nearly the same picture.

    Found by the system over all offices; `detail` says how near and where the pictures differ (boxes).
    """

    __tablename__ = "paper_match"
    __table_args__ = (
        one_of("how", ("bytes", "number", "picture")), ForeignKeyConstraint(["other_claim_id"], ["claim.id"]),
        UniqueConstraint("paper_id", "page", "other_paper_id", "other_page", "how", name="paper_match_once"),
        Index("paper_match_claim", "claim_id"))

    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    paper_id: uuid.UUID = Field(foreign_key="paper.id")
    page: int
    other_claim_id: uuid.UUID
    other_paper_id: uuid.UUID = Field(foreign_key="paper.id")
    other_page: int
    how: str = Field(sa_type=Text)
    detail: dict[str, object] = Field(default_factory=dict, sa_type=Json)
    found_at: datetime = Field(sa_type=Instant)


class UploadSession(Scoped, table=True):
    """A file that comes in parts, so that a cut line loses nothing. Parts lie in the store under the session's id."""

    __tablename__ = "upload_session"
    __table_args__ = (Index("upload_session_account", "account_id"),)

    case_id: uuid.UUID = Field(foreign_key="case_file.id")
    account_id: uuid.UUID
    kind: str = Field(sa_type=Text)
    file_name: str = Field(sa_type=Text)
    size: int
    received: int = 0                                # bytes there; the next part starts here
    sha256: str = Field(default="", sa_type=Text)    # said by the sender, proved at the end
    begun_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
