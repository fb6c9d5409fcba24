"""The chain's further verbs: hand a level on, take it over, correct a grade, see what changed, stock phrases."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Text, example
from services.api.calls import Changing, Doing, Reading
from services.api.routes.accounts import Done
from services.api.rows import change, claim, looked
from services.core.clock import business_day
from services.reporting.views import ClaimHead
from services.review import looks
from services.review import phrases as stock
from services.review import queries as review_queries
from services.review import service as review

router = APIRouter(tags=["审核"])


class Delegation(BaseModel):
    """To whom and why."""

    model_config = example(to_account="0195f2c4-0000-7000-8000-000000000009", reason="出差一周，转交同事")

    to_account: uuid.UUID = Field(description="账号，取自 GET /claims/{claim_no}/colleagues")
    reason: Text


class Why(BaseModel):
    """In one's own words."""

    model_config = example(reason="经办人离岗，时限将届")

    reason: Text


class Regrade(BaseModel):
    """The corrected grade."""

    model_config = example(fact="severity", value="severe", reason="出院记录载明三支病变，符合重度")

    fact: Literal["severity", "disability_items", "disability_grades"]
    value: Annotated[str, Field(max_length=40)] | Annotated[list[int], Field(min_length=1, max_length=40)] = Field(
        description="severity 为文字，伤残项目和等级为整数列表")
    reason: Text


class ColleagueView(BaseModel):
    """Somebody who may act on the open level."""

    account_id: uuid.UUID
    name: str
    absent: bool = Field(description="休假中，已有代理人")


class ChangeView(BaseModel):
    """One thing that changed."""

    kind: Literal["fact", "paper", "input", "line", "payee"]
    label: str
    old: str | None
    new: str | None
    who: str | None
    at: datetime | None


class ChangesView(BaseModel):
    """Since the caller's own last look; none before: `since` is empty."""

    since: datetime | None
    digest: str
    items: list[ChangeView]


class StandingView(BaseModel):
    """A passed level; `stands`: it passed on the facts as they are now."""

    level: str
    name: str
    stands: bool


class HeldView(BaseModel):
    """A hold that stands."""

    reason: str
    words: str
    by: str
    since: datetime


class ChainView(BaseModel):
    """Which approvals stand and by what rule; the hold, if any."""

    rule: list[str]
    passed: list[StandingView]
    held: HeldView | None


class PhraseView(BaseModel):
    """Words an organisation uses with a reason code."""

    id: uuid.UUID
    reason: str
    words: str
    organisation: str
    own: bool


class NewPhrase(BaseModel):
    """A phrase of the caller's organisation."""

    model_config = example(reason="papers_unclear", words="影像模糊，请在光线充足处重新拍摄")

    reason: Text = Field(description="理由代码，见 GET /reasons")
    words: Text


@router.get("/claims/{claim_no}/colleagues", response_model=list[ColleagueView], summary="可以办理当前审核级的同事")
def colleagues(call: Reading, claim_no: str) -> list[ColleagueView]:
    """Separation of persons checked."""
    found = call.read(lambda session: review_queries.colleagues(
        session, claim(call, session, claim_no).id, on=business_day(call.now)))
    return [ColleagueView.model_validate(one, from_attributes=True) for one in found]


@router.post("/claims/{claim_no}/delegate", response_model=ClaimHead, summary="把当前审核级转交指定同事（领取人或负责人）")
def delegate(call: Changing, claim_no: str, body: Delegation) -> Response:
    """Recorded on the claim."""
    return change(call, claim_no, body, lambda session, found: review.delegate(
        session, claim_id=found.id, version=call.version, to_account=body.to_account, reason=body.reason, actor=call.actor,
        now=call.now))


@router.post("/claims/{claim_no}/take-over", response_model=ClaimHead, summary="负责人收回当前审核级自行办理")
def take_over(call: Changing, claim_no: str, body: Why) -> Response:
    """From whoever has it."""
    return change(call, claim_no, body, lambda session, found: review.take_over(
        session, claim_id=found.id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/regrade", response_model=ClaimHead, summary="更正病情或伤残分级（写明理由，重新核算并逐级重审）")
def regrade(call: Changing, claim_no: str, body: Regrade) -> Response:
    """Who corrects it does not take the decision."""
    return change(call, claim_no, body, lambda session, found: review.regrade(
        session, claim_id=found.id, version=call.version, fact=body.fact, value=body.value, reason=body.reason,
        actor=call.actor, now=call.now))


@router.get("/claims/{claim_no}/changes", response_model=ChangesView, summary="本人上次查看以来的变动")
def changes(call: Reading, claim_no: str) -> ChangesView:
    """Health data: every look is recorded."""
    def run(session: Session) -> ChangesView:
        found = claim(call, session, claim_no)
        looked(call, session, found, "changes")
        return ChangesView.model_validate(looks.changes_since(session, found.id, call.actor.person_id), from_attributes=True)
    return call.note(run)


@router.post("/claims/{claim_no}/looks", response_model=ClaimHead, summary="已查看变动：下次只列此后的变动")
def look(call: Changing, claim_no: str, body: Nothing) -> Response:
    """Passing or returning a level says so too."""
    return change(call, claim_no, body, lambda session, found: review.look(
        session, claim_id=found.id, actor=call.actor, now=call.now))


@router.get("/claims/{claim_no}/chain", response_model=ChainView, summary="哪些审核意见继续有效；暂停由谁、何时")
def chain(call: Reading, claim_no: str) -> ChainView:
    """The stated rule, and what it says of each passed level."""
    def run(session: Session) -> ChainView:
        found = claim(call, session, claim_no)
        rule, passed = review_queries.standing(session, found.id)
        return ChainView.model_validate({"rule": list(rule), "passed": passed, "held": review_queries.held(session, found.id)},
                                        from_attributes=True)
    return call.read(run)


@router.get("/phrases", response_model=list[PhraseView], summary="本组织及上级组织的常用语")
def phrases(call: Reading, reason: Annotated[str | None, Query(max_length=60)] = None) -> list[PhraseView]:
    """Own ones first."""
    found = call.read(lambda session: stock.phrases(session, call.actor, reason=reason))
    return [PhraseView.model_validate(one, from_attributes=True) for one in found]


@router.post("/phrases", response_model=PhraseView, status_code=201, summary="新增本组织的常用语")
def add_phrase(call: Doing, body: NewPhrase) -> Response:
    """Offered here and below."""
    return call.act(body, lambda session: PhraseView.model_validate(review.add_phrase(
        session, reason=body.reason, words=body.words, actor=call.actor, now=call.now), from_attributes=True))


@router.post("/phrases/{phrase_id}/retire", response_model=Done, summary="停用常用语")
def retire_phrase(call: Doing, phrase_id: uuid.UUID, body: Nothing) -> Response:
    """What was written with it stays."""
    def run(session: Session) -> Done:
        review.retire_phrase(session, phrase_id=phrase_id, actor=call.actor, now=call.now)
        return Done()
    return call.act(body, run, status=200)
