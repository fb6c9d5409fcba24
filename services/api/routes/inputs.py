"""What a claim asks of its reviewers: amounts without a published rate, and exclusion questions."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, example
from services.api.calls import Changing, Reading
from services.api.rows import change, claim, looked
from services.core.money import parse_yuan
from services.reporting.views import ClaimHead
from services.review import questions
from services.review import service as review

router = APIRouter(tags=["审核"])


class GivenView(BaseModel):
    """Who answered, when and why."""

    by: str
    at: str
    reason: str


class OpenAmountView(BaseModel):
    """A benefit whose amount a reviewer sets."""

    benefit: str = Field(examples=["inpatient"])
    name: str
    clause: str
    ceiling: str | None = Field(description="本保障尚可给付的最高额；没有公布上限的为空", examples=["39605.00"])
    amount: str | None
    given: GivenView | None


class QuestionView(BaseModel):
    """An exclusion of the plan and its answer."""

    exclusion: str = Field(examples=["XJ-A09"])
    question: str
    text: str
    clause: str
    answer: bool | str | None = Field(description="true、false 或 suspected；未答为空")
    given: GivenView | None


class InputsView(BaseModel):
    """Amounts and questions of the present round."""

    amounts: list[OpenAmountView]
    questions: list[QuestionView]


class Amount(BaseModel):
    """A reviewer's amount with the reason."""

    model_config = example(benefit="inpatient", amount="12345.67", reason="按结算单自付金额和办事处现行比例核定")

    benefit: Text
    amount: str = Field(description="元，最多两位小数；核定为不给付的写 0")
    reason: Text


class ExclusionAnswer(BaseModel):
    """An answer to one exclusion question, with the reason."""

    model_config = example(exclusion="XJ-A09", answer="suspected", reason="病历记载与报案所述不一致，正在核实")

    exclusion: Text
    answer: bool | Literal["suspected"]
    reason: Text


@router.get("/claims/{claim_no}/inputs", response_model=InputsView, summary="须由审核人核定的金额和须答复的除外责任")
def inputs(call: Reading, claim_no: str) -> InputsView:
    """Health data: every look is recorded."""
    def run(session: Session) -> InputsView:
        found = claim(call, session, claim_no)
        looked(call, session, found, "inputs")
        amounts, asked = questions.asked(session, found.id)
        return InputsView.model_validate({"amounts": amounts, "questions": asked}, from_attributes=True)
    return call.note(run)


@router.post("/claims/{claim_no}/amounts", response_model=ClaimHead, summary="核定一项待遇的金额（写明理由，不超过上限）")
def set_amount(call: Changing, claim_no: str, body: Amount) -> Response:
    """Who sets it does not take the decision; the worksheet shows old, new and why."""
    return change(call, claim_no, body, lambda session, found: review.set_amount(
        session, claim_id=found.id, version=call.version, benefit=body.benefit,
        amount=parse_yuan(body.amount, field="amount"), reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/exclusions", response_model=ClaimHead, summary="答复一项除外责任：属于、不属于或疑似（写明理由）")
def answer_exclusion(call: Changing, claim_no: str, body: ExclusionAnswer) -> Response:
    """True: the benefit is refused with this clause. Suspected: flagged for every level."""
    return change(call, claim_no, body, lambda session, found: review.answer_exclusion(
        session, claim_id=found.id, version=call.version, exclusion=body.exclusion, answer=body.answer, reason=body.reason,
        actor=call.actor, now=call.now))
