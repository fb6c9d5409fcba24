"""异议收件回执: what was objected to, when it came, who will look at it, and what happens meanwhile."""

from __future__ import annotations

from datetime import date

from pydantic import model_validator

from documents.layout.changes import Earlier
from documents.layout.context import Due, Letter, Text


class Context(Letter):
    """Values of the receipt."""

    received_on: date
    objector: Text
    """您; or who objects for the member: 其配偶李某."""
    earlier: Earlier
    grounds: Text
    """The objector's own words."""
    papers: tuple[Text, ...] = ()
    late: bool = False
    last_day: Due | None = None
    """Until when an objection was in time; only where it was late."""
    late_reason: Text | None = None
    insurer_name: Text | None = None
    """Who decides an insured plan."""

    @model_validator(mode="after")
    def _late_is_explained(self) -> Context:
        if self.late != (self.late_reason is not None and self.last_day is not None):
            raise ValueError("逾期的异议须同时写明期限和原因")
        return self
