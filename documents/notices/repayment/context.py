"""返还款项: asked for, received in full, or no longer asked for."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from documents.layout.changes import Earlier
from documents.layout.context import HasAmount, Text, Yuan


class Context(HasAmount):
    """Values of the note; `amount` is the whole sum that is owed."""

    step: Literal["asked", "received", "written_off"]
    ground: Literal["objection", "correction", "advance"]
    earlier: Earlier | None = None
    """The decision by which it was too much; absent where money was paid ahead of any decision."""
    decided_on: date
    received: Yuan
    """What came back so far."""
    closed_on: date | None = None
    answer_days: Annotated[int, Field(gt=0)] = 15
    """Calendar days to answer in; nothing follows of itself when they pass but a call."""
    account: Text | None = None
    """What was agreed: sums and days, once it is."""

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        if (self.step == "asked") != (self.closed_on is None):
            raise ValueError("办结日期与事项不一致")
        if self.step == "received" and self.received != self.amount:
            raise ValueError("收讫金额须等于应返还金额")
        if self.step == "written_off" and self.received >= self.amount:
            raise ValueError("已全部收回的不再免予返还")
        return self
