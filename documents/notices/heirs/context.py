"""继承人领款事项告知书: the member has died; who receives in which shares, what must still be brought, and when it is paid."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from documents.layout.context import Letter, Paper, Text, Value, Yuan, require_sum


class Share(Value):
    """One heir. `amount` only once a decision gives money."""

    name: Text
    relation: Text
    share: Text
    num: Annotated[int, Field(gt=0)]
    den: Annotated[int, Field(gt=0)]
    amount: Yuan | None = None
    account: Text | None = None
    """Bank and last four digits; absent while none is registered."""


class Context(Letter):
    """Values of the note. Shares make one."""

    died_on: date
    basis: Literal["law", "named"]
    heirs: Annotated[tuple[Share, ...], Field(min_length=1)]
    papers: tuple[Paper, ...]
    decided: Yuan | None = None
    """The sum the decision gives; absent before it."""

    @model_validator(mode="after")
    def _shares_agree(self) -> Context:
        if sum((Fraction(heir.num, heir.den) for heir in self.heirs), Fraction(0)) != 1:
            raise ValueError("各继承人的份额之和须为一")
        if self.decided is not None:
            require_sum(tuple(heir.amount for heir in self.heirs if heir.amount is not None), self.decided,
                        "各继承人的金额与决定的金额不符")
        return self
