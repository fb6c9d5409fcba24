"""Leave: who does an absent colleague's work."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.access import service as access
from services.access.actor import Role
from services.api.bodies import Reason, Text, example
from services.api.calls import Doing, Reading

router = APIRouter()


class Done(BaseModel):
    """It is done."""

    done: bool = True


class NewSubstitute(BaseModel):
    """Who does whose work, when, with which of the absent one's roles (none named: all that can be lent)."""

    model_config = example(absent_id="0195f2c4-0000-7000-8000-000000000002", account_id="0195f2c4-0000-7000-8000-000000000003",
                           roles=["office_reviewer"], from_on="2026-03-23", until_on="2026-03-27", reason="年假")

    absent_id: uuid.UUID
    account_id: uuid.UUID
    roles: list[Role] = []
    from_on: date
    until_on: date
    reason: Text


class SubstituteView(BaseModel):
    """A substitution with names."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    absent_id: uuid.UUID
    absent_name: str
    account_id: uuid.UUID
    account_name: str
    org_key: str
    roles: list[str]
    from_on: date
    until_on: date
    reason: str
    ended_at: datetime | None
    ended_why: str | None
    running: bool = Field(description="今天正在代理")


class CandidateView(BaseModel):
    """A colleague who could stand in."""

    model_config = ConfigDict(from_attributes=True)

    account_id: uuid.UUID
    name: str
    roles: list[str]


@router.get("/substitutes", response_model=list[SubstituteView], summary="请假代理")
def substitutes(call: Reading, running: bool = False) -> list[SubstituteView]:
    """A head, an auditor or an administrator sees the branch's, anybody else the own ones."""
    return call.read(lambda session: [SubstituteView.model_validate(view) for view in access.substitutes(
        session, actor=call.actor, running_on=call.today if running else None, now=call.now)])


@router.post("/substitutes", response_model=SubstituteView, status_code=201, summary="安排请假代理")
def appoint_substitute(call: Doing, body: NewSubstitute) -> Response:
    """By the absent person or a head. The substitute counts as both persons wherever persons must differ."""
    def run(session: Session) -> SubstituteView:
        made = access.appoint_substitute(
            session, absent_id=body.absent_id, account_id=body.account_id, roles=body.roles, from_on=body.from_on,
            until_on=body.until_on, reason=body.reason, actor=call.actor, now=call.now)
        return SubstituteView.model_validate(next(view for view in access.substitutes(session, actor=call.actor, now=call.now)
                                                  if view.id == made.id))
    return call.act(body, run)


@router.post("/substitutes/{substitute_id}/end", response_model=Done, summary="提前结束代理")
def end_substitute(call: Doing, substitute_id: uuid.UUID, body: Reason) -> Response:
    """By the absent person, the substitute or a head."""
    def run(session: Session) -> Done:
        access.end_substitute(session, substitute_id=substitute_id, why=body.reason, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)


@router.get("/accounts/{account_id}/substitutes", response_model=list[CandidateView], summary="可代理的同事")
def candidates(call: Reading, account_id: uuid.UUID) -> list[CandidateView]:
    """Colleagues of the same organisation: for the own leave, or by those who see the team."""
    return call.read(lambda session: [CandidateView.model_validate(one) for one in access.candidates(
        session, absent_id=account_id, actor=call.actor)])
