"""A person's rights over her data, what the office answers, holds by law, what was disposed of (个人信息保护法 15, 44 to 47)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, example
from services.api.calls import Changing, Doing, Reading
from services.evidence import holds
from services.intake import data_copies, data_requests
from services.models import LegalHold, PrivacyRequest
from services.reporting import data_desk, own_data, people
from services.reporting.claims import missing

router = APIRouter(tags=["个人信息"])
RequestNo = Annotated[str, Path(max_length=40, examples=["SQ20260320-ABC234"])]


class ConsentView(BaseModel):
    """One consent with the words it was given to."""

    case_no: str
    purpose: str = Field(examples=["insurer"])
    words: str
    version: str
    given_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_why: str


class RequestView(BaseModel):
    """A request and what became of it; `version` goes into If-Match."""

    request_no: str = Field(examples=["SQ20260320-ABC234"])
    kind: str = Field(examples=["correction"])
    field: str | None = Field(examples=["phone"])
    state: str = Field(examples=["open"])
    version: int
    asked_at: datetime
    due_on: date
    answer: str | None
    answer_words: str | None
    kept_until: date | None
    done: int
    total: int
    expires_at: datetime | None


class LineView(BaseModel):
    """One request of the office's list, the name masked."""

    request_no: str
    kind: str
    field: str | None
    state: str
    asked_at: datetime
    due_on: date
    answer: str | None
    name: str
    unit: str


class NewRequest(BaseModel):
    """What is asked for: a copy (no more words needed), a correction or a deletion of one field."""

    model_config = example(kind="correction", field="phone", wanted="13800000000", words="换了号码")

    kind: Literal["export", "correction", "deletion"]
    field: str = Field("", max_length=40)
    wanted: str = Field("", max_length=500)
    words: str = Field("", max_length=500)


class CounterRequest(NewRequest):
    """The same for somebody at the counter, with how she was known and the paper she signed."""

    model_config = example(kind="correction", field="phone", wanted="13800000000", identified="当面核对身份证原件")

    identified: Text
    proof_sha256: str | None = Field(None, max_length=64, description="本人签字的书面申请，先经 POST /people/{id}/proofs 上传；副本必填")


class Answer(BaseModel):
    """Done, in part or refused; a refused deletion says until when the law keeps it."""

    model_config = example(answer="refused", words="依保险法第八十七条保存", kept_until="2036-12-31")

    answer: Literal["done", "partly", "refused"]
    words: Text
    kept_until: date | None = None


class NewHold(BaseModel):
    """A hold on the claim or report of a number, or on its member: all that is hers."""

    model_config = example(number="NX2026-0000-017", reach="matter", ground="lawsuit", reason="法院要求保存证据",
                           paper_no="（2026）示001号", review_on=None)

    number: str = Field(max_length=40, description="受理编号、报案编号；对会员本人的也可以是凭证号")
    reach: Literal["matter", "person"] = Field("matter", description="matter 这一案件或报案；person 会员本人名下的全部")
    ground: Literal["lawsuit", "inspection", "complaint", "audit", "other"]
    reason: Text
    paper_no: str = Field("", max_length=100)
    review_on: date | None = None


class WhyLift(BaseModel):
    """Why it is needed no more."""

    model_config = example(why="案件已经审结")

    why: Text


class HoldView(BaseModel):
    """A hold on one of the three: a person with all that is hers, a report with its claims, a claim."""

    id: uuid.UUID
    person_id: uuid.UUID | None
    case_id: uuid.UUID | None
    claim_id: uuid.UUID | None
    ground: str
    reason: str
    paper_no: str | None
    review_on: date
    placed_at: datetime
    asked_at: datetime | None
    asked_why: str | None
    lifted_at: datetime | None


class DisposalView(BaseModel):
    """What one sweep disposed of."""

    id: uuid.UUID
    kind: str
    clause: str
    kept_until: date
    rows: int
    held: int
    at: datetime


@router.get("/me/consents", response_model=list[ConsentView], summary="我的同意和撤回")
def consents(call: Reading) -> list[ConsentView]:
    """Of every report of the caller, the newest report first."""
    with call.wiring.db.view(call.wiring.root) as session:      # as `own_data` says
        found = own_data.consents_of(session, _self(call.actor.person_id))
    return [ConsentView(case_no=case.case_no, purpose=one.purpose, words=one.words, version=one.version, given_at=one.given_at,
                        recorded_by=one.recorded_by, withdrawn_at=one.withdrawn_at, withdrawn_why=one.withdrawn_why)
            for case in found.cases for one in case.history]


@router.get("/me/privacy-requests", response_model=list[LineView], summary="我的个人信息申请")
def own(call: Reading) -> list[LineView]:
    """The newest fifty."""
    with call.wiring.db.view(call.wiring.root) as session:
        found = own_data.requests_of(session, _self(call.actor.person_id))
    return [LineView(request_no=one.request_no, kind=one.kind, field=one.field, state=one.state, asked_at=one.asked_at, due_on=one.due_on,
                     answer=one.answer, name=call.actor.name, unit="") for one in found]


@router.post("/me/privacy-requests", response_model=RequestView, status_code=201, summary="申请副本、更正或删除")
def ask(call: Doing, body: NewRequest) -> Response:
    """Of the caller's own data. A copy is made by the worker: read the list again until it is ready."""
    person = _self(call.actor.person_id)
    return call.act(body, lambda session: _view(data_requests.ask(session, person_id=person, **body.model_dump(), actor=call.actor,
                                                                  now=call.now)))


@router.get("/me/privacy-requests/{request_no}/file", summary="下载个人信息副本", response_class=StreamingResponse,
            responses={200: {"content": {"application/zip": {}}}})
def copy(call: Reading, request_no: RequestNo) -> Response:
    """The ZIP while it is kept; each download is counted."""
    hers = replace(call, actor=call.actor.as_member().anywhere(call.wiring.root.org_path))       # also asked for at a unit she left
    row = hers.note(lambda session: data_copies.fetch(session, request_no, actor=hers.actor, now=call.now))
    return StreamingResponse(data_copies.pieces(row.id), media_type="application/zip", headers={
        "Content-Length": str(row.size), "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename=\"{row.request_no}.zip\""})


@router.post("/people/{person_id}/privacy-requests", response_model=RequestView, status_code=201, summary="登记到柜台的个人信息申请")
def register(call: Doing, person_id: uuid.UUID, body: CounterRequest) -> Response:
    """For somebody the caller's region knows. A copy needs the signed application and holds what the caller's organisation holds."""
    return call.act(body, lambda session: _view(data_requests.ask(
        session, person_id=people.known(session, call.actor, person_id).id, **body.model_dump(), actor=call.actor, now=call.now)))


@router.get("/privacy-requests", response_model=list[LineView], summary="个人信息申请清单")
def requests(call: Reading, everything: bool = False) -> list[LineView]:
    """Those that wait, the most urgent first; or the newest two hundred."""
    return [LineView.model_validate(one, from_attributes=True)
            for one in call.read(lambda session: data_desk.lines(session, everything=everything))]


@router.post("/privacy-requests/{request_no}/answer", response_model=RequestView, summary="答复个人信息申请")
def answer(call: Changing, request_no: RequestNo, body: Answer) -> Response:
    """By the office, never one's own."""
    return call.act(body, lambda session: _view(data_requests.answer(
        session, request_no=request_no, version=call.version, **body.model_dump(), actor=call.actor, now=call.now)), status=200)


@router.get("/holds", response_model=list[HoldView], summary="保全清单")
def standing(call: Reading, lifted: bool = False) -> list[HoldView]:
    """Those in force, those to be looked at first in front."""
    return [_hold(line.hold) for line in call.read(lambda session: holds.lines(session, today=call.today, lifted=lifted))]


@router.post("/holds", response_model=HoldView, status_code=201, summary="登记保全")
def place(call: Doing, body: NewHold) -> Response:
    """On the claim or report of a number in sight, or on its member."""
    def run(session: Session) -> HoldView:
        subject = holds.reached(session, body.reach, body.number, actor=call.actor)
        return _hold(holds.place(session, subject=subject, ground=body.ground, reason=body.reason, paper_no=body.paper_no,
                                 review_on=body.review_on, actor=call.actor, now=call.now))
    return call.act(body, run)


@router.post("/holds/{hold_id}/ask", response_model=HoldView, summary="申请解除保全")
def ask_lift(call: Doing, hold_id: uuid.UUID, body: WhyLift) -> Response:
    """It stands until another person agrees."""
    return call.act(body, lambda session: _hold(holds.ask_lift(session, hold_id=hold_id, why=body.why, actor=call.actor, now=call.now)),
                    status=200)


@router.post("/holds/{hold_id}/lift", response_model=HoldView, summary="解除保全")
def lift(call: Doing, hold_id: uuid.UUID) -> Response:
    """By somebody else than who asked."""
    return call.act({}, lambda session: _hold(holds.lift(session, hold_id=hold_id, actor=call.actor, now=call.now)), status=200)


@router.get("/disposals", response_model=list[DisposalView], summary="到期处置清册")
def disposals(call: Reading, after: uuid.UUID | None = None) -> list[DisposalView]:
    """Of the whole house, a hundred, newest first; `after` is the last one seen."""
    with call.wiring.db.view(call.wiring.root) as session:      # as `disposals` says
        return [DisposalView(**one.model_dump(include=set(DisposalView.model_fields)))
                for one in data_desk.disposals(session, after=after, limit=100)]


def _self(person_id: uuid.UUID | None) -> uuid.UUID:
    if person_id is None:
        raise missing()
    return person_id


def _view(row: PrivacyRequest) -> RequestView:
    return RequestView(**row.model_dump(include=set(RequestView.model_fields)))


def _hold(row: LegalHold) -> HoldView:
    return HoldView(**row.model_dump(include=set(HoldView.model_fields)))
