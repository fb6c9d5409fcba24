"""Organisations: the union's tree, whose keys scope every other row, and how the tree came to be what it is."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field, SQLModel

from services.models.base import CText, Instant, Json, Row, one_of

KINDS = ("nation", "office", "city", "district", "industry", "company", "unit", "womens_committee", "insurer", "agency")
CHANGES = ("opened", "changed", "moved", "merged", "closed")


class Organisation(Row, table=True):
    """One node. `org_key` is the path of codes from the root, each closed by a dot: "cn.nx.yc.xq.u001."."""

    __tablename__ = "organisation"
    __table_args__ = (one_of("kind", KINDS), Index("organisation_parent", "parent_id"),
                      Index("organisation_credit_code", "credit_code", unique=True,
                            postgresql_where=text("closed_on IS NULL")))

    parent_id: uuid.UUID | None = Field(default=None, foreign_key="organisation.id")
    org_key: str = Field(sa_type=CText, unique=True)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    office: str | None = Field(default=None, sa_type=Text)          # rule-book office that this node is ("ningxia")
    letter_organ: str | None = Field(default=None, sa_type=Text)    # name under letters
    letter_series: str | None = Field(default=None, sa_type=Text)   # 机关代字, e.g. 宁工互通
    contact: str | None = Field(default=None, sa_type=Text)
    credit_code: str | None = Field(default=None, sa_type=Text)     # 统一社会信用代码, unique among open ones
    closed_on: date | None = None
    merged_into: uuid.UUID | None = Field(default=None, foreign_key="organisation.id")   # its rows went on there
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class OrganisationChange(Row, table=True):
    """What happened to a node: who, when, why, from where to where; never changed afterwards.

    `details`: {"name": ["old", "new"]} of a change, {"rows": {"claim.org_key": 12}} of a move or merger.
    """

    __tablename__ = "organisation_change"
    __table_args__ = (one_of("kind", CHANGES), Index("organisation_change_org", "org_id"))

    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    kind: str = Field(sa_type=Text)
    from_key: str | None = Field(default=None, sa_type=CText)
    to_key: str = Field(sa_type=CText)
    into_id: uuid.UUID | None = Field(default=None, foreign_key="organisation.id")       # of a merger
    why: str = Field(sa_type=Text)
    account_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    details: dict[str, object] = Field(default_factory=dict, sa_type=Json)
    at: datetime = Field(sa_type=Instant)


class FormerKey(SQLModel, table=True):
    """A key that an organisation once had. Nobody else ever gets it: old records still speak of it."""

    __tablename__ = "organisation_former_key"

    former_key: str = Field(sa_type=CText, primary_key=True)
    org_id: uuid.UUID = Field(foreign_key="organisation.id", index=True)   # who has the rows now


class Liaison(Row, table=True):
    """Whom to call at an organisation: an insurer's liaison for an area, an agency's desk. An office line, not private."""

    __tablename__ = "liaison"
    __table_args__ = (Index("liaison_area", "area_id"),)

    org_id: uuid.UUID = Field(foreign_key="organisation.id")
    area_id: uuid.UUID = Field(foreign_key="organisation.id")      # serves this node and all below it
    name: str = Field(sa_type=Text)
    duty: str = Field(sa_type=Text)
    phone: str = Field(sa_type=Text)
    from_on: date
    until_on: date | None = None


class Fund(Row, table=True):
    """A plan's own money (专户专款专用): opening balance; premiums and payments are added up from their rows."""

    __tablename__ = "fund"

    plan: str = Field(sa_type=Text, unique=True)
    opening_fen: int = Field(sa_type=BigInteger)


class FundAccount(Row, table=True):
    """An entry of the account a fund is paid from; the newest holds, none is ever changed."""

    __tablename__ = "fund_account"
    __table_args__ = (Index("fund_account_plan", "plan", "entered_at"),)

    plan: str = Field(foreign_key="fund.plan", sa_type=Text)
    holder: str = Field(sa_type=Text)
    number: str = Field(sa_type=Text)
    why: str | None = Field(default=None, sa_type=Text)
    entered_by: uuid.UUID | None = None
    entered_person: uuid.UUID | None = None
    entered_at: datetime = Field(sa_type=Instant)
