"""How an organisation's promises are kept: what is open and late at a moment, and a month beside the one before and the year before.

Always a 报告 to the organisation above, with 签发人. Charts are drawn from the very values that stand in the tables beside them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from documents.charts import Bands, Bars, Months
from documents.layout.context import Official, Text, Value, Yuan

Count = Annotated[int, Field(ge=0)]


class Open(Value):
    """Deadlines of one kind, or of one organisation, that run at the moment."""

    name: Text
    open: Count
    late: Count
    due_today: Count
    soon: Count
    ages: tuple[Count, ...] = ()
    """By the report's bands; they add up to `open`."""


class Time(Value):
    """Working days that a stage took in the month; medians of the month before and of the same month last year."""

    name: Text
    n: Count
    median: Count
    p90: Count
    p95: Count
    last_month: Count | None = None
    last_year: Count | None = None


class Kept(Value):
    """Deadlines that ended in a month, kept and missed; and a year before."""

    month: Text
    kept: Count
    missed: Count
    kept_before: Count
    missed_before: Count


class Rate(Value):
    """How many of how many in the month, the month before and the same month last year."""

    words: Text
    some: Count
    every: Count
    last_month: tuple[Count, Count]
    last_year: tuple[Count, Count]


class Context(Official):
    """A board's figures; what they say agrees with itself."""

    signer: Text
    period: Text
    """In words: 2026年10月."""
    as_of: Text
    """The moment of what is open: 2026年11月22日23时30分."""
    bands: Annotated[tuple[Text, ...], Field(min_length=1, max_length=5)]
    total: Open
    kinds: tuple[Open, ...]
    below: tuple[Open, ...]
    organisations: Count
    """One step down, with open deadlines; of more than stand in `below`, those are the ones with most late."""
    times: tuple[Time, ...]
    kept: Annotated[tuple[Kept, ...], Field(min_length=1)]
    """Twelve months; the last is the report's."""
    rates: tuple[Rate, ...]
    paid: Count
    paid_amount: Yuan
    manual: Count
    readings: Count
    why: Text | None = None
    """Why the one before was corrected; with `instead_of`."""

    @property
    def ages(self) -> Bands:
        """What is open by working days used."""
        return Bands(self.bands, tuple((one.name, one.ages) for one in self.kinds if one.open), "项")

    @property
    def where(self) -> Bars:
        """Where deadlines are over, most first."""
        rows = sorted((one for one in self.below if one.late), key=lambda one: -one.late)
        return Bars(tuple((one.name, one.late) for one in rows[:8]), "项")

    @property
    def by_month(self) -> Months:
        """The share kept by month, and a year before."""
        return Months(tuple(one.month for one in self.kept), (
            ("按期率", tuple(share(one.kept, one.kept + one.missed) for one in self.kept)),
            ("上年同期", tuple(share(one.kept_before, one.kept_before + one.missed_before) for one in self.kept))), percent=True)

    @model_validator(mode="after")
    def _adds_up(self) -> Context:
        for named in ("open", "late", "due_today", "soon"):
            if self.kinds and sum(getattr(one, named) for one in self.kinds) != getattr(self.total, named):
                raise ValueError("各项期限合计与总数不符")
        if len(self.below) > self.organisations:
            raise ValueError("所列组织不得多于全部")
        if any(sum(one.ages) != one.open or len(one.ages) != len(self.bands) for one in self.kinds):
            raise ValueError("各段合计与在办数不符")
        if any(one.some > one.every or one.last_month[0] > one.last_month[1] or one.last_year[0] > one.last_year[1] for one in self.rates):
            raise ValueError("部分不得多于全部")
        if (self.instead_of is None) != (self.why is None):
            raise ValueError("更正须写明原文号和原因")
        return self


def share(some: int, every: int) -> float | None:
    """A share of one; None of nothing."""
    return some / every if every else None
