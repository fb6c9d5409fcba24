"""发文登记簿 over the interface: the numbers of a series and year, drafts that wait, letters taken back, replaced, tried again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Text, example
from services.api.calls import Call, Changing, Reading
from services.api.rows import hold
from services.models import Notice
from services.notice import replacing
from services.reporting import attached
from services.reporting import letter_register as register
from services.reporting.views import LetterView, View

router = APIRouter(tags=["文书"])
PAGE = 100


class SeriesView(View):
    """One series and year in sight: letters, different numbers among them, the last number drawn."""

    series: str = Field(examples=["宁工互通"])
    year: int
    used: int
    numbers: int
    last: int
    whole: bool = Field(description="无缺号、无重号")


class EntryView(View):
    """One number. A person's name is masked."""

    id: uuid.UUID
    number: str
    code: str
    title: str
    to: str
    issued_on: date
    state: str
    claim_no: str | None
    why: str | None = Field(description="作废或替换的理由")
    successor: str | None = Field(description="替换它的文号")
    version: int


class StuckView(View):
    """A draft that could not be issued: what is missing, and what to do about it."""

    id: uuid.UUID
    code: str
    title: str
    to: str
    claim_no: str
    message: str
    remedy: str
    field: str
    at: str
    version: int


class RegisterView(BaseModel):
    """The numbers of one series and year in order; `next` goes into `skip` for the following page."""

    entries: list[EntryView]
    missing: list[int] = Field(description="缺号，至多五十个")
    next: int | None = None


class Why(BaseModel):
    """Why the letter no longer stands; the register keeps it."""

    model_config = example(reason="户名写错")

    reason: Text


@router.get("/letter-register", response_model=list[SeriesView], summary="发文登记簿：字号和年度")
def series(call: Reading) -> list[SeriesView]:
    """Newest year first."""
    return [SeriesView.model_validate(one, from_attributes=True) for one in call.read(register.series)]


@router.get("/letter-register/stuck", response_model=list[StuckView], summary="未能签发的文书：缺什么、怎么补")
def stuck(call: Reading) -> list[StuckView]:
    """Oldest first, at most 200."""
    return [StuckView.model_validate(one, from_attributes=True) for one in call.read(register.stuck)]


@router.get("/letter-register/numbers", response_model=RegisterView, summary="一个字号一年的文号")
def numbers(call: Reading, series: str, year: Annotated[int, Query(ge=2000, le=2199)],
            skip: Annotated[int, Query(ge=0, le=10_000_000)] = 0) -> RegisterView:
    """What went out under each, what was taken back or replaced and why."""
    def read(session: Session) -> tuple[list[register.Entry], list[int]]:
        return register.entries(session, series, year, skip=skip, limit=PAGE + 1), register.missing(session, series, year)
    found, gaps = call.read(read)
    return RegisterView(entries=[EntryView.model_validate(one, from_attributes=True) for one in found[:PAGE]], missing=gaps,
                        next=skip + PAGE if len(found) > PAGE else None)


def _change(call: Call, notice_id: uuid.UUID, body: BaseModel, verb: Callable[[Session], Notice]) -> Response:
    def run(session: Session) -> LetterView:
        hold(call, session, Notice, notice_id)
        made = verb(session).id
        session.flush()
        return attached.letters(session, notice_id=made)[0]
    return call.act(body, run, status=200)


@router.post("/notices/{notice_id}/void", response_model=LetterView, summary="作废尚未发出的文书，文号保留")
def void(call: Changing, notice_id: uuid.UUID, body: Why) -> Response:
    """A letter that was sent can only be replaced."""
    return _change(call, notice_id, body, lambda session: replacing.void(
        session, notice_id=notice_id, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/notices/{notice_id}/replace", response_model=LetterView, summary="按现在的案卷重新签发，答复为新的文书")
def replace(call: Changing, notice_id: uuid.UUID, body: Why) -> Response:
    """The new letter has a number of its own and names the one it replaces."""
    return _change(call, notice_id, body, lambda session: replacing.replace(
        session, notice_id=notice_id, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/notices/{notice_id}/again", response_model=LetterView, summary="补齐后再次签发")
def again(call: Changing, notice_id: uuid.UUID, body: Nothing) -> Response:
    """What a stuck draft lacked is there now: issuing is owed once more."""
    return _change(call, notice_id, body, lambda session: replacing.again(
        session, notice_id=notice_id, actor=call.actor, now=call.now))
