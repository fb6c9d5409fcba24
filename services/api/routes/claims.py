"""Claims: lists, one in full, and what a clerk or the claimant does to one."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Page, Reason, Text, example
from services.api.calls import Changing, Reading, etag
from services.api.rows import change, claim, looked
from services.evidence import service as evidence
from services.intake import service as intake
from services.intake.queries import acts_for_self
from services.payment import service as payment
from services.reporting import claims
from services.reporting.views import ClaimHead, ClaimView
from statemachines.states import ClaimState

router = APIRouter(tags=["案件"])


class ClaimPage(Page):
    """One page of claims."""

    items: list[ClaimHead]


class Facts(BaseModel):
    """The event's facts, corrected from the papers."""

    model_config = example(reason="按病理报告补录取材日期", event={
        "kind": "diagnosis", "icd10": "C50.900", "behaviour": "3", "specimen_on": "2026-03-10",
        "diagnosed_on": "2026-03-16"})

    event: dict[str, Any]
    reason: Text


class Waiver(BaseModel):
    """A required paper to do without."""

    model_config = example(kind="hospital", reason="住院信息已由医院结算系统核实")

    kind: Text
    reason: Text


class Verifying(BaseModel):
    """Nothing more, unless pages are still to be read: then why nobody waits for that."""

    model_config = example(reason="三页均已逐页看过，不等识读")

    reason: str = Field("", max_length=500, description="还有未识读的页时必填")


class Asked(BaseModel):
    """One missing thing."""

    model_config = ConfigDict(extra="forbid")

    paper: Text = Field(examples=["pathology"])
    reason: Text = Field(examples=["缺病理诊断报告"])
    remedy: str = Field("", max_length=500, description="怎样补、到哪里办；不写的按材料种类说明",
                        examples=["向医院病理科索取，须有标本提取日期并盖章"])


class SupplementList(BaseModel):
    """Everything that is missing, at once."""

    model_config = example(items=[{"paper": "pathology", "reason": "缺病理诊断报告"}])

    items: list[Asked] = Field(min_length=1)
    reason: str | None = Field(None, description="同一轮再次告知须写理由，并由高级审核人办理")


class HeirGuardian(BaseModel):
    """Who receives for a minor; the account is the guardian's."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    id_number: str


class Heir(BaseModel):
    """Who takes the member's place, with which part."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    id_number: str
    relation: str = Field(description="第一顺序 husband、wife、spouse、child、parent、grandchild（代位）；第二顺序 sibling、"
                                      "grandparent；other 仅限指定")
    in_place_of: str | None = Field(None, max_length=50, description="代位继承的，写被代位人姓名；同一人的代位人合得其一份")
    share: tuple[int, int] | None = Field(None, examples=[[1, 2]], description="分子、分母；都不写为均等")
    bank: str
    account: str
    guardian: HeirGuardian | None = Field(None, description="未成年人的监护人，账户为监护人名下")


class Death(BaseModel):
    """The member's death and the heirs, whose shares add up to one."""

    model_config = example(died_on="2026-09-15", heirs=[
        {"name": "王示例", "id_number": "650102198001010019", "relation": "husband", "share": [1, 1], "bank": "ICBC",
         "account": "6222020200112233440"}])

    died_on: date
    heirs: list[Heir] = Field(min_length=1)
    basis: Literal["law", "named"] = Field("law", description="法定继承，或指定受益人")
    left_out: Text | None = Field(None, description="登记的第一顺序继承人没有列入的原因，如放弃继承")


@router.get("/claims", response_model=ClaimPage, summary="案件列表")
def listed(call: Reading, state: Annotated[list[ClaimState] | None, Query()] = None, plan: str | None = None,
           after: uuid.UUID | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> ClaimPage:
    """Within the caller's region, oldest first; members see their own."""
    person = call.actor.person_id if acts_for_self(call.actor) else None
    items = call.read(lambda session: claims.listed(session, states=state or (), plan=plan, person_id=person,
                                                    after=after, limit=limit))
    return ClaimPage(items=items, next=str(items[-1].id) if len(items) == limit else None)


@router.get("/claims/{claim_no}", response_model=ClaimView,
            summary="一件案件的全部：事实、材料、核定表、审核链、时限、文书、记录")
def whole(call: Reading, claim_no: str, response: Response) -> ClaimView:
    """Health data: every look is recorded. The ETag goes into If-Match of a change. What verifiers said of the automatic findings may
    speak of other people's cases: the member's record is without it."""
    def run(session: Session) -> ClaimView:
        found = claim(call, session, claim_no)
        looked(call, session, found, "claim")
        shown = claims.whole(session, found.id)
        if acts_for_self(call.actor):
            return shown.model_copy(update={"record": [entry for entry in shown.record if entry.event != "answer_finding"]})
        return shown
    shown = call.note(run)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/claims/{claim_no}/head", response_model=ClaimHead, summary="案件当前状态与版本（不含健康信息）")
def head(call: Reading, claim_no: str, response: Response) -> ClaimHead:
    """For lists and for programs that wait."""
    shown = call.read(lambda session: claims.head(session, claim(call, session, claim_no).id))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.post("/claims/{claim_no}/facts", response_model=ClaimHead, summary="按材料补正事实（核验前）")
def amend(call: Changing, claim_no: str, body: Facts) -> Response:
    """The event's kind and day stay."""
    return change(call, claim_no, body, lambda session, found: intake.amend(
        session, claim_id=found.id, version=call.version, event=body.event, reason=body.reason, actor=call.actor,
        now=call.now))


@router.post("/claims/{claim_no}/waivers", response_model=ClaimHead, summary="免交一项材料（写明理由）")
def waive(call: Changing, claim_no: str, body: Waiver) -> Response:
    """Never identity papers."""
    return change(call, claim_no, body, lambda session, found: evidence.waive(
        session, claim_id=found.id, kind=body.kind, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/verify", response_model=ClaimHead, summary="核验：材料齐全，给付时限起算")
def verify(call: Changing, claim_no: str, body: Verifying) -> Response:
    """Papers, identity, consent and separation are checked; pages that nobody has read yet need a reason."""
    return change(call, claim_no, body, lambda session, found: evidence.verify(
        session, claim_id=found.id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/supplements", response_model=ClaimHead, summary="一次性告知补充材料")
def ask(call: Changing, claim_no: str, body: SupplementList) -> Response:
    """The clock pauses when the letter is delivered."""
    return change(call, claim_no, body, lambda session, found: evidence.ask(
        session, claim_id=found.id, version=call.version, items=[item.model_dump() for item in body.items],
        reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/withdraw", response_model=ClaimHead, summary="撤回申请（须有签名的撤回书）")
def withdraw(call: Changing, claim_no: str, body: Reason) -> Response:
    """Needs the paper of kind `withdrawal`."""
    return change(call, claim_no, body, lambda session, found: intake.withdraw(
        session, claim_id=found.id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/resume", response_model=ClaimHead, summary="恢复办理（因未补件而终结的）")
def resume(call: Changing, claim_no: str, body: Nothing) -> Response:
    """Within the limitation."""
    return change(call, claim_no, body, lambda session, found: intake.resume(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/death", response_model=ClaimHead, summary="登记会员身故与继承人")
def note_death(call: Changing, claim_no: str, body: Death) -> Response:
    """Needs the paper of kind `death_proof`."""
    heirs = [heir.model_dump() for heir in body.heirs]
    return change(call, claim_no, body, lambda session, found: payment.note_death(
        session, claim_id=found.id, version=call.version, died_on=body.died_on, heirs=heirs, basis=body.basis,
        left_out=body.left_out, actor=call.actor, now=call.now))
