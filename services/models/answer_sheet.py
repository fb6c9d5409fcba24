"""An insurer's answers that came as a workbook: kept, checked row by row, and taken by a second person as messages."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.models.base import Instant, Json, Scoped, instant


class AnswerSheet(Scoped, table=True):
    """One workbook with its letters. `claims` could be taken when it was checked; `faults` names rows and columns of the others.

    It stands in for the insurer's signed messages: whoever takes it (`taken_person`) is another person than who brought it.
    """

    __tablename__ = "answer_sheet"
    __table_args__ = (CheckConstraint("taken_person IS NULL OR taken_person <> brought_person", name="answer_sheet_two_persons"),
                      CheckConstraint("taken_at IS NULL OR dropped_at IS NULL", name="answer_sheet_one_end"),
                      Index("answer_sheet_org", "org_key", "brought_at"))

    sha256: str = Field(sa_type=Text)
    file_name: str = Field(sa_type=Text)
    letters: dict[str, str] = Field(default_factory=dict, sa_type=Json)      # claim number -> the decision letter's file
    rows: int
    claims: list[str] = Field(default_factory=list, sa_type=Json)
    faults: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    errors_sha256: str | None = Field(default=None, sa_type=Text)
    brought_by: uuid.UUID                            # account
    brought_person: uuid.UUID
    brought_at: datetime = Field(sa_type=Instant)
    taken_by: uuid.UUID | None = None
    taken_person: uuid.UUID | None = None
    taken_at: datetime | None = instant()
    messages: int = 0                                # new messages it made
    dropped_by: uuid.UUID | None = None
    dropped_why: str | None = Field(default=None, sa_type=Text)
    dropped_at: datetime | None = instant()
