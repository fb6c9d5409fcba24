"""慰问金通知书: a sum of sympathy where the benefit itself is not yet due, told warmly and with its reason."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import Clause, Due, HasAmount, LetterNumber, Objection, Payee, Text, require_sum


class Context(HasAmount):
    """Values of the consolation letter."""

    facts: Annotated[tuple[Text, ...], Field(min_length=1)]
    waiting_words: Text | None = None
    """How the days since the effective day were counted, as a clause; absent outside waiting bands."""
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    steps: Annotated[tuple[Text, ...], Field(min_length=1)]
    decision_number: LetterNumber | None = None
    """Number of the decision that grants it."""
    effect: Text | None = None
    """What becomes of the cover, as a sentence."""
    payees: Annotated[tuple[Payee, ...], Field(min_length=1)]
    pay_due: Due
    pay_basis: Text
    objection: Objection

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        require_sum(tuple(payee.amount for payee in self.payees), self.amount, "领款金额与慰问金额不符")
        return self
