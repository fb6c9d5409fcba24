"""People, their kin and their bank cards. ID and account numbers are sealed; a blind index finds them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field, SQLModel

from services.models.base import Bytes, Instant, Json, Row, instant, one_of
from services.rulebook.facts import CATEGORIES


class Person(Row, table=True):
    """A member, a member's wife or child, a clerk: anyone who can appear in a claim."""

    __tablename__ = "person"
    __table_args__ = (one_of("sex", ("F", "M")), Index("person_name", "name"))

    name: str = Field(sa_type=Text)
    id_number_sealed: bytes = Field(sa_type=Bytes)
    id_number_index: bytes = Field(sa_type=Bytes, unique=True)
    born: date
    sex: str = Field(sa_type=Text)
    category: str = Field(default="normal", sa_type=Text)
    phone_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    died_on: date | None = None
    merged_into: uuid.UUID | None = Field(default=None, foreign_key="person.id", index=True)   # one hop, never a chain
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    created_at: datetime = Field(sa_type=Instant)
    erased_at: datetime | None = instant()           # the law's time is over: name and numbers are gone, the row stays


class PersonCategory(Row, table=True):
    """A category (劳模, 特困, 困难) from a day on, with the paper that proves it; `person.category` is today's."""

    __tablename__ = "person_category"
    __table_args__ = (one_of("category", CATEGORIES), Index("person_category_person", "person_id", "from_on"),
                      CheckConstraint("until_on IS NULL OR from_on <= until_on", name="person_category_dates"))

    person_id: uuid.UUID = Field(foreign_key="person.id")
    category: str = Field(sa_type=Text)
    from_on: date
    until_on: date | None = None                     # the last day, inside
    proof_sha256: str = Field(sa_type=Text)
    confirmed_by: uuid.UUID | None = None            # account
    confirmed_person: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = instant()        # recorded in error: counts for no day


class PersonChange(Row, table=True):
    """One field of one person before and after, sealed; never changed afterwards."""

    __tablename__ = "person_change"
    __table_args__ = (Index("person_change_person", "person_id"),)

    person_id: uuid.UUID = Field(foreign_key="person.id")
    field: str = Field(sa_type=Text)
    old_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    new_sealed: bytes | None = Field(default=None, sa_type=Bytes)
    why: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None
    by_person: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)


class PersonMerge(Row, table=True):
    """Two records of one person became one. `moved`: {"cover.person_id": [row ids], …}, enough to undo it."""

    __tablename__ = "person_merge"
    __table_args__ = (Index("person_merge_kept", "kept_id"), Index("person_merge_dropped", "dropped_id"))

    kept_id: uuid.UUID = Field(foreign_key="person.id")
    dropped_id: uuid.UUID = Field(foreign_key="person.id")
    moved: dict[str, list[object]] = Field(sa_type=Json)
    why: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None
    by_person: uuid.UUID | None = None
    at: datetime = Field(sa_type=Instant)
    undone_at: datetime | None = instant()
    undone_by: uuid.UUID | None = None               # account


class Proxy(Row, table=True):
    """Who may report and receive letters for a person too ill to: between two days, with proof."""

    __tablename__ = "proxy"
    __table_args__ = (Index("proxy_person", "person_id"), Index("proxy_proxy", "proxy_id"),
                      CheckConstraint("person_id <> proxy_id", name="proxy_other"),
                      CheckConstraint("from_on <= until_on", name="proxy_dates"))

    person_id: uuid.UUID = Field(foreign_key="person.id")
    proxy_id: uuid.UUID = Field(foreign_key="person.id")
    from_on: date
    until_on: date
    reason: str = Field(sa_type=Text)
    proof_sha256: str = Field(sa_type=Text)
    recorded_by: uuid.UUID | None = None             # account
    at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = instant()


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
