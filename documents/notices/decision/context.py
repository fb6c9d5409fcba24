"""互助金给付决定通知书: facts, clauses, lines, the sum, when and to whom, and how to object."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from documents.layout.changes import Change
from documents.layout.context import (
    BenefitLine,
    Clause,
    Due,
    HasAmount,
    Objection,
    Payee,
    Text,
    UnpaidLine,
    Yuan,
    require_sum,
)


class Context(HasAmount):
    """Values of the decision. `amount` is what is still to pay: the lines less `already_paid`."""

    kind: Literal["pay", "part"] = "pay"
    decided_on: date
    facts: Annotated[tuple[Text, ...], Field(min_length=1)]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    lines: Annotated[tuple[BenefitLine, ...], Field(min_length=1)]
    already_paid: Yuan = Decimal("0.00")
    already_paid_words: Text | None = None
    """What was paid before: 先予支付的互助金, 原决定已给付的互助金."""
    unpaid: tuple[UnpaidLine, ...] = ()
    payees: Annotated[tuple[Payee, ...], Field(min_length=1)]
    pay_due: Due
    pay_basis: Text
    """Source of the payment period: 本办事处给付承诺, 《…》第十五条."""
    effect: Text | None = None
    """What becomes of the cover, as a sentence."""
    replaces: Text | None = None
    """Number of the earlier decision that this one amends."""
    amendments: tuple[Change, ...] = ()
    """What was put right in the earlier decision: as it was, as it is."""
    amended_why: Text | None = None
    advance_note: Text | None = None
    """What was paid ahead and covers the decided sum, or more: that nothing is to come, what is to be given back."""
    objection: Objection

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        lines = tuple(line.amount for line in self.lines)
        require_sum((*lines, -self.already_paid), self.amount, "给付项目减已付款与决定金额不符")
        require_sum(tuple(payee.amount for payee in self.payees), self.amount, "领款金额与决定金额不符")
        if (self.kind == "part") != bool(self.unpaid):
            raise ValueError("部分给付须且仅须列明不予给付的项目 unpaid")
        if (self.already_paid > 0) != (self.already_paid_words is not None):
            raise ValueError("已付款须与其说明 already_paid_words 同时提供")
        if bool(self.amendments) != (self.amended_why is not None):
            raise ValueError("更正事项须与更正原因 amended_why 同时提供")
        return self
