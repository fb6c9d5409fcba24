"""Who looked at a person's data (个人信息保护法 44, 45): one's own, or anybody's in the auditor's sight."""

from __future__ import annotations

import uuid
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.calls import Reading
from services.reporting import people, seen_by
from services.reporting.claims import missing

router = APIRouter(tags=["个人信息"])


class SeenView(BaseModel):
    """Somebody looked: who, at what, in which claim, why; `duties` are the present ones."""

    id: uuid.UUID
    at: datetime
    what: str = Field(examples=["查看完整号码"])
    detail: str = Field(examples=["手机号"])
    claim_no: str | None
    name: str
    office: str
    duties: list[str] = Field(examples=[["office_reviewer"]])
    why: str


class GivenView(BaseModel):
    """Data given to the insurer or a bank."""

    at: datetime
    what: str = Field(examples=["向保险公司移送案卷"])
    claim_no: str


class AccessView(BaseModel):
    """A page of looks, newest first; `next` asks for the following one. What was given stands on the first page."""

    seen: list[SeenView]
    given: list[GivenView]
    next: uuid.UUID | None


@router.get("/me/access", response_model=AccessView, summary="谁看过我的个人信息")
def own(call: Reading, after: uuid.UUID | None = None) -> AccessView:
    """Of the caller alone, wherever the looks were; one's own leave no record."""
    if call.actor.person_id is None:
        raise missing()
    with call.wiring.db.view(call.wiring.root) as session:      # as `seen_by` says
        return _view(session, call.actor.person_id, after)


@router.get("/people/{person_id}/access", response_model=AccessView, summary="谁看过某人的个人信息（审计）")
def of_person(call: Reading, person_id: uuid.UUID, after: uuid.UUID | None = None) -> AccessView:
    """As far as the auditor sees."""
    return call.read(lambda session: _view(session, people.known(session, call.actor, person_id).id, after))


def _view(session: Session, person: uuid.UUID, after: uuid.UUID | None) -> AccessView:
    found = seen_by.seen_by(session, person, after=after)
    shown = found[:seen_by.PAGE]
    given = [] if after else seen_by.given(session, person)
    return AccessView(
        seen=[SeenView(id=one.id, at=one.at, what=one.kind, detail=one.detail, claim_no=one.claim_no, name=one.name, office=one.office,
                       duties=list(one.duties), why=one.why) for one in shown],
        given=[GivenView(at=one.at, what=one.kind, claim_no=one.claim_no) for one in given],
        next=shown[-1].id if len(found) > seen_by.PAGE else None)
