"""What claims needed, and what open ones may: made from stays and clocks by `services/reporting/forecast`, rebuilt at any time."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import BigInteger, Identity, Index, Text, text
from sqlmodel import Field, SQLModel

from services.models.base import CText


class ForecastDays(SQLModel, table=True):
    """How many claims of an office (`org_key`) whose promise ended in a month needed so many working days from entering a stage.

    Keyed by a number: rows of offices that were joined stand side by side and add up.
    """

    __tablename__ = "forecast_days"
    __table_args__ = (Index("forecast_days_month", "month"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),))
    org_key: str = Field(sa_type=CText)
    promise: str = Field(sa_type=Text)               # the clock's kind
    plan: str = Field(sa_type=Text)
    stage: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    month: date
    days: int
    n: int


class ClaimRisk(SQLModel, table=True):
    """An open promise: of the `compared` like claims `longer` needed more than what is left. `rank`: see `forecast.rules`.

    `left_days`: working days left after `as_of`. `width`: which claims were alike; empty when the promise was late already.
    """

    __tablename__ = "claim_risk"
    __table_args__ = (Index("claim_risk_org", "org_key", "promise"),
                      Index("claim_risk_rank", "promise", text("rank DESC"), "left_days", "claim_id"),
                      {"info": {"fillfactor": 70}})

    claim_id: uuid.UUID = Field(primary_key=True)
    promise: str = Field(primary_key=True, sa_type=Text)
    org_key: str = Field(sa_type=CText)
    stage: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    rank: int
    width: str = Field(sa_type=Text)
    compared: int
    longer: int
    left_days: int
    as_of: date
