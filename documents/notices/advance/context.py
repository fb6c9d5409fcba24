"""先予支付通知书: the sum that is certain already is paid before the decision (保险法 25), and what the decision does with it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import HasAmount, Payee, Text, Yuan, require_sum


class Context(HasAmount):
    """Values of the note."""

    confirmed_on: date
    complete_on: date | None = None
    """The day the file was complete."""
    reported_on: date
    computed: Yuan
    """What the present worksheet gives, as far as it is certain."""
    why: Text
    """Why the whole cannot be determined yet, as a sentence."""
    payees: Annotated[tuple[Payee, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        require_sum(tuple(payee.amount for payee in self.payees), self.amount, "领款金额与先予支付金额不符")
        if self.amount > self.computed:
            raise ValueError("先予支付的金额不得超过已能确定的金额")
        return self
