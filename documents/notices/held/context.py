"""暂停办理告知书: a claim that was put on hold for more than three days, why, and what goes on meanwhile."""

from __future__ import annotations

from datetime import date

from pydantic import model_validator

from documents.layout.context import Due, Letter, Text


class Context(Letter):
    """Values of the note. A hold stops steps of the office, never the clocks."""

    held_on: date
    reason: Text
    """As the reason table has it, without full stop."""
    pay_due: Due | None = None

    @model_validator(mode="after")
    def _is_over_three_days(self) -> Context:
        if (self.issued_on - self.held_on).days <= 3:
            raise ValueError("暂停超过3日的才发本告知书")
        return self
