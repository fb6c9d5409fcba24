"""参保证明: that a person is covered on a day, under which plan, from when to when, for what."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from documents.layout.context import Letter, Text, Value, Yuan

Masked = Annotated[str, StringConstraints(pattern=r"^\d{3,6}\*+[\dX]{4}$")]


class Liability(Value):
    """A benefit of the cover and how it stands on the day the letter is issued."""

    benefit: Text
    clause: Text
    state: Literal["coming", "open", "ending", "ended"]


class Context(Letter):
    """Values of the certificate. It is about no claim: `claim_no` of every letter is not written."""

    claim_no: Text = "不涉及个案"
    addressee: Text = "有关单位"
    id_number: Masked
    unit: Text
    certificate_no: Text
    policy_no: Text | None = None
    insurer_name: Text | None = None
    effective: date
    until: date
    ended_on: date | None = None
    """Last covered day when it ended early."""
    shares: Annotated[int, Field(gt=0)]
    due: Yuan
    paid: Yuan
    valid_on: date
    standing: Literal["in_force", "coming", "ended"]
    waits_until: date | None = None
    """Last day of a waiting period that still runs on `valid_on`."""
    waiting_source: Text | None = None
    liabilities: Annotated[tuple[Liability, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Context:
        last = self.ended_on or self.until
        told = "coming" if self.valid_on < self.effective else "in_force" if self.valid_on <= last else "ended"
        if told != self.standing:
            raise ValueError("截至日与保障期间、保障状态不一致")
        if self.effective > self.until:
            raise ValueError("保障期间须先后有序")
        if (self.waits_until is None) != (self.waiting_source is None):
            raise ValueError("观察期须写明依据")
        return self
