"""Summary sheets that go up the tree (逐级汇总), and samples of decided claims drawn to be checked again."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field

from services.models.base import Fen, Instant, Json, Scoped, instant, one_of

SHEET_STATUS = ("drafted", "signed", "received", "discarded")


class SummarySheet(Scoped, table=True):
    """The claims of one plan and month that one level hands up as a unit; `org_key` is the organisation that makes it.

    `month` is its first day. `digest` covers the head and the lines as they stood at the signature.
    """

    __tablename__ = "summary_sheet"
    __table_args__ = (one_of("status", SHEET_STATUS),
                      Index("summary_sheet_month", "org_key", "month", "serial"))   # not unique: merged organisations keep theirs

    sheet_no: str = Field(sa_type=Text, unique=True)
    serial: int
    plan: str = Field(sa_type=Text)
    month: date
    level: str = Field(sa_type=Text)
    level_name: str = Field(sa_type=Text)
    status: str = Field(default="drafted", sa_type=Text)
    version: int = 1
    made_by: uuid.UUID | None = None                 # account
    made_person: uuid.UUID | None = None
    made_at: datetime = Field(sa_type=Instant)
    signed_by: uuid.UUID | None = None
    signed_person: uuid.UUID | None = None
    signed_at: datetime | None = instant()
    digest: str | None = Field(default=None, sa_type=Text)
    received_by: uuid.UUID | None = None
    received_person: uuid.UUID | None = None
    received_at: datetime | None = instant()


class SummaryLine(Scoped, table=True):
    """One claim on a sheet as its reviewer saw it. `signed_seq` is the place in the claim's record of the signature:
    a return recorded after it takes the claim off the sheet.
    """

    __tablename__ = "summary_line"
    __table_args__ = (UniqueConstraint("sheet_id", "claim_id", name="summary_line_once"),
                      Index("summary_line_claim", "claim_id"))

    sheet_id: uuid.UUID = Field(foreign_key="summary_sheet.id")
    position: int
    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    round: int
    step_id: uuid.UUID = Field(foreign_key="review_step.id")
    claim_no: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)                  # masked
    event: str = Field(sa_type=Text)
    total_fen: int = Field(sa_type=Fen)              # of the worksheet, a refund included
    checks: list[str] = Field(sa_type=Json)          # passed, in words
    flags: list[str] = Field(sa_type=Json)           # to be looked at, in words
    facts_digest: str = Field(sa_type=Text)          # what the reviewer was shown
    signed_seq: int | None = None
    decided_fen: int | None = Field(default=None, sa_type=Fen)   # when this level decided


class QaSample(Scoped, table=True):
    """A repeatable draw from a period's decisions at and under the organisation `org_key`; `until_on` is included."""

    __tablename__ = "qa_sample"
    __table_args__ = (Index("qa_sample_org", "org_key"),)

    plan: str | None = Field(default=None, sa_type=Text)         # every plan when empty
    from_on: date
    until_on: date
    seed: str = Field(sa_type=Text)
    size: int                                        # drawn
    share: str | None = Field(default=None, sa_type=Text)        # per cent as asked, when asked by share
    population: int
    population_digest: str = Field(sa_type=Text)
    drawn_by: uuid.UUID | None = None
    drawn_person: uuid.UUID | None = None
    drawn_at: datetime = Field(sa_type=Instant)


class QaItem(Scoped, table=True):
    """One decision drawn, and what the check found: `ok`, `remark` or an error's code."""

    __tablename__ = "qa_item"
    __table_args__ = (UniqueConstraint("sample_id", "decision_id", name="qa_item_once"),
                      UniqueConstraint("sample_id", "position", name="qa_item_position"))

    sample_id: uuid.UUID = Field(foreign_key="qa_sample.id")
    position: int
    decision_id: uuid.UUID = Field(foreign_key="decision.id")
    claim_id: uuid.UUID = Field(foreign_key="claim.id")
    claim_no: str = Field(sa_type=Text)
    round: int
    finding: str | None = Field(default=None, sa_type=Text)
    note: str | None = Field(default=None, sa_type=Text)
    checked_by: uuid.UUID | None = None
    checked_person: uuid.UUID | None = None
    checked_at: datetime | None = instant()
