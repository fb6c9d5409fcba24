"""What a cover answers to a report, as the API shows it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class WhyView(_Shown):
    """One reason with its clause."""

    code: str = Field(examples=["kind_not_answered"])
    text: str = Field(examples=["在职职工意外伤害互助保障不受理“确诊疾病”，只受理：意外"])
    clause: str


class OwedView(_Shown):
    """A benefit that may be owed."""

    benefit: str
    name: str
    clause: str


class NeedView(_Shown):
    """A fact still to be stated, the benefits that wait for it, the paper that proves it."""

    fact: str = Field(examples=["event.stays"])
    text: str = Field(examples=["补报住院记录"])
    benefits: list[str]
    paper: str


class PaperView(_Shown):
    """A paper the plan asks for; one such paper serves every plan in `serves`."""

    kind: str
    name: str
    clause: str
    serves: list[str]


class CoverAnswer(_Shown):
    """One cover's answer: yes, needs (facts first) or no; `opens`: a claim is opened for it."""

    plan: str = Field(examples=["bj-accident"])
    name: str
    version: date
    effective: date
    until: date
    answer: Literal["yes", "needs", "no"]
    opens: bool
    said: str = Field(description="一句话的理由")
    reasons_for: list[WhyView]
    reasons_against: list[WhyView]
    benefits: list[OwedView]
    needs: list[NeedView]
    papers: list[PaperView]
