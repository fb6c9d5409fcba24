"""Review: the worklist, and what a level's reviewer does."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Page, Reason, Text, example
from services.api.calls import Changing, Doing, Reading
from services.api.routes import chain
from services.api.routes.accounts import Done
from services.api.rows import change
from services.core.money import show, to_yuan
from services.reporting.views import ClaimHead
from services.review import queries as review_queries
from services.review import service as review

router = APIRouter(tags=["审核"])
router.include_router(chain.router)


class WorkItemView(BaseModel):
    """One open level that waits for the caller."""

    step_id: uuid.UUID
    claim_no: str
    plan: str
    person: str
    level: str
    name: str
    role: str
    escalated: bool
    taken: bool
    mine: bool
    held: bool
    digest: str
    version: int
    total: str | None
    due_on: date | None
    pay_due: date | None


class Worklist(Page):
    """What waits, most urgent first."""

    items: list[WorkItemView]


class Pass(BaseModel):
    """A level passed by somebody who saw these facts."""

    model_config = example(seen="9f2c…（案件的 digest）")

    seen: str = Field(description="所见事实的摘要（案件的 digest）；事实有变动则不予通过")
    step: uuid.UUID | None = Field(None, description="所见的审核级（待办清单的 step_id）；已是另一级的不予通过，不写则不核对")
    recommends: Literal["refuse"] | None = Field(None, description="建议不予给付")
    reason: str | None = None


class Refusal(BaseModel):
    """Reason code and clause."""

    model_config = example(reason="not_in_list", clause="一览表 女职工特殊疾病行", seen=None)

    reason: Text = Field(description="理由代码，见 GET /reasons")
    clause: Text
    seen: str | None = None


class SendDown(BaseModel):
    """To which lower level and why."""

    model_config = example(to_level="district", reason="opinion_incomplete")

    to_level: Text
    reason: Text


class Escalation(BaseModel):
    """Levels to hand up."""

    model_config = example(step_ids=["0195f2c4-0000-7000-8000-000000000009"])

    step_ids: list[uuid.UUID] = Field(min_length=1, max_length=500)


@router.get("/reasons", response_model=dict[str, str], summary="理由代码")
def reasons(call: Reading) -> dict[str, str]:
    """Code and words."""
    return review_queries.reasons()


@router.get("/worklist", response_model=Worklist, summary="待我办理的审核")
def worklist(call: Reading, limit: Annotated[int, Query(ge=1, le=200)] = 50, after: str | None = None) -> Worklist:
    """Claims from which separation of persons keeps the caller are left out."""
    items = call.read(lambda session: review_queries.worklist(session, call.actor, limit, after))
    return Worklist(items=[_item(item, call.actor.account_id) for item in items],
                    next=items[-1].cursor if len(items) == limit else None)


def _item(item: review_queries.WorkItem, account: uuid.UUID | None) -> WorkItemView:
    return WorkItemView(
        step_id=item.step_id, claim_no=item.claim_no, plan=item.plan, person=item.person, level=item.level, name=item.name,
        role=item.role, escalated=item.escalated, taken=item.taken_by is not None,
        mine=item.taken_by is not None and item.taken_by == account, held=item.held, digest=item.digest,
        version=item.version, total=show(to_yuan(item.total_fen)) if item.total_fen is not None else None,
        due_on=item.due_on, pay_due=item.pay_due)


@router.post("/claims/{claim_no}/take", response_model=ClaimHead, summary="领取当前审核级")
def take(call: Changing, claim_no: str, body: Nothing) -> Response:
    """So that colleagues see who is at it."""
    return change(call, claim_no, body, lambda session, found: review.take(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/drop", response_model=ClaimHead, summary="放回当前审核级")
def drop(call: Changing, claim_no: str, body: Nothing) -> Response:
    """Give a taken level back."""
    return change(call, claim_no, body, lambda session, found: review.drop(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/pass", response_model=ClaimHead, summary="通过当前审核级；末级即作出给付决定")
def pass_level(call: Changing, claim_no: str, body: Pass) -> Response:
    """The office's last level decides under the cover's lock; on the insurer's route the unit certifies."""
    return change(call, claim_no, body, lambda session, found: review.pass_level(
        session, claim_id=found.id, version=call.version, **body.model_dump(), actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/refuse", response_model=ClaimHead, summary="不予给付（仅办事处路线的决定级）")
def refuse(call: Changing, claim_no: str, body: Refusal) -> Response:
    """With reason and clause (保险法 24)."""
    return change(call, claim_no, body, lambda session, found: review.refuse(
        session, claim_id=found.id, version=call.version, **body.model_dump(), actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/send-down", response_model=ClaimHead, summary="退回下级审核")
def send_down(call: Changing, claim_no: str, body: SendDown) -> Response:
    """Levels between stand unless the facts changed."""
    return change(call, claim_no, body, lambda session, found: review.send_down(
        session, claim_id=found.id, version=call.version, **body.model_dump(), actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/send-back", response_model=ClaimHead, summary="退回材料环节")
def send_back(call: Changing, claim_no: str, body: Reason) -> Response:
    """The chain stays for when it comes back."""
    return change(call, claim_no, body, lambda session, found: review.send_back(
        session, claim_id=found.id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/hold", response_model=ClaimHead, summary="暂停（不影响答复）")
def hold(call: Changing, claim_no: str, body: Reason) -> Response:
    """Stops routing, decision, hand-over and payment; the clocks run on."""
    return change(call, claim_no, body, lambda session, found: review.hold(
        session, claim_id=found.id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/unhold", response_model=ClaimHead, summary="解除暂停")
def unhold(call: Changing, claim_no: str, body: Nothing) -> Response:
    """What the hold stopped goes on."""
    return change(call, claim_no, body, lambda session, found: review.unhold(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/review-steps/escalate", response_model=Done, summary="上交无人可办的审核级")
def escalate(call: Doing, body: Escalation) -> Response:
    """To the next organisation with an eligible person."""
    def run(session: Session) -> Done:
        review.escalate(session, step_ids=body.step_ids, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)
