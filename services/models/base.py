"""Column kinds that all tables share.

Enums are text with a CHECK, money is bigint fen, instants are timestamptz: only leakproof operators on plain types
use an index under row security (infra/decisions/0002).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.core.ids import uuidv7

CText = Text(collation="C")   # organisation keys and codes: byte order, so that a prefix is a range
Instant = DateTime(timezone=True)
Fen = BigInteger
Bytes = LargeBinary
Json = JSONB


class Row(SQLModel):
    """A table with a UUIDv7 key."""

    id: uuid.UUID = Field(default_factory=uuidv7, primary_key=True)


class Scoped(Row):
    """A row of one organisation: row security compares `org_key` ("cn.nx.yc.", always ends in a dot)."""

    org_key: str = Field(sa_type=CText, nullable=False)


class Moving(Scoped):
    """A row with a machine: only `lifecycle.fire` writes `state`, and with it `version`, which a change of a claim's facts or
    checklist moves on too."""

    state: str = Field(sa_type=Text, nullable=False)
    version: int = Field(default=1, nullable=False)


def one_of(column: str, values: type[StrEnum] | Iterable[str]) -> CheckConstraint:
    """CHECK that a text column holds one of the words of an enum."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_word")


def instant(**more: Any) -> Any:
    """A timestamptz column that may be empty."""
    return Field(default=None, sa_type=Instant, **more)
