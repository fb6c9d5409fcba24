"""What an organisation's claims did in a month: a 报告 to the one above, with 签发人 and a table; a 通知 to those beneath, with neither."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from documents.layout.context import Official, Text, Value, Yuan, YuanWords

Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Sum(Value):
    """How many, and their sum in figures and in words."""

    count: Count
    amount: Yuan
    words: YuanWords


class Outcome(Value):
    """Decisions of one kind."""

    words: Text
    count: Count


class Stage(Value):
    """Claims that stood there when the month ended."""

    words: Text
    count: Count


class Promise(Value):
    """A promised day: kept and missed in the month, over and still owed when it ended."""

    words: Text
    kept: Count
    missed: Count
    late: Count


class Line(Value):
    """An organisation directly beneath, with all of its own."""

    name: Text
    reported: Count
    decided: Count
    amount: Yuan
    open: Count
    late: Count
    """Promised days missed in the month, or over and still owed when it ended."""


class Context(Official):
    """A month's figures; what they say agrees with itself. With a `signer` it is a report."""

    period: Text
    """In words: 2026年3月."""
    from_on: date
    until_on: date
    reported: Count
    asked: Count
    decided: Count
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    benefit: Sum
    refund: Sum
    credited: Sum
    manual: Sum
    open: Count
    stages: tuple[Stage, ...]
    promises: tuple[Promise, ...]
    lines: tuple[Line, ...]
    units: Count
    """Organisations with claims: the lines of the enclosed table."""
    enclosure_sha256: Digest | None = None
    why: Text | None = None
    """Why the one before was corrected; with `instead_of`."""

    @model_validator(mode="after")
    def _adds_up(self) -> Context:
        if not self.from_on <= self.until_on < self.issued_on:
            raise ValueError("期间须先后有序，并在落款之前结束")
        if sum(one.count for one in self.outcomes) != self.decided:
            raise ValueError("各类决定合计与决定件数不符")
        if sum(one.count for one in self.stages) != self.open:
            raise ValueError("各环节合计与在办件数不符")
        if self.benefit.count + self.refund.count > self.decided or self.manual.count > self.decided:
            raise ValueError("给付、退费、人工核定的件数不得多于决定件数")
        if any(not one.count and one.amount != Decimal("0.00") for one in (self.benefit, self.refund, self.credited, self.manual)):
            raise ValueError("没有件数，不应有金额")
        return self

    @model_validator(mode="after")
    def _is_a_report_or_a_notice(self) -> Context:
        if (self.signer is None) != (self.enclosure_sha256 is None) or len(self.enclosures) != (self.signer is not None):
            raise ValueError("上行的报告有签发人和附表，下行的通知都没有")
        if self.signer is None and not self.lines:
            raise ValueError("通知须列明下级各组织的情况")
        if (self.instead_of is None) != (self.why is None):
            raise ValueError("更正须写明原文号和原因")
        return self
