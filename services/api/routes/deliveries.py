"""How letters travel: attempts and what became of them, what a clerk writes down, a member's own reminders, providers' receipts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.access.actor import system
from services.api.bodies import Text, example
from services.api.calls import Changing, Doing, Reading
from services.api.rows import hold
from services.core.errors import NotPermitted
from services.intake.queries import require_own
from services.models import Notice
from services.notice import attempts, carrying, contacts, delivering, receipts
from services.reporting import attached, claims
from services.reporting.claims import missing
from services.reporting.views import LetterView
from services.wiring import Caller, Wiring

router = APIRouter(tags=["文书"])


class OutcomeView(BaseModel):
    """What became of an attempt."""

    outcome: str = Field(examples=["received"])
    said: str = Field(examples=["已到达手机或邮箱"])
    words: str
    provider_id: str | None
    happened_at: datetime


class AttemptView(BaseModel):
    """One way the letter went; `shown` is the masked address."""

    n: int
    channel: str = Field(examples=["sms"])
    shown: str = Field(examples=["138****5678"])
    why: str
    at: datetime
    outcomes: list[OutcomeView]


class Parcel(BaseModel):
    """A parcel's number, or who carries it."""

    model_config = example(tracking="EMS 1234567890", on="2026-03-25")

    tracking: Text
    on: date | None = Field(None, description="寄出日，不填为当日")


class Back(BaseModel):
    """Why it came back."""

    model_config = example(reason="迁址", on="2026-03-28")

    reason: Text
    on: date | None = Field(None, description="退回日，不填为当日")


class Other(BaseModel):
    """Another way, and why."""

    model_config = example(channel="paper", reason="本人要求纸质")

    channel: Literal["sms", "wecom", "mail", "portal", "paper"]
    reason: Text


class Contact(BaseModel):
    """A channel with its address, the first named tried first; an empty address keeps the one on file."""

    model_config = example(channel="sms", address="13800000000")

    channel: Literal["sms", "wecom", "mail"]
    address: str = Field("", max_length=200)


class Contacts(BaseModel):
    """All channels by which the caller agrees to be told; none takes every consent back."""

    model_config = example(contacts=[{"channel": "sms", "address": "13800000000"}])

    contacts: list[Contact] = Field(max_length=3)


class ContactView(BaseModel):
    """A contact in force, masked."""

    channel: str
    place: int
    shown: str = Field(examples=["138****5678"])
    consented_at: datetime


class ContactsView(BaseModel):
    """The caller's contacts in force."""

    contacts: list[ContactView]


class Kept(BaseModel):
    """The receipt is kept; `new` is false for one that came before."""

    new: bool


def _sight(call: Caller, session: Session, notice_id: uuid.UUID) -> LetterView:
    session.flush()
    found = attached.letters(session, notice_id=notice_id)
    if not found:
        raise missing()
    require_own(session, call.actor, claims.locate(session, found[0].claim_no).person_id)
    return found[0]


@router.get("/notices/{notice_id}/attempts", response_model=list[AttemptView], summary="一份文书的送达经过")
def ways(call: Reading, notice_id: uuid.UUID) -> list[AttemptView]:
    """In order, each with its outcomes."""
    def read(session: Session) -> list[attempts.Attempt]:
        _sight(call, session, notice_id)
        return attempts.attempts(session, [notice_id]).get(notice_id, [])
    return [AttemptView(n=one.n, channel=one.channel, shown=one.shown, why=one.why, at=one.at, outcomes=[
        OutcomeView(outcome=news.outcome, said=news.said, words=news.words, provider_id=news.provider_id, happened_at=news.happened_at)
        for news in one.outcomes]) for one in call.read(read)]


def _change(call: Changing, notice_id: uuid.UUID, body: BaseModel, verb: Callable[[Session], object]) -> Response:
    def run(session: Session) -> LetterView:
        _sight(call, session, notice_id)
        hold(call, session, Notice, notice_id)
        verb(session)
        return _sight(call, session, notice_id)
    return call.act(body, run, status=200)


@router.post("/notices/{notice_id}/posted", response_model=LetterView, summary="登记纸质文书寄出")
def posted(call: Changing, notice_id: uuid.UUID, body: Parcel) -> Response:
    """It starts no clock: only delivery does."""
    return _change(call, notice_id, body, lambda session: delivering.posted(
        session, notice_id=notice_id, tracking=body.tracking, on=body.on, actor=call.actor, now=call.now))


@router.post("/notices/{notice_id}/returned", response_model=LetterView, summary="登记纸质文书退回，改用下一种方式")
def returned(call: Changing, notice_id: uuid.UUID, body: Back) -> Response:
    """With no way left the letter waits at the clerk's desk (state issued)."""
    return _change(call, notice_id, body, lambda session: delivering.came_back(
        session, notice_id=notice_id, reason=body.reason, on=body.on, actor=call.actor, now=call.now))


@router.post("/notices/{notice_id}/resend", response_model=LetterView, summary="改用另一种方式送达")
def resend(call: Changing, notice_id: uuid.UUID, body: Other) -> Response:
    """By the clerk's own choice; the bytes stay the same."""
    return _change(call, notice_id, body, lambda session: delivering.resend(
        session, notice_id=notice_id, channel=body.channel, reason=body.reason, actor=call.actor, now=call.now))


def _own(call: Caller) -> uuid.UUID:
    if call.actor.person_id is None:
        raise NotPermitted("person_missing", "账号没有对应的人员", remedy="请由本人办理")
    return call.actor.person_id


def _shown(session: Session, person_id: uuid.UUID) -> ContactsView:
    return ContactsView(contacts=[ContactView(channel=row.channel, place=row.place, shown=row.shown, consented_at=row.consented_at)
                                  for row in contacts.contacts(session, person_id)])


@router.get("/me/contacts", response_model=ContactsView, summary="我接收文书提醒的方式")
def mine(call: Reading) -> ContactsView:
    """Masked."""
    return call.read(lambda session: _shown(session, _own(call)))


@router.post("/me/contacts", response_model=ContactsView, summary="选定接收文书提醒的方式，即为同意")
def choose(call: Doing, body: Contacts) -> Response:
    """What is not named is taken back."""
    def run(session: Session) -> ContactsView:
        wanted = [contacts.Wanted(one.channel, one.address) for one in body.contacts]
        contacts.choose(session, wanted=wanted, actor=call.actor, now=call.now)
        return _shown(session, _own(call))
    return call.act(body, run, status=200)


@router.post("/letters/receipts", response_model=Kept, summary="短信、企业微信、邮件服务推送的回执（HMAC 签名，按 event_id 幂等）",
             openapi_extra={"requestBody": {"content": {"application/json": {"schema": receipts.Told.model_json_schema()}}}})
async def receipt(request: Request) -> Kept:
    """A failure sends the letter on its next way; a receipt starts no clock."""
    body = await request.body()
    return await run_in_threadpool(_take, request, body)


def _take(request: Request, body: bytes) -> Kept:
    told = receipts.read(request.headers, body, now=datetime.now(UTC))
    wiring: Wiring = request.app.state.wiring
    with wiring.db.unit_of_work(wiring.root) as session:
        new = carrying.receipt(session, attempt_id=told.attempt, event_id=told.event_id, outcome=told.outcome, words=told.words,
                               provider_id=told.provider_id, happened_at=told.at, actor=system(wiring.root.org_path),
                               now=wiring.clock.now())
    return Kept(new=new)
