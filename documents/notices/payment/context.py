"""给付到账通知书: the bank has credited the sum; the clock was kept, or missed by so many days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from documents.layout.context import DayKind, Due, HasAmount, Payee, Text, Value

Purpose = Literal["benefit", "insurance", "refund_premium", "refund_fee", "consolation", "advance", "difference"]


class Clock(Value):
    """The payment clock as it ended. Days are counted by the caller, pauses already taken out."""

    complete_on: date
    """The day the file was complete; the count starts the next day."""
    due: Due
    days_used: Annotated[int, Field(ge=0)]
    late_days: Annotated[int, Field(ge=0)] = 0
    kind: DayKind = "working"
    pauses: tuple[Text, ...] = ()
    """Spans that were not counted because papers were awaited: 2026年3月26日至2026年4月10日."""
    late_cause: Text | None = None

    @property
    def kept(self) -> bool:
        """Credited within the promise."""
        return self.late_days == 0


class Heir(Value):
    """The payee receives as an heir: of whom, and which share in words."""

    deceased: Text
    share: Text


class Context(HasAmount):
    """Values of the credit notice."""

    purpose: Purpose
    payer_name: Text
    """Who transferred: the office or the insurer."""
    basis: Text
    """The decision paid: 新互通〔2026〕12号《互助金给付决定通知书》."""
    payee: Payee
    credited_on: date
    bank_serial: Text
    clock: Clock
    heir: Heir | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        if self.payee.amount != self.amount:
            raise ValueError("到账金额与领款金额不符")
        if self.clock.kept != (self.credited_on <= self.clock.due.on):
            raise ValueError("late_days 与到账日期、给付期限不一致")
        return self
