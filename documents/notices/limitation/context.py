"""申领时效届满提醒书: a claim that rests because papers were not supplied may be taken up again only until a last day."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import Due, Letter, Text
from documents.notices.supplement.context import Item


class Context(Letter):
    """Values of the reminder."""

    limitation: Due
    basis: Text
    days_left: Annotated[int, Field(ge=0)]
    """Calendar days from the letter's date to the last day."""
    items: tuple[Item, ...] = ()
    """What was still open when the claim came to rest."""
    back_ways: Annotated[tuple[Text, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _days_agree(self) -> Context:
        if self.days_left != (self.limitation.on - self.issued_on).days:
            raise ValueError("days_left 与时效届满之日不一致")
        return self
