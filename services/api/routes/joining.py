"""What follows a report: telling the missing addressee, joining or keeping apart, a claim that should not be there, notes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session

from services.api.bodies import Nothing, Reason, Text, example
from services.api.calls import Changing, Doing, Reading
from services.api.routes.cases import CaseAndClaims, both, case_in_sight
from services.api.rows import change
from services.intake import service as intake
from services.intake.addressees import ToTell, to_tell
from services.intake.notes import notes_of
from services.models import Case
from services.reporting.views import ClaimHead

router = APIRouter(tags=["报案"])


class ToldBody(BaseModel):
    """The missing addressee was told."""

    model_config = example(addressee="insurer", at="2026-03-20T15:00:00+08:00", words="致电 95511，接听人工号 0000，已登记")

    addressee: Literal["committee", "insurer"]
    at: AwareDatetime
    words: Text


class ToTellView(BaseModel):
    """Somebody who still has to be told of a report, by the end of `due_on`."""

    case_no: str
    claim_no: str
    plan: str
    policy_no: str | None
    addressee: str
    due_on: date
    late: bool


class Joining(BaseModel):
    """The case of the same event, and why."""

    model_config = example(into="BANX2026-0001-017", reason="电话已报，同一次确诊")

    into: str
    reason: Text


class Apart(BaseModel):
    """The other case, and why it is another event."""

    model_config = example(other="BANX2026-0001-017", reason="左、右侧先后两次原发，病理不同")

    other: str
    reason: Text


class Cancelling(BaseModel):
    """Why a claim should not be there."""

    model_config = example(ground="duplicate", reason="与 NX2026-0001-017 为同一事件")

    ground: Literal["duplicate", "mistake"]
    reason: Text


class Joined(BaseModel):
    """`done`: the case is joined; else a second person confirms."""

    done: bool
    case: CaseAndClaims


class NoteView(BaseModel):
    """What was said at a report that is no form."""

    id: uuid.UUID
    channel: str
    reporter_name: str
    relation: str | None
    line: str | None
    number_called: str | None
    caller_phone: str | None
    called_at: datetime | None
    said: str | None
    event: dict[str, object]
    hospital: str | None
    reported_on: date
    at: datetime


@router.get("/cases/to-tell", response_model=list[ToTellView], summary="尚未转告的报案（当日须转告另一方）")
def open_first_notices(call: Reading) -> list[ToTellView]:
    """Within the caller's region, the oldest first."""
    return [_to_tell(row) for row in call.read(lambda session: to_tell(session, today=call.today))]


def _to_tell(row: ToTell) -> ToTellView:
    return ToTellView(case_no=row.case_no, claim_no=row.claim_no, plan=row.plan, policy_no=row.policy_no, addressee=row.addressee,
                      due_on=row.due_on, late=row.late)


@router.post("/cases/{case_no}/told", response_model=CaseAndClaims, summary="登记已转告另一方")
def told(call: Doing, case_no: str, body: ToldBody) -> Response:
    """Stops the day's clock."""
    def run(session: Session) -> CaseAndClaims:
        found = case_in_sight(call, session, case_no)
        return both(session, intake.tell(session, case_id=found.id, **body.model_dump(), actor=call.actor, now=call.now))
    return call.act(body, run, status=200)


@router.post("/cases/{case_no}/join", response_model=Joined, summary="并入同一事件的报案（有案件注销的，须另一人确认）")
def join(call: Doing, case_no: str, body: Joining) -> Response:
    """Note, papers and new claims go over."""
    def run(session: Session) -> Joined:
        found, into = case_in_sight(call, session, case_no), case_in_sight(call, session, body.into)
        intake.join(session, case_id=found.id, into_id=into.id, reason=body.reason, actor=call.actor, now=call.now)
        return _joined(session, found)
    return call.act(body, run, status=200)


@router.post("/cases/{case_no}/join/confirm", response_model=Joined, summary="另一人确认并入")
def confirm_join(call: Doing, case_no: str, body: Nothing) -> Response:
    """Doubled claims are cancelled, their papers go to the claims that stay."""
    def run(session: Session) -> Joined:
        found = case_in_sight(call, session, case_no)
        intake.confirm_join(session, case_id=found.id, actor=call.actor, now=call.now)
        return _joined(session, found)
    return call.act(body, run, status=200)


def _joined(session: Session, case: Case) -> Joined:
    session.refresh(case)
    return Joined(done=case.joined_into is not None, case=both(session, case))


@router.post("/cases/{case_no}/apart", response_model=CaseAndClaims, summary="不是同一事件（写明理由）")
def keep_apart(call: Doing, case_no: str, body: Apart) -> Response:
    """The offer does not come again."""
    def run(session: Session) -> CaseAndClaims:
        found, other = case_in_sight(call, session, case_no), case_in_sight(call, session, body.other)
        intake.keep_apart(session, case_id=found.id, other_id=other.id, reason=body.reason, actor=call.actor, now=call.now)
        return both(session, found)
    return call.act(body, run, status=200)


@router.get("/cases/{case_no}/notes", response_model=list[NoteView], summary="电话记录及并入的报案（留痕）")
def notes(call: Reading, case_no: str) -> list[NoteView]:
    """Words about an illness: who reads them is recorded."""
    return call.note(lambda session: [NoteView.model_validate(note) for note in notes_of(
        session, case_in_sight(call, session, case_no), actor=call.actor, now=call.now)])


@router.post("/claims/{claim_no}/cancellation", response_model=ClaimHead, summary="提出注销重复或误录的案件")
def ask_cancel(call: Changing, claim_no: str, body: Cancelling) -> Response:
    """Nothing is cancelled before another person confirms."""
    return change(call, claim_no, body, lambda session, found: intake.ask_cancel(
        session, claim_id=found.id, version=call.version, ground=body.ground, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/cancellation/confirm", response_model=ClaimHead, summary="另一人确认注销")
def confirm_cancel(call: Changing, claim_no: str, body: Nothing) -> Response:
    """By the office, never by the person who asked."""
    return change(call, claim_no, body, lambda session, found: intake.confirm_cancel(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/cancellation/withdraw", response_model=ClaimHead, summary="撤回注销，案件继续")
def drop_request(call: Changing, claim_no: str, body: Reason) -> Response:
    """The claim goes on."""
    return change(call, claim_no, body, lambda session, found: intake.drop_request(
        session, claim_id=found.id, reason=body.reason, actor=call.actor, now=call.now))
