"""理赔材料移送函: the union hands a complete file to the insurer and asks for its decision in time."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from documents.layout.context import Due, Letter, Text, Value


class SentPaper(Value):
    """A paper in the parcel."""

    name: Text
    pages: Annotated[int, Field(gt=0)]
    note: Text | None = None


class Context(Letter):
    """Values of the transfer letter. `digest` is the SHA-256 of the parcel, in hex."""

    person_id_masked: Text
    policy_no: Text
    unit_name: Text
    reported_on: date
    event_words: Text
    """Diagnosis and the dates that decide, as a clause."""
    late_words: Text | None = None
    """A late report and its reason, as a sentence."""
    certified_on: date | None = None
    """When the unit certified; absent if the certificate is overdue and the file goes on with a flag."""
    complete_on: date
    consent_on: date
    """The separate consent to hand personal data to the insurer (个人信息保护法 23、29)."""
    liabilities: Annotated[tuple[Text, ...], Field(min_length=1)]
    papers: Annotated[tuple[SentPaper, ...], Field(min_length=1)]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    version: Annotated[int, Field(gt=0)] = 1
    """1 for the first parcel, more when sent again."""
    decision_due: Due
    pay_due: Due
    pay_basis: Text

    @model_validator(mode="after")
    def _is_complete_before_sent(self) -> Context:
        if self.consent_on > self.issued_on or self.complete_on > self.issued_on:
            raise ValueError("移送日期不得早于材料齐全日期或单独同意日期")
        return self
