"""未继续办理结案通知书: a list was never answered, the claim rests; nothing is refused, and this is the way back."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import Due, Letter, Text
from documents.notices.supplement.context import Item


class Context(Letter):
    """Values of the letter. `items` are those still open when the claim was closed."""

    list_number: Text | None = None
    """Number of the list's own letter."""
    delivered_on: date
    answer_due: Due
    reminded_on: date
    """When the last reminder was delivered."""
    closed_on: date
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    back_ways: Annotated[tuple[Text, ...], Field(min_length=1)]
    """How to take the claim up again, as sentences without full stop."""
    limitation: Due
    """Until when it may be taken up again."""

    @model_validator(mode="after")
    def _in_order(self) -> Context:
        if not self.delivered_on <= self.reminded_on < self.closed_on or self.answer_due.on >= self.closed_on:
            raise ValueError("结案须在补充期限届满并且提醒送达之后")
        return self
