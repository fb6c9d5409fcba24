"""Second looks: samples of decisions drawn to be checked again, and the proof of separation of persons."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Day, Page, Text, example
from services.api.calls import Doing, Reading
from services.core.money import show, to_yuan
from services.models import QaSample
from services.reporting import separation
from services.review import sampling

router = APIRouter(tags=["质检与回避"])


class NewSample(BaseModel):
    """What to draw from; `size` or `share`."""

    model_config = example(from_on="2026-03-01", until_on="2026-03-31", plan="xj-women", size=20, share=None, seed=None)

    from_on: Day
    until_on: Day = Field(description="含当日，最晚为昨日")
    plan: str | None = None
    size: int | None = Field(None, ge=1, le=sampling.LIMIT)
    share: Decimal | None = Field(None, gt=0, le=100, max_digits=6, decimal_places=3, description="百分比，件数向上取整")
    seed: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(None, description="不写则随机生成；存入样本，凭它可重抽核对")


class SampleView(BaseModel):
    """A sample."""

    id: uuid.UUID
    plan: str | None
    from_on: date
    until_on: date
    seed: str
    size: int
    share: str | None
    population: int
    population_digest: str
    drawn_at: datetime


class ItemView(BaseModel):
    """One decision drawn."""

    id: uuid.UUID
    position: int
    claim_no: str
    round: int
    kind: str
    amount: str
    decided_at: datetime
    finding: str | None
    note: str | None
    checked_by: str | None
    checked_at: datetime | None
    mine: bool = Field(description="您办理过本案或与申请人有关，不能质检")


class SampleAndItems(SampleView):
    """A sample with what was found so far."""

    items: list[ItemView]
    findings: dict[str, int]
    checked: int
    errors: int


class Samples(Page):
    """Newest first."""

    items: list[SampleView]


class Finding(BaseModel):
    """What the second look found."""

    model_config = example(finding="amount_wrong", note="份数按 3 份计，批单为 4 份")

    finding: Text = Field(description=f"结果代码：{'、'.join(sampling.FINDINGS)}")
    note: str | None = Field(None, max_length=500)


class RedrawnView(BaseModel):
    """The same draw once more."""

    population: int
    population_digest: str
    population_same: bool = Field(description="期间内的决定与抽样时相同")
    items_same: bool = Field(description="按存下的种子重抽，案件相同")


class ComparedView(BaseModel):
    """One kind of comparison."""

    kind: str
    words: str
    comparisons: int
    violations: int


class ViolationView(BaseModel):
    """One person where two should have been."""

    kind: str
    words: str
    claim_no: str
    round: int
    person: str | None
    steps: list[str]
    through: str | None = Field(description="代理人：受缺席者委托办理")


class ProofView(BaseModel):
    """The proof for a year, over the caller's area."""

    year: int
    claims: int
    comparisons: int
    substitutions: int
    holds: bool
    kinds: list[ComparedView]
    violations: list[ViolationView]


def _sample(found: QaSample) -> dict[str, object]:
    return {name: getattr(found, name) for name in SampleView.model_fields}


def _view(found: sampling.SampleResult) -> SampleAndItems:
    items = [ItemView(**{**asdict(item), "amount": show(to_yuan(item.amount_fen))}) for item in found.items]
    return SampleAndItems.model_validate({**_sample(found.sample), "items": items, "findings": dict(found.findings),
                                          "checked": found.checked, "errors": found.errors})


@router.get("/qa-findings", response_model=dict[str, str], summary="质检结果代码")
def findings(call: Reading) -> dict[str, str]:
    """Code and words."""
    return dict(sampling.FINDINGS)


@router.get("/qa-samples", response_model=Samples, summary="质检样本")
def samples(call: Reading, after: uuid.UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Samples:
    """Of the caller's area."""
    found = call.read(lambda session: sampling.samples(session, after=after, limit=limit))
    return Samples(items=[SampleView.model_validate(_sample(item)) for item in found],
                   next=str(found[-1].id) if len(found) == limit else None)


@router.post("/qa-samples", response_model=SampleAndItems, status_code=201, summary="抽取质检样本")
def draw(call: Doing, body: NewSample) -> Response:
    """The seed chooses; it is stored with the sample."""
    def run(session: Session) -> SampleAndItems:
        words = {**body.model_dump(), "seed": body.seed or secrets.token_hex(16)}
        sample = sampling.draw(session, **words, actor=call.actor, now=call.now)
        return _view(sampling.result(session, sample_id=sample.id, actor=call.actor))
    return call.act(body, run)


@router.get("/qa-samples/{sample_id}", response_model=SampleAndItems, summary="质检样本及结果")
def sample(call: Reading, sample_id: uuid.UUID) -> SampleAndItems:
    """Items with what was found."""
    return _view(call.read(lambda session: sampling.result(session, sample_id=sample_id, actor=call.actor)))


@router.get("/qa-samples/{sample_id}/redraw", response_model=RedrawnView, summary="按存下的种子重抽核对")
def redraw(call: Reading, sample_id: uuid.UUID) -> RedrawnView:
    """Whether population and choice are the same."""
    return RedrawnView(**asdict(call.read(lambda session: sampling.redraw(session, sample_id=sample_id))))


@router.post("/qa-items/{item_id}/finding", response_model=ItemView, summary="记录质检结果")
def finding(call: Doing, item_id: uuid.UUID, body: Finding) -> Response:
    """Nobody checks what he took part in."""
    def run(session: Session) -> ItemView:
        item = sampling.record_finding(session, item_id=item_id, **body.model_dump(), actor=call.actor, now=call.now)
        found = _view(sampling.result(session, sample_id=item.sample_id, actor=call.actor))
        return next(view for view in found.items if view.id == item_id)
    return call.act(body, run, status=200)


@router.get("/separation", response_model=ProofView, summary="回避的证明（某年）")
def proof(call: Reading, year: Annotated[int, Query(ge=2000, le=2199)]) -> ProofView:
    """Who may not be one person, compared over every claim decided that year in the caller's area."""
    found = call.read(lambda session: separation.proof(session, year))
    return ProofView.model_validate({**asdict(found), "comparisons": found.comparisons, "holds": found.holds})
