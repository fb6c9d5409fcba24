"""The conversation inside a claim, the office's notes, and originals."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from services.api.bodies import Reason, Text, example
from services.api.calls import Call, Doing, Reading
from services.api.rows import claim
from services.evidence import conversation, originals
from services.evidence.originals import Original
from services.models import OriginalRequest

router = APIRouter(tags=["留言与原件"])
Way = Literal["counter", "post", "clerk"]


class Message(BaseModel):
    """Plain text; papers must lie on the claim already."""

    model_config = example(words="请补交清晰的病理报告照片", papers=[])

    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=conversation.LONGEST)]
    papers: list[uuid.UUID] = Field(default_factory=list, max_length=conversation.MOST_PAPERS)


class MessageView(BaseModel):
    """One message as this reader sees it."""

    id: uuid.UUID
    side: str
    internal: bool
    author: str
    words: str
    papers: list[uuid.UUID]
    at: datetime
    mine: bool
    unread: bool


class Written(BaseModel):
    """A message that was kept."""

    id: uuid.UUID
    at: datetime


class Unread(BaseModel):
    """How many messages of the other side the reader's side has not read."""

    unread: int


class Wanted(BaseModel):
    """Whose original, why, by when."""

    model_config = example(reason="影像上的印章不清，须核对原件", due_on="2026-04-10")

    reason: Text
    due_on: date


class Received(BaseModel):
    """Who handed it in, how, and whether it is what the copy shows."""

    model_config = example(from_whom="本人", how="counter", same=True)

    from_whom: Text
    how: Way = "counter"
    same: bool
    note: str = Field("", max_length=500)


class Returned(BaseModel):
    """To whom it went back and how."""

    model_config = example(to_whom="本人", how="counter")

    to_whom: Text
    how: Way = "counter"


class OriginalView(BaseModel):
    """One original. `state`: asked, overdue, received, returned, dropped."""

    id: uuid.UUID
    paper_id: uuid.UUID
    paper_kind: str
    file_name: str
    state: str
    reason: str
    due_on: date
    asked_at: datetime
    received_no: str | None
    received_from: str | None
    received_at: datetime | None
    same: bool | None
    received_note: str | None
    returned_no: str | None
    returned_to: str | None
    returned_at: datetime | None
    dropped_why: str | None


@router.get("/claims/{claim_no}/messages", response_model=list[MessageView], summary="案件留言（读过即为已读，每次查看留痕）")
def messages(call: Reading, claim_no: str) -> list[MessageView]:
    """Oldest first; a member sees no notes."""
    def run(session: Session) -> list[MessageView]:
        lines = conversation.read(session, claim_id=claim(call, session, claim_no).id, actor=call.actor, now=call.now)
        return [MessageView.model_validate(line, from_attributes=True) for line in lines]
    return call.note(run)


@router.get("/claims/{claim_no}/messages/unread", response_model=Unread, summary="未读留言数")
def unread(call: Reading, claim_no: str) -> Unread:
    """Without reading them."""
    def run(session: Session) -> Unread:
        found = claim(call, session, claim_no).id
        return Unread(unread=conversation.unread(session, claim_ids=[found], actor=call.actor).get(found, 0))
    return call.read(run)


@router.post("/claims/{claim_no}/messages", response_model=Written, status_code=201, summary="留言给对方")
def say(call: Doing, claim_no: str, body: Message) -> Response:
    """A member writes to the office, staff to the member."""
    return _write(call, claim_no, body, internal=False)


@router.post("/claims/{claim_no}/notes", response_model=Written, status_code=201, summary="内部备注（会员和基层工会看不到）")
def note(call: Doing, claim_no: str, body: Message) -> Response:
    """Reviewers only."""
    return _write(call, claim_no, body, internal=True)


def _write(call: Call, claim_no: str, body: Message, *, internal: bool) -> Response:
    def run(session: Session) -> Written:
        verb = conversation.note if internal else conversation.say
        row = verb(session, claim_id=claim(call, session, claim_no).id, words=body.words, papers=body.papers, actor=call.actor,
                   now=call.now)
        return Written(id=row.id, at=row.at)
    return call.act(body, run)


def _shown(call: Call, session: Session, row: OriginalRequest) -> OriginalView:
    listed = originals.originals_of(session, claim_id=row.claim_id, actor=call.actor, today=call.today)
    return _view(next(item for item in listed if item.row.id == row.id))


def _view(item: Original) -> OriginalView:
    fields = item.row.model_dump(include=set(OriginalView.model_fields))
    return OriginalView(**fields, paper_kind=item.paper_kind, file_name=item.file_name, state=item.state)


@router.get("/claims/{claim_no}/originals", response_model=list[OriginalView], summary="原件登记")
def log(call: Reading, claim_no: str) -> list[OriginalView]:
    """Asked for, received, given back."""
    return call.read(lambda session: [_view(item) for item in originals.originals_of(
        session, claim_id=claim(call, session, claim_no).id, actor=call.actor, today=call.today)])


@router.post("/papers/{paper_id}/original", response_model=OriginalView, status_code=201, summary="索取一份材料的原件")
def ask(call: Doing, paper_id: uuid.UUID, body: Wanted) -> Response:
    """With the reason and the last day."""
    return call.act(body, lambda session: _shown(call, session, originals.ask_original(
        session, paper_id=paper_id, reason=body.reason, due_on=body.due_on, actor=call.actor, now=call.now)))


@router.post("/originals/{request_id}/received", response_model=OriginalView, summary="登记收到原件")
def received(call: Doing, request_id: uuid.UUID, body: Received) -> Response:
    """Draws a receipt number."""
    return call.act(body, lambda session: _shown(call, session, originals.receive_original(
        session, request_id=request_id, **body.model_dump(), actor=call.actor, now=call.now)), status=200)


@router.post("/originals/{request_id}/returned", response_model=OriginalView, summary="登记归还原件")
def returned(call: Doing, request_id: uuid.UUID, body: Returned) -> Response:
    """Against a receipt."""
    return call.act(body, lambda session: _shown(call, session, originals.return_original(
        session, request_id=request_id, **body.model_dump(), actor=call.actor, now=call.now)), status=200)


@router.post("/originals/{request_id}/dropped", response_model=OriginalView, summary="不再索取")
def dropped(call: Doing, request_id: uuid.UUID, body: Reason) -> Response:
    """As long as it was not handed in."""
    return call.act(body, lambda session: _shown(call, session, originals.drop_original(
        session, request_id=request_id, reason=body.reason, actor=call.actor, now=call.now)), status=200)
