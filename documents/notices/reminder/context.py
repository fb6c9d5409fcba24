"""补充材料提醒通知书: what of a delivered list is still missing, until when, and what follows when nothing comes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import Due, Letter, Text
from documents.notices.supplement.context import Item


class Context(Letter):
    """Values of a reminder. `items` are those still open. The last reminder gives days of its own, however late it comes."""

    asked_by: Text | None = None
    """The insurer, where the question is theirs."""
    later_round: bool = False
    """The decided claim is looked at again: unanswered, it is decided on what is on file."""
    list_number: Text | None = None
    """Number of the list's own letter."""
    delivered_on: date
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    answer_due: Due
    days_left: int
    """Calendar days from the letter's date to the last day; negative when it is over."""
    last: bool = True
    grace_days: Annotated[int, Field(gt=0)]
    clock_name: Text = "给付期限"
    answer_ways: Annotated[tuple[Text, ...], Field(min_length=1)]
    limitation: Due | None = None
    """Until when the claim may be taken up again."""

    @model_validator(mode="after")
    def _days_agree(self) -> Context:
        if self.days_left != (self.answer_due.on - self.issued_on).days:
            raise ValueError("days_left 与补充期限不一致")
        if not self.last and self.days_left < 0:
            raise ValueError("期限届满后只发末次提醒（last）")
        return self
