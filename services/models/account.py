"""Accounts, their roles and their tokens."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from services.models.base import Bytes, CText, Instant, Row, instant, one_of


class Account(Row, table=True):
    """A person's (or a program's) way in, bound to one organisation."""

    __tablename__ = "account"
    __table_args__ = (one_of("kind", ("person", "system", "insurer", "hospital")), Index("account_person", "person_id"),
                      Index("account_org", "org_key"))

    login: str = Field(sa_type=Text, unique=True)
    kind: str = Field(default="person", sa_type=Text)
    name: str = Field(sa_type=Text)
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id")
    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    org_key: str = Field(sa_type=CText)
    active: bool = True
    created_at: datetime = Field(sa_type=Instant)


class Grant(SQLModel, table=True):
    """A role of an account."""

    __tablename__ = "role_grant"

    account_id: uuid.UUID = Field(foreign_key="account.id", primary_key=True)
    role: str = Field(sa_type=Text, primary_key=True)


class Token(SQLModel, table=True):
    """A bearer token, kept as its SHA-256; `roles` may narrow the account's roles."""

    __tablename__ = "token"

    digest: bytes = Field(sa_type=Bytes, primary_key=True)
    account_id: uuid.UUID = Field(foreign_key="account.id", index=True)
    roles: str = Field(default="", sa_type=Text)   # space-separated; empty: all roles of the account
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = instant()
