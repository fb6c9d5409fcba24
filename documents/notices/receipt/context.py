"""受理回执: what was reported, whether in time, which papers are here, what comes next and by when."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from documents.layout.context import DayKind, Due, Letter, Paper, Text


class Context(Letter):
    """Values of the receipt. `report_due` is the last timely day; `late_reason` may only stand with `late`."""

    reported_on: date
    report_channel: Text
    """After 通过: 手机网页, 所在单位工会, 保险公司报案电话95511."""
    event_words: Text
    """What was reported, as a clause: 2026年3月16日经医院确诊患乳腺恶性肿瘤."""
    report_basis: Text
    """Source of the report period: 《关爱女职工“安康保”管理办法》第十四条."""
    report_days: Annotated[int, Field(gt=0)] = 10
    report_due: Due
    late: bool
    late_reason: Text | None = None
    papers: Annotated[tuple[Paper, ...], Field(min_length=1)]
    next_step: Text = "核对您提交的材料"
    """What the office does next, as a verb phrase after 我们将."""
    next_due: Due
    pay_days: Annotated[int, Field(gt=0)] = 15
    pay_day_kind: DayKind = "working"
    insurer_name: Text | None = None
    """Present where an insurer decides and pays."""
    resumed_on: date | None = None
    """When a claim that rested was taken up again."""

    @model_validator(mode="after")
    def _late_is_counted(self) -> Context:
        if self.late != (self.reported_on > self.report_due.on):
            raise ValueError("late 与报案日期、报案期限不一致")
        if self.late_reason and not self.late:
            raise ValueError("late_reason 只能用于逾期报案")
        return self
