"""How claims moved, added up by area, plan and month: derived from `stage_visit`, may be emptied and made again at any time.

`org_key`: an organisation above the units, the office and the nation included; the row is of all claims below it. The key is a
number: when an organisation is merged into another, equal rows of both stand side by side and add up.
A place is a stage, or a stage and its level: "verified", "in_review:district"; "" is the road's beginning.
`waits` and `counts` are one histogram: how often (counts[i]) so many whole calendar days (waits[i]).
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ARRAY, BigInteger, Identity, Index, Integer, Text
from sqlmodel import Field, SQLModel

from services.models.base import CText

_Integers = ARRAY(Integer)


class _Tally(SQLModel):
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),))
    org_key: str = Field(sa_type=CText)
    plan: str = Field(sa_type=Text)
    month: date
    n: int = Field(sa_type=BigInteger)
    days: int = Field(sa_type=BigInteger)             # of all n together
    waits: list[int] = Field(sa_type=_Integers)
    counts: list[int] = Field(sa_type=_Integers)


class MoveTally(_Tally, table=True):
    """Moves from one place to the next in a month; the histogram is of the days spent at `from_place` before."""

    __tablename__ = "move_tally"
    __table_args__ = (Index("move_tally_org", "org_key", "month"), Index("move_tally_month", "month"))

    from_place: str = Field(sa_type=Text)
    to_place: str = Field(sa_type=Text)


class ReworkTally(_Tally, table=True):
    """Entries, in a month, into a place that the claim had left before, and whither it had left it (`via`).

    `claims`: how many of them were the claim's first return to that place. The histogram is of the days it was away.
    """

    __tablename__ = "rework_tally"
    __table_args__ = (Index("rework_tally_org", "org_key", "month"), Index("rework_tally_month", "month"))

    place: str = Field(sa_type=Text)
    via: str = Field(sa_type=Text)
    claims: int = Field(sa_type=BigInteger)


class VariantTally(_Tally, table=True):
    """Claims that came to their end in a month, by the whole road they walked: places joined by ">".

    The histogram is of the days from the report to the last payment or refusal, or to the end where there was neither.
    """

    __tablename__ = "variant_tally"
    __table_args__ = (Index("variant_tally_org", "org_key", "month"), Index("variant_tally_month", "month"))

    road: str = Field(sa_type=Text)
