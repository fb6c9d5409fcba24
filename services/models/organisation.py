"""Organisations: the union's tree, whose keys scope every other row."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from services.models.base import CText, Row, one_of

KINDS = ("nation", "office", "city", "district", "industry", "unit", "womens_committee", "insurer")


class Organisation(Row, table=True):
    """One node. `org_key` is the path of codes from the root, each closed by a dot: "cn.nx.yc.xq.u001."."""

    __tablename__ = "organisation"
    __table_args__ = (one_of("kind", KINDS), Index("organisation_parent", "parent_id"))

    parent_id: uuid.UUID | None = Field(default=None, foreign_key="organisation.id")
    org_key: str = Field(sa_type=CText, unique=True)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    office: str | None = Field(default=None, sa_type=Text)          # rule-book office that this node is ("ningxia")
    letter_organ: str | None = Field(default=None, sa_type=Text)    # name under letters
    letter_series: str | None = Field(default=None, sa_type=Text)   # 机关代字, e.g. 宁工互通
    contact: str | None = Field(default=None, sa_type=Text)
    closed_on: date | None = None


class Fund(Row, table=True):
    """A plan's own money (专户专款专用): opening balance; premiums and payments are added up from their rows."""

    __tablename__ = "fund"

    plan: str = Field(sa_type=Text, unique=True)
    opening_fen: int = Field(sa_type=BigInteger)
