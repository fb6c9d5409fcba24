"""退还保险费/会费通知书: the event fell into the waiting period, so what was paid in goes back to its payer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from documents.layout.context import Clause, Due, HasAmount, Objection, Payee, Text, require_sum


class Context(HasAmount):
    """Values of the refund letter; the payee is whoever paid the premium or fee in."""

    kind: Literal["premium", "fee"]
    decided_on: date
    insurer_name: Text | None = None
    """Present where the insurer decided and pays back."""
    facts: Annotated[tuple[Text, ...], Field(min_length=1)]
    waiting_words: Text
    """The waiting period and where the event falls, counted in words, as a clause."""
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    payees: Annotated[tuple[Payee, ...], Field(min_length=1)]
    pay_due: Due
    pay_basis: Text
    effect: Text
    """What becomes of the cover, as a sentence."""
    advance_note: Text | None = None
    """What was paid ahead and how this sum takes it in."""
    objection: Objection

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        require_sum(tuple(payee.amount for payee in self.payees), self.amount, "领款金额与退还金额不符")
        if self.kind == "fee" and self.insurer_name is not None:
            raise ValueError("退还会费不涉及保险公司，insurer_name 应省略")
        return self
