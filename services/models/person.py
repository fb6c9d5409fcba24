"""People, their kin and their bank cards. ID and account numbers are sealed; a blind index finds them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from services.models.base import Bytes, Instant, Row, instant, one_of


class Person(Row, table=True):
    """A member, a member's wife or child, a clerk: anyone who can appear in a claim."""

    __tablename__ = "person"
    __table_args__ = (one_of("sex", ("F", "M")),)

    name: str = Field(sa_type=Text)
    id_number_sealed: bytes = Field(sa_type=Bytes)
    id_number_index: bytes = Field(sa_type=Bytes, unique=True)
    born: date
    sex: str = Field(sa_type=Text)
    category: str = Field(default="normal", sa_type=Text)
    phone_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    died_on: date | None = None
    created_at: datetime = Field(sa_type=Instant)


class FamilyTie(SQLModel, table=True):
    """A known relation; stored in both directions, for separation of persons and for heirs."""

    __tablename__ = "family_tie"

    person_id: uuid.UUID = Field(foreign_key="person.id", primary_key=True)
    relative_id: uuid.UUID = Field(foreign_key="person.id", primary_key=True)
    relation: str = Field(sa_type=Text)


class BankCard(Row, table=True):
    """An account of a person. A corrected one replaces, never overwrites."""

    __tablename__ = "bank_card"
    __table_args__ = (Index("bank_card_person", "person_id"),)

    person_id: uuid.UUID = Field(foreign_key="person.id")
    number_sealed: bytes = Field(sa_type=Bytes)
    number_index: bytes = Field(sa_type=Bytes, index=True)
    last4: str = Field(sa_type=Text)
    bank: str = Field(sa_type=Text)
    holder: str = Field(sa_type=Text)
    added_at: datetime = Field(sa_type=Instant)
    replaced_at: datetime | None = instant()
