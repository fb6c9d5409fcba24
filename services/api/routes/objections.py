"""After the decision: objections, corrections by two persons, and what a later round found."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from services.api.bodies import Nothing, Reason, Text, example
from services.api.calls import Call, Changing, Doing, Reading
from services.api.rows import change, claim, hold, looked
from services.audit import service as audit
from services.core.money import show, to_yuan
from services.models import Objection, Receivable, Reopening
from services.payment import receivables as owed
from services.reporting.views import ClaimHead
from services.review import after_queries as after
from services.review import amendment, objection, upholding

router = APIRouter(tags=["异议与更正"])
Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=objection.LONGEST)]


class Grounds(BaseModel):
    """Why the decision is wrong, and on which papers (already uploaded, kind `objection` or any other) that rests."""

    model_config = example(grounds="病理会诊报告已更正为浸润性癌，应按恶性肿瘤给付", papers=[])

    grounds: Long
    papers: list[uuid.UUID] = Field(default_factory=list, max_length=50)
    late_reason: Text | None = Field(None, description="过了异议期限时必填")


class Words(BaseModel):
    """What the letter says."""

    model_config = example(words="逾期三个月，所述原因没有证明")

    words: Long


class Seen(BaseModel):
    """The digest of the facts that the reviewer was shown (see GET /worklist)."""

    model_config = example(seen="9f2c…（案件的 digest）")

    seen: Text


class Change(BaseModel):
    """One thing put right."""

    model_config = example(what="住院天数", old="12", new="14")

    what: Text
    old: Text
    new: Text


class Correction(BaseModel):
    """What is wrong in a decided claim. `fact` comes with the whole corrected event, any other kind with `changes`."""

    model_config = example(kind="clerical", why="录入错误", changes=[{"what": "医院名称", "old": "示例医院", "new": "示例市第一医院"}])

    kind: Literal["fact", "amount", "card", "clerical", "other"]
    why: Text
    changes: list[Change] = Field(default_factory=list, max_length=amendment.MOST_CHANGES)
    event: dict[str, Any] | None = None


class ObjectionView(BaseModel):
    """One objection. `version` goes into If-Match."""

    id: uuid.UUID
    claim_no: str
    state: str
    version: int
    round: int
    grounds: str
    papers: list[uuid.UUID]
    lodged_at: datetime
    late: bool
    late_reason: str | None
    accepted_at: datetime | None
    result: str | None
    result_words: str | None
    decided_at: datetime | None
    withdrawn_at: datetime | None


class RoundView(BaseModel):
    """A later round, or a correction that waits for its second person (`confirmed_at` empty). Sums in yuan."""

    id: uuid.UUID
    ground: str
    kind: str | None
    changes: list[dict[str, str]]
    why: str
    asked_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    round: int | None
    before: str
    lapsed: str
    after: str | None
    result: str | None
    concluded_at: datetime | None


class Agreement(BaseModel):
    """What the member agreed to."""

    model_config = example(agreement="分两期返还，4月底、5月底各7000元")

    agreement: Text


class Came(BaseModel):
    """Money that came back."""

    model_config = example(amount="7000.00", reference="B20260430001")

    amount: Decimal = Field(examples=["7000.00"])
    reference: Text


class ReceivableView(BaseModel):
    """What is to be given back, in yuan; `version` goes into If-Match."""

    id: uuid.UUID
    claim_no: str
    state: str
    version: int
    round: int
    amount: str
    received: str
    agreement: str | None
    write_off_reason: str | None


def _shown(row: Objection, claim_no: str) -> ObjectionView:
    return ObjectionView(claim_no=claim_no, **row.model_dump(include=set(ObjectionView.model_fields) - {"claim_no"}))


def _round(row: Reopening) -> RoundView:
    return RoundView(**row.model_dump(include=set(RoundView.model_fields)), before=_yuan(row.before_fen), lapsed=_yuan(row.lapsed_fen),
                     after=None if row.after_fen is None else _yuan(row.after_fen))


def _seen(call: Call, session: Session, claim_no: str) -> uuid.UUID:
    found = claim(call, session, claim_no)
    looked(call, session, found, "objections")
    return found.id


def _yuan(fen: int) -> str:
    return show(to_yuan(fen))


@router.get("/claims/{claim_no}/objections", response_model=list[ObjectionView], summary="一案的异议")
def of_claim(call: Reading, claim_no: str) -> list[ObjectionView]:
    """Oldest first; who else looked is recorded."""
    return call.note(lambda session: [_shown(row, claim_no) for row in after.objections_of(session, _seen(call, session, claim_no))])


@router.get("/objections", response_model=list[ObjectionView], summary="待受理的异议")
def waiting(call: Reading) -> list[ObjectionView]:
    """Within the caller's region, oldest first; who looked is recorded with each claim."""
    def run(session: Session) -> list[ObjectionView]:
        found, account = after.objections_waiting(session), call.actor.account_id
        assert account is not None
        for row, _ in found:
            audit.looked(session, org_key=row.org_key, account=account, claim_id=row.claim_id, what="objections", reason=None, at=call.now)
        return [_shown(row, number) for row, number in found]
    return call.note(run)


@router.post("/claims/{claim_no}/objections", response_model=ObjectionView, status_code=201, summary="提出异议")
def lodge(call: Doing, claim_no: str, body: Grounds) -> Response:
    """Against the present decision; late is a flag, not a bar."""
    def run(session: Session) -> ObjectionView:
        made = objection.lodge(session, claim_id=claim(call, session, claim_no).id, **body.model_dump(), actor=call.actor, now=call.now)
        return _shown(made, claim_no)
    return call.act(body, run)


def _on(call: Call, objection_id: uuid.UUID, body: BaseModel, verb: Callable[..., object]) -> Response:
    def run(session: Session) -> ObjectionView:
        hold(call, session, Objection, objection_id)
        verb(session, objection_id=objection_id, version=call.version, actor=call.actor, now=call.now)
        session.flush()
        return _shown(*after.objection_of(session, objection_id))
    return call.act(body, run, status=200)


@router.post("/objections/{objection_id}/accept", response_model=ObjectionView, summary="受理异议：由其他人员重新审核")
def accept(call: Changing, objection_id: uuid.UUID, body: Nothing) -> Response:
    """A round begins in which nobody who decided before may act; a late one is the head's to accept."""
    return _on(call, objection_id, body, objection.accept)


@router.post("/objections/{objection_id}/dismiss", response_model=ObjectionView, summary="主任对逾期异议决定不再审核")
def dismiss(call: Changing, objection_id: uuid.UUID, body: Words) -> Response:
    """Only late, or past the limitation."""
    return _on(call, objection_id, body, lambda session, **more: objection.dismiss(session, words=body.words, **more))


@router.post("/objections/{objection_id}/withdraw", response_model=ObjectionView, summary="撤回异议")
def withdraw(call: Changing, objection_id: uuid.UUID, body: Reason) -> Response:
    """By the objector, or a clerk with the signed paper `objection_withdrawal`."""
    return _on(call, objection_id, body, lambda session, **more: objection.withdraw_objection(session, reason=body.reason, **more))


@router.post("/claims/{claim_no}/uphold", response_model=ClaimHead, summary="重新审核后没有应补付的金额")
def uphold(call: Changing, claim_no: str, body: Seen) -> Response:
    """At the deciding level of a later round; what was paid too much is asked back."""
    return change(call, claim_no, body, lambda session, found: upholding.uphold(
        session, claim_id=found.id, version=call.version, seen=body.seen, actor=call.actor, now=call.now))


@router.get("/claims/{claim_no}/rounds", response_model=list[RoundView], summary="一案的重新审核与更正")
def rounds(call: Reading, claim_no: str) -> list[RoundView]:
    """Oldest first, with sums before and after; who else looked is recorded."""
    return call.note(lambda session: [_round(row) for row in after.reopenings_of(session, _seen(call, session, claim_no))])


@router.post("/claims/{claim_no}/corrections", response_model=ClaimHead, summary="提出更正（须另一人确认）")
def ask(call: Changing, claim_no: str, body: Correction) -> Response:
    """Of a decided claim: what, as it was, as it should be, and why."""
    return change(call, claim_no, body, lambda session, found: amendment.ask_amendment(
        session, claim_id=found.id, version=call.version, **body.model_dump(), actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/corrections/confirm", response_model=ClaimHead, summary="确认更正：开始新一轮审核")
def confirm(call: Changing, claim_no: str, body: Nothing) -> Response:
    """By another person, senior or head."""
    return change(call, claim_no, body, lambda session, found: amendment.confirm_amendment(
        session, claim_id=found.id, version=call.version, actor=call.actor, now=call.now))


@router.post("/claims/{claim_no}/corrections/drop", response_model=ClaimHead, summary="撤回更正")
def drop(call: Changing, claim_no: str, body: Reason) -> Response:
    """The decision stands."""
    return change(call, claim_no, body, lambda session, found: amendment.drop_amendment(
        session, claim_id=found.id, reason=body.reason, actor=call.actor, now=call.now))


@router.get("/receivables", response_model=list[ReceivableView], summary="待返还的款项")
def receivables(call: Reading) -> list[ReceivableView]:
    """Open and agreed ones."""
    return call.read(lambda session: [_owed(row, number) for row, number in after.receivables_open(session)])


def _owed(row: Receivable, claim_no: str) -> ReceivableView:
    fields = row.model_dump(include={"id", "state", "version", "round", "agreement", "write_off_reason"})
    return ReceivableView(**fields, claim_no=claim_no, amount=_yuan(row.amount_fen), received=_yuan(row.received_fen))


def _on_receivable(call: Call, receivable_id: uuid.UUID, body: BaseModel, verb: Callable[[Session], object]) -> Response:
    def run(session: Session) -> ReceivableView:
        hold(call, session, Receivable, receivable_id)
        verb(session)
        session.flush()
        return _owed(*after.receivable_of(session, receivable_id))
    return call.act(body, run, status=200)


@router.post("/receivables/{receivable_id}/agree", response_model=ReceivableView, summary="登记返还协议")
def agree(call: Changing, receivable_id: uuid.UUID, body: Agreement) -> Response:
    """Nothing is taken without it."""
    return _on_receivable(call, receivable_id, body, lambda session: owed.agree(
        session, receivable_id=receivable_id, version=call.version, agreement=body.agreement, actor=call.actor, now=call.now))


@router.post("/receivables/{receivable_id}/receive", response_model=ReceivableView, summary="登记收到返还款（可分次）")
def receive(call: Changing, receivable_id: uuid.UUID, body: Came) -> Response:
    """The last part closes it."""
    return _on_receivable(call, receivable_id, body, lambda session: owed.receive(
        session, receivable_id=receivable_id, version=call.version, amount=body.amount, reference=body.reference, actor=call.actor,
        now=call.now))


@router.post("/receivables/{receivable_id}/propose-write-off", response_model=ReceivableView, summary="提出免予返还")
def propose_write_off(call: Changing, receivable_id: uuid.UUID, body: Reason) -> Response:
    """Another person must agree."""
    return _on_receivable(call, receivable_id, body, lambda session: owed.propose_write_off(
        session, receivable_id=receivable_id, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/receivables/{receivable_id}/write-off", response_model=ReceivableView, summary="同意免予返还")
def write_off(call: Changing, receivable_id: uuid.UUID, body: Nothing) -> Response:
    """By another person than the one who proposed."""
    return _on_receivable(call, receivable_id, body, lambda session: owed.write_off(
        session, receivable_id=receivable_id, version=call.version, actor=call.actor, now=call.now))
