"""Reports (报案) and consents."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, example
from services.api.calls import Call, Doing, Reading
from services.api.matching import CoverAnswer
from services.api.routes.accounts import Done
from services.audit import service as audit
from services.intake import drafts
from services.intake import service as intake
from services.intake.duplicates import PossibleDuplicate, possible_duplicates
from services.intake.queries import require_own
from services.models import Case
from services.reporting import claims
from services.reporting.views import CaseView, ClaimHead

router = APIRouter(tags=["报案"])


class PhoneNote(BaseModel):
    """Who called whom, when, and what was said: the day of the call is the report's day."""

    model_config = example(line="95511", caller="王示例", relation="丈夫", called_at="2026-03-18T10:30:00+08:00",
                           number_called="95511", said="妻子确诊乳腺癌，在示例市人民医院住院")

    line: Literal["95511", "office"] = Field(description="保险公司报案电话，或工会办事处电话")
    caller: Text
    called_at: AwareDatetime
    number_called: Text
    said: Text
    caller_phone: Text | None = None
    relation: Text | None = Field(None, description="来电人与会员的关系")


class NewReport(BaseModel):
    """Who, what happened, and to whom it was told when."""

    model_config = example(
        id_number="640104198803150028", channel="clerk", hospital="示例市人民医院", reported_on="2026-03-20",
        event={"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10",
               "diagnosed_on": "2026-03-16"})

    id_number: str | None = Field(None, description="身份证号；会员为本人报案可不填")
    person_id: uuid.UUID | None = None
    event: dict[str, Any] = Field(description="事件，字段见 GET /plans/{plan}/schema")
    hospital: Text | None = None
    channel: Literal["member", "clerk", "phone", "insurer", "api"]
    reported_on: date | None = Field(None, description="实际报案日，不填为当日")
    late_reason: Text | None = Field(None, description="逾期报案的原因")
    committee_told_at: AwareDatetime | None = None
    insurer_told_at: AwareDatetime | None = None
    call: PhoneNote | None = Field(None, description="电话记录，channel 为 phone 时必填")
    join: str | None = Field(None, description="同一事件已受理的，写其报案编号，并入该报案")
    apart: Text | None = Field(None, description="与已受理的不是同一事件的理由")
    draft_id: uuid.UUID | None = Field(None, description="由草稿而来：报案后草稿删去")


class LikenessView(BaseModel):
    """One reason why two reports may be one event."""

    code: str = Field(examples=["same_hospital"])
    text: str


class PossibleDuplicateView(BaseModel):
    """Another case of the person that may be the same event: to be joined or kept apart by a person."""

    case_no: str
    event_day: date
    hospital: str | None
    claim_nos: list[str]
    reasons: list[LikenessView]
    asked: bool = Field(description="已有人提出并入，等待另一人确认")


class CaseAndClaims(BaseModel):
    """A report, the claims it opened, one a plan, what each cover answered at the report, and what it may double."""

    case: CaseView
    claims: list[ClaimHead]
    answers: list[CoverAnswer]
    possible_duplicates: list[PossibleDuplicateView]
    joined_into: str | None = Field(None, description="已并入的报案编号")


class Happened(BaseModel):
    """Whose covers are asked about which event."""

    model_config = example(
        id_number="640104198803150028", event={"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3",
                                               "diagnosed_on": "2026-03-16", "stays": [{"days": 10}]})

    id_number: str | None = Field(None, description="身份证号；会员问本人可不填")
    person_id: uuid.UUID | None = None
    event: dict[str, Any] = Field(description="事件，字段见 GET /plans/{plan}/schema；一次事件问所有保障")
    hospital: Text | None = None


class Answers(BaseModel):
    """What each cover would answer; `opens` of them would open a claim."""

    answers: list[CoverAnswer]
    opens: int
    last_timely_day: date | None = Field(description="报案期限的最后一天；没有可受理的保障或不设期限则为空")
    count_words: str | None = Field(description="期限是怎样计算的")
    late: bool = Field(description="今天报案已超过期限：须写明原因，不会仅因此不予给付")
    possible_duplicates: list[PossibleDuplicateView] = Field(description="可能是同一事件的已有报案")


class NewConsent(BaseModel):
    """A separate consent for one purpose."""

    model_config = example(purpose="insurer")

    purpose: Literal["insurer", "processing"]
    paper_sha256: str | None = Field(None, description="签名同意书的摘要")


class OldConsent(BaseModel):
    """The purpose whose consent is taken back."""

    model_config = example(purpose="insurer")

    purpose: Literal["insurer", "processing"]


@router.post("/cases", response_model=CaseAndClaims, status_code=201, summary="报案：找出每份保障，各开一案")
def report(call: Doing, body: NewReport) -> Response:
    """A late report needs its reason and is never refused for being late."""
    words = body.model_dump(exclude={"call", "draft_id"})
    said = intake.PhoneCall(**body.call.model_dump()) if body.call else None

    def run(session: Session) -> CaseAndClaims:
        case = intake.report(session, **words, call=said, actor=call.actor, now=call.now)
        if body.draft_id:
            drafts.drop(session, draft_id=body.draft_id, actor=call.actor)
        return both(session, case)
    return call.act(body, run)


@router.post("/cases/preview", response_model=Answers, summary="报案试问：哪些保障受理，哪些不受理及理由（不留存）")
def preview(call: Doing, body: Happened) -> Answers:
    """By POST, so that the number stays out of addresses; nothing is kept, so a repeat gives the same answer."""
    asked = call.read(lambda session: intake.preview(session, **body.model_dump(), actor=call.actor, now=call.now))
    answers = [CoverAnswer.model_validate(answer.to_dict()) for answer in asked.answers]
    return Answers(answers=answers, opens=sum(answer.opens for answer in answers), late=asked.late,
                   last_timely_day=asked.nearest.due if asked.nearest else None,
                   count_words=asked.nearest.words if asked.nearest else None,
                   possible_duplicates=[_offered(found) for found in asked.like])


def both(session: Session, case: Case) -> CaseAndClaims:
    """A case as it now stands."""
    into = session.get(Case, case.joined_into) if case.joined_into else None
    return CaseAndClaims(case=claims.case_view(session, case.id), claims=claims.listed(session, case_id=case.id),
                         answers=[CoverAnswer.model_validate(answer) for answer in case.answers],
                         possible_duplicates=[_offered(found) for found in possible_duplicates(session, case)],
                         joined_into=into.case_no if into else None)


def _offered(found: PossibleDuplicate) -> PossibleDuplicateView:
    return PossibleDuplicateView(
        case_no=found.case_no, event_day=found.event_day, hospital=found.hospital, claim_nos=list(found.claim_nos),
        reasons=[LikenessView(code=reason.code, text=reason.text) for reason in found.reasons], asked=found.asked)


@router.get("/cases/{case_no}", response_model=CaseAndClaims, summary="一次报案及其各案")
def case(call: Reading, case_no: str) -> CaseAndClaims:
    """The sum of a case is what the member asks about; who else looked is recorded."""
    def run(session: Session) -> CaseAndClaims:
        found = case_in_sight(call, session, case_no)
        if call.actor.account_id and call.actor.person_id != found.person_id:
            audit.looked(session, org_key=found.org_key, account=call.actor.account_id, claim_id=None, what=f"case_papers:{case_no}",
                         reason=None, at=call.now)
        return both(session, found)
    return call.note(run)


def case_in_sight(call: Call, session: Session, case_no: str) -> Case:
    """The case of a number, if this caller may see it."""
    found = claims.case_by_no(session, case_no)
    require_own(session, call.actor, found.person_id)
    return found


def whole(call: Call) -> Call:
    """Who is nothing but a member acts on all that is hers, also at a unit she left."""
    return replace(call, actor=call.actor.anywhere(call.wiring.root.org_path))


@router.post("/cases/{case_no}/consents", response_model=Done, status_code=201, summary="登记单独同意")
def consent(call: Doing, case_no: str, body: NewConsent) -> Response:
    """Without `insurer` nothing goes to the insurer."""
    call = whole(call)

    def run(session: Session) -> Done:
        intake.record_consent(session, case_id=case_in_sight(call, session, case_no).id, purpose=body.purpose,
                              paper_sha256=body.paper_sha256, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run)


@router.post("/cases/{case_no}/consents/withdraw", response_model=Done, summary="撤回同意")
def withdraw_consent(call: Doing, case_no: str, body: OldConsent) -> Response:
    """Nothing more goes out under it; what went out stays recorded."""
    call = whole(call)

    def run(session: Session) -> Done:
        intake.withdraw_consent(session, case_id=case_in_sight(call, session, case_no).id, purpose=body.purpose,
                                actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)
