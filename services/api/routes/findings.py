"""What the automatic checks found, a person's word on it, and facts taken from verified fields."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, example
from services.api.calls import Changing, Reading
from services.api.rows import change, claim, looked
from services.evidence import facts, findings
from services.models import Claim
from services.reporting.views import ClaimHead

router = APIRouter(tags=["材料"])


class PlaceView(BaseModel):
    """A box in fractions of the page as shown, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class AnswerView(BaseModel):
    """The newest answer to a finding."""

    verdict: str = Field(description="confirmed 属实 | overridden 不影响办理")
    reason: str
    by: str
    at: datetime


class FindingView(BaseModel):
    """One finding. `waits`: verification waits for an answer."""

    code: str = Field(examples=["date_differs"])
    words: str
    key: str = Field(description="本项发现在案内的名称；内容变动后是另一项")
    serious: bool
    waits: bool
    paper_id: uuid.UUID | None
    page: int | None
    box: PlaceView | None
    field_id: uuid.UUID | None
    answer: AnswerView | None


class FindingAnswer(BaseModel):
    """Confirm or override one finding, with the reason."""

    model_config = example(key="0123456789abcdef0123", verdict="overridden", reason="已电话向医院核实，系诊断证明笔误")

    key: Text
    verdict: Literal["confirmed", "overridden"]
    reason: Text


class ReadFacts(BaseModel):
    """Verified fields whose values become the event's facts."""

    model_config = example(fields=["00000000-0000-7000-8000-000000000000"], reason="按病理报告填写标本提取日")

    fields: list[uuid.UUID] = Field(min_length=1, max_length=200)
    reason: Text


class SourceView(BaseModel):
    """Where a fact stands on paper. `place`: which of several (a stay, an amount of a year)."""

    fact: str = Field(examples=["event.specimen_on"])
    place: int
    field_id: uuid.UUID
    paper_id: uuid.UUID
    page: int
    box: PlaceView | None


@router.get("/claims/{claim_no}/findings", response_model=list[FindingView], summary="自动核对发现及答复")
def listed(call: Reading, claim_no: str) -> list[FindingView]:
    """Health data: every look is recorded."""
    def run(session: Session) -> list[FindingView]:
        found = claim(call, session, claim_no)
        looked(call, session, found, "findings")
        told = findings.told(session, found.id, session.get_one(Claim, found.id).findings)
        return [FindingView.model_validate(one, from_attributes=True) for one in told]
    return call.note(run)


@router.post("/claims/{claim_no}/findings", response_model=ClaimHead, summary="答复一项核对发现：属实，或不予采信（写明理由）")
def answer(call: Changing, claim_no: str, body: FindingAnswer) -> Response:
    """Earlier answers stay on the record; the newest counts."""
    return change(call, claim_no, body, lambda session, found: findings.answer(
        session, claim_id=found.id, key=body.key, verdict=body.verdict, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/facts/read", response_model=ClaimHead, summary="把核对过的读数填入事实（核验前）")
def take(call: Changing, claim_no: str, body: ReadFacts) -> Response:
    """Only fields that a person accepted or corrected; the event's kind and day stay."""
    return change(call, claim_no, body, lambda session, found: facts.take(
        session, claim_id=found.id, field_ids=body.fields, reason=body.reason, version=call.version, actor=call.actor, now=call.now))


@router.get("/claims/{claim_no}/facts/sources", response_model=list[SourceView], summary="各项事实在材料上的位置")
def sources(call: Reading, claim_no: str) -> list[SourceView]:
    """Facts that were changed since, and no longer say what the paper says, have none."""
    def run(session: Session) -> list[SourceView]:
        found = facts.sources_of(session, claim(call, session, claim_no).id)
        return [SourceView.model_validate(one, from_attributes=True) for places in found.values() for one in places]
    return call.read(run)
