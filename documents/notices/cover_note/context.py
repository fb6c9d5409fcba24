"""转送理赔决定的附函: the union's note under which the insurer's own decision letter goes to the member."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from documents.layout.context import (
    BenefitLine,
    Due,
    Letter,
    Objection,
    Payee,
    Text,
    UnpaidLine,
    Yuan,
    YuanWords,
    require_sum,
)


class Context(Letter):
    """Values of the cover note; `kind` says what the insurer decided.

    decision: all paid; part: some benefits paid; refusal: nothing; refund: the premium goes back; stands: in a later round
    nothing more than was paid before. The amount (the lines less `already_paid`), its words, the payee and the payment date stand
    exactly when money is due.
    """

    kind: Literal["decision", "part", "refusal", "refund", "stands"]
    insurer_name: Text
    insurer_letter: Text
    """Title and number of the insurer's letter: 《理赔决定通知书》（平养宁赔〔2026〕31号）."""
    insurer_decided_on: date
    received_on: date
    lines: tuple[BenefitLine, ...] = ()
    already_paid: Yuan = Decimal("0.00")
    already_paid_words: Text | None = None
    """What an earlier round paid: 原决定已给付的保险金."""
    unpaid: tuple[UnpaidLine, ...] = ()
    amount: Yuan = Decimal("0.00")
    amount_words: YuanWords | None = None
    payees: tuple[Payee, ...] = ()
    pay_due: Due | None = None
    pay_basis: Text | None = None
    insurer_contact: Text
    """Where the insurer answers: 报案及咨询电话95511."""
    objection: Objection
    """The union's help in disputing the insurer's decision."""
    enclosures: Annotated[tuple[Text, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        paid = self.kind not in ("refusal", "stands")
        for name in ("amount_words", "payees", "pay_due", "pay_basis"):
            if bool(getattr(self, name)) != paid:
                raise ValueError(f"{name} 须且仅须在有款可付时提供")
        if bool(self.amount > 0) != paid:
            raise ValueError("amount 与决定种类不一致")
        if bool(self.lines) != (self.kind in ("decision", "part")):
            raise ValueError("lines 须且仅须在给付时提供")
        if self.kind != "stands" and bool(self.unpaid) != (self.kind in ("part", "refusal", "refund")):
            raise ValueError("unpaid 须且仅须在有项目不予给付时提供")
        if (self.already_paid > 0) != (self.already_paid_words is not None) or (self.already_paid and not self.lines):
            raise ValueError("已付款 already_paid 须与其说明 already_paid_words 和给付项目 lines 同时提供")
        if self.lines:
            require_sum((*(line.amount for line in self.lines), -self.already_paid), self.amount, "给付项目减已付款与决定金额不符")
        if paid:
            require_sum(tuple(payee.amount for payee in self.payees), self.amount, "领款金额与决定金额不符")
        return self
