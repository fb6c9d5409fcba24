"""Paying ahead of the decision: proposed by one person, confirmed by another."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.api.bodies import Nothing, Reason, Text, example
from services.api.calls import Changing
from services.api.rows import change
from services.core.money import parse_yuan
from services.payment import service as payment
from services.reporting.views import ClaimHead

router = APIRouter(tags=["先予支付"])


class Proposal(BaseModel):
    """The sum that nobody disputes, and why the whole cannot be determined yet; the reason stands in the letter."""

    model_config = example(amount="10000.00", reason="病理会诊结论尚未作出")

    amount: str = Field(description="元，最多两位小数，不超过核算金额")
    reason: Text


@router.post("/claims/{claim_no}/advance", response_model=ClaimHead, summary="提出先予支付（须另一人确认）")
def propose(call: Changing, claim_no: str, body: Proposal) -> Response:
    """Of a claim in review that the office decides; nothing is owed before another person confirms."""
    return change(call, claim_no, body, lambda session, found: payment.propose_advance(
        session, claim_id=found.id, version=call.version, amount=parse_yuan(body.amount, field="amount"), reason=body.reason,
        actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/advance/confirm", response_model=ClaimHead, summary="另一人确认先予支付")
def confirm(call: Changing, claim_no: str, body: Nothing) -> Response:
    """Senior or head; the payment then goes through a run as any other, and the decision pays the rest."""
    return change(call, claim_no, body, lambda session, found: payment.confirm_advance(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/advance/withdraw", response_model=ClaimHead, summary="撤回先予支付的提议")
def withdraw(call: Changing, claim_no: str, body: Reason) -> Response:
    """Before it is confirmed."""
    return change(call, claim_no, body, lambda session, found: payment.drop_advance(
        session, claim_id=found.id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))
