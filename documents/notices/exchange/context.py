"""合作情况通报函: for a period, the office tells an insurer of covers, claims and what each side owed, and asks it to check."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import Letter, LetterNumber, Text, Value, Yuan

Count = Annotated[int, Field(ge=0)]


class PlanCovers(Value):
    """A plan's covers: in force when the period ended, begun and ended in it; premium of those begun and premium received."""

    plan: Text
    in_force: Count
    begun: Count
    ended: Count
    premium: Yuan
    received: Yuan


class PlanClaims(Value):
    """A plan's claims in the period: handed over, answered (with the sum due), paid."""

    plan: Text
    handed_over: Count
    answered: Count
    decided: Yuan
    paid: Count
    paid_amount: Yuan


class Duty(Value):
    """What a side owes, and how often it was kept, missed, and open past its day when the period ended."""

    words: Text
    clause: Text
    kept: Count
    missed: Count
    late: Count


class Age(Value):
    """Open files by days since they were handed over."""

    words: Text
    count: Count


class Context(Letter):
    """Values of the letter. It is about no single claim: `claim_no` and `person_name` of every letter are not written."""

    claim_no: Text = "不涉及个案"
    person_name: Text = "不涉及个人"
    period: Text
    """In words: 2026年3月."""
    basis: Text
    """The rules that ask for it, with their articles."""
    from_on: date
    until_on: date
    covers: Annotated[tuple[PlanCovers, ...], Field(min_length=1)]
    claims: Annotated[tuple[PlanClaims, ...], Field(min_length=1)]
    open_files: Count
    ages: tuple[Age, ...]
    differing: Count
    """Amounts on which the two do not agree and that were open when the period ended."""
    insurer_duties: Annotated[tuple[Duty, ...], Field(min_length=1)]
    union_duties: Annotated[tuple[Duty, ...], Field(min_length=1)]
    reserved: Count
    """Open claims behind the reserve."""
    reserve: Yuan
    unreserved: Count
    """Of those, claims that are not computed yet."""
    corrects: LetterNumber | None = None
    """The letter that this one corrects."""
    why: Text | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Context:
        if not self.from_on <= self.until_on < self.issued_on:
            raise ValueError("期间须先后有序，并在落款之前结束")
        if sum(age.count for age in self.ages) != self.open_files:
            raise ValueError("在办案卷的分段合计与总数不符")
        if (self.corrects is None) != (self.why is None):
            raise ValueError("更正须写明原函文号和原因")
        if self.reserve and self.unreserved >= self.reserved:
            raise ValueError("没有已核算的案件，不应有准备金额")
        return self
