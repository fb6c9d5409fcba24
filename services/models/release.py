"""Dated changes of what governs claims, released by a second person."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field

from services.models.base import Instant, Json, Row, Scoped, instant, one_of

KINDS = ("separation_rule", "calendar", "rule_book", "wording", "clock_policy")
STATES = ("proposed", "released", "rejected", "withdrawn")


class Release(Row, table=True):
    """A proposed change: what, from which day, for which organisation and all below it; who proposed, who answered."""

    __tablename__ = "release"
    __table_args__ = (one_of("kind", KINDS), one_of("state", STATES),
                      CheckConstraint("state NOT IN ('released', 'rejected') OR (answered_person IS NOT NULL"
                                      " AND answered_person <> proposed_person)", name="release_two_persons"),
                      Index("release_kind", "kind", "state", "effective_on"))

    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    kind: str = Field(sa_type=Text)
    payload: dict[str, object] = Field(sa_type=Json)
    digest: str = Field(sa_type=Text)                # SHA-256 of the canonical payload, shown to the second person
    effective_on: date
    note: str = Field(sa_type=Text)
    state: str = Field(default="proposed", sa_type=Text)
    proposed_by: uuid.UUID                           # account
    proposed_person: uuid.UUID = Field(foreign_key="person.id")
    proposed_at: datetime = Field(sa_type=Instant)
    answered_by: uuid.UUID | None = None             # account
    answered_person: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    answered_at: datetime | None = instant()
    answer_note: str | None = Field(default=None, sa_type=Text)


class BookDraft(Scoped, table=True):
    """A plan that an office is composing, as its form stands; gone once it is proposed or thrown away."""

    __tablename__ = "book_draft"
    __table_args__ = (Index("book_draft_own", "account_id", "changed_at"),)

    account_id: uuid.UUID
    base: str = Field(sa_type=Text)                  # "<plan> <from>" of the wording that it starts from
    form: dict[str, object] = Field(sa_type=Json)
    version: int = 1
    changed_at: datetime = Field(sa_type=Instant)
