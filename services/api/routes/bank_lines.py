"""A bank's line that matched nothing: assigned to a payment or dismissed by one person, confirmed by another, taken back."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from services.api.bodies import Nothing, Reason, Text, example
from services.api.calls import Call, Doing, Reading
from services.core.money import show, to_yuan
from services.payment import service as payment
from services.reporting import bank_lines

router = APIRouter(tags=["付款"])


class Assignment(BaseModel):
    """The payment that the line is, and by what one knows."""

    model_config = example(payment_id="0195f2c4-0000-7000-8000-00000000000a", reason="银行凭证第 7 号")

    payment_id: uuid.UUID
    reason: Text


class VerdictView(BaseModel):
    """What was said of a line."""

    verdict: str
    claim_no: str | None
    reason: str
    asked: str | None
    confirmed: str | None


class CandidateView(BaseModel):
    """A payment of the line's sum that waits for such an answer."""

    id: uuid.UUID
    claim_no: str
    payee: str
    state: str
    run_no: str


class LineView(BaseModel):
    """A bank's line and what can be done with it; yuan."""

    id: uuid.UUID
    line_no: int
    reference: str
    kind: str
    amount: str
    fault: str | None
    verdict: VerdictView | None
    candidates: list[CandidateView]


def _shown(session: Session, line_id: uuid.UUID) -> LineView:
    session.flush()
    found = bank_lines.line(session, line_id)
    said = found.verdict
    return LineView(
        id=found.id, line_no=found.line_no, reference=found.reference, kind=found.kind, amount=show(to_yuan(found.amount_fen)),
        fault=found.fault, candidates=[CandidateView(id=one.id, claim_no=one.claim_no, payee=one.payee, state=one.state,
                                                     run_no=one.run_no) for one in found.candidates],
        verdict=said and VerdictView(verdict=said.verdict, claim_no=said.claim_no, reason=said.reason, asked=said.asked,
                                     confirmed=said.confirmed))


def _change(call: Call, line_id: uuid.UUID, body: BaseModel, verb: Callable[[Session], object]) -> Response:
    def run(session: Session) -> LineView:
        verb(session)
        return _shown(session, line_id)
    return call.act(body, run, status=200)


@router.get("/bank-returns/unmatched/{line_id}", response_model=LineView, summary="一条回盘记录与可认领的款项")
def line(call: Reading, line_id: uuid.UUID) -> LineView:
    """Candidates only while nothing is said of it."""
    return call.read(lambda session: _shown(session, line_id))


@router.post("/bank-returns/unmatched/{line_id}/assign", response_model=LineView, summary="提出认领到一笔款项")
def assign(call: Doing, line_id: uuid.UUID, body: Assignment) -> Response:
    """Of the same sum, and waiting for such an answer; nothing moves before another person confirms."""
    return _change(call, line_id, body, lambda session: payment.propose_assign(
        session, line_id=line_id, payment_id=body.payment_id, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/bank-returns/unmatched/{line_id}/dismiss", response_model=LineView, summary="提出不予处理")
def dismiss(call: Doing, line_id: uuid.UUID, body: Reason) -> Response:
    """None of ours, or known already."""
    return _change(call, line_id, body, lambda session: payment.propose_dismiss(
        session, line_id=line_id, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/bank-returns/unmatched/{line_id}/confirm", response_model=LineView, summary="另一人确认处理意见")
def confirm(call: Doing, line_id: uuid.UUID, body: Nothing) -> Response:
    """An assigned line moves its payment as if it had matched."""
    return _change(call, line_id, body, lambda session: payment.confirm_line(session, line_id=line_id, actor=call.actor, now=call.now))


@router.post("/bank-returns/unmatched/{line_id}/undo", response_model=LineView, summary="撤回处理意见")
def undo(call: Doing, line_id: uuid.UUID, body: Reason) -> Response:
    """What was only proposed, or a dismissal; not money that is booked."""
    return _change(call, line_id, body, lambda session: payment.undo_line(
        session, line_id=line_id, reason=body.reason, actor=call.actor, now=call.now))
