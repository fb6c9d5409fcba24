"""Pay runs with maker and checker, the bank's files, corrected accounts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Query, Response, UploadFile
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Page, Reason, Text, content_of, example, fingerprint
from services.api.calls import Call, Changing, Doing, Reading, etag
from services.api.rows import hold, missing, stale
from services.core.money import show, to_yuan
from services.models import Payment, PaymentRun
from services.payment import queries as payment_queries
from services.payment import service as payment
from services.reporting import attached, paying, settled_lines
from services.reporting.views import PaymentView
from services.settlement.paying import service as settling
from services.storage import service as storage
from statemachines.states import PaymentRunState, PaymentState

router = APIRouter(tags=["付款"])


class NewRun(BaseModel):
    """Which plan's fund, and the bank we pay from; with `settlement_id`, what of that settlement waits."""

    model_config = example(plan="xj-women", bank="ICBC")

    plan: Text
    bank: Text
    settlement_id: uuid.UUID | None = None


class RunView(BaseModel):
    """A pay run."""

    id: uuid.UUID
    run_no: str
    plan: str
    bank: str
    state: str
    version: int
    count: int
    total: str
    made_at: datetime
    released_at: datetime | None
    sent_at: datetime | None
    file_name: str | None
    file_sha256: str | None
    settlement_id: uuid.UUID | None      # it carries that settlement's lines


class LimitView(BaseModel):
    """A limit (单笔 payment, 单批 run, 单日 day) and what the run comes to against it, yuan."""

    kind: str
    limit: str
    amount: str
    over: bool


class RunAndPayments(RunView):
    """A run with its payments and, until it is released, its limits. A settlement's come in pages: go on `after` the line `next`."""

    payments: list[PaymentView]
    next: int | None = None
    limits: list[LimitView] = []
    allowed_over: str | None = None      # who allowed it above its limits


class RunPage(Page):
    """Runs, newest first."""

    items: list[RunView]


class Exclusion(BaseModel):
    """Payments to take out of their runs."""

    model_config = example(payment_ids=["0195f2c4-0000-7000-8000-00000000000a"], reason="收款账户待核实")

    payment_ids: list[uuid.UUID] = Field(min_length=1, max_length=500)
    reason: Text


class Excluded(BaseModel):
    """How many were taken out."""

    excluded: int


class Card(BaseModel):
    """The payee's other account."""

    model_config = example(bank="CCB", number="6217000010012345674", holder="李示例")

    bank: Text
    number: Text
    holder: Text


class UnmatchedLine(BaseModel):
    """A line of the bank's file that moved nothing, and why."""

    line_no: int
    reference: str
    fault: str


class KeptLine(UnmatchedLine):
    """One of them as it is kept, for a person to look into."""

    id: uuid.UUID
    file_sha256: str
    kind: str
    amount: str
    at: datetime


class ReturnView(BaseModel):
    """What a return file did."""

    file_sha256: str
    lines: int
    credited: int
    returned: int
    repeated: bool
    unmatched: list[UnmatchedLine]


def _run(row: PaymentRun) -> RunView:
    return RunView(**row.model_dump(include=set(RunView.model_fields)), total=show(to_yuan(row.total_fen)))


@router.get("/payment-runs", response_model=RunPage, summary="付款批次")
def runs(call: Reading, state: Annotated[list[PaymentRunState] | None, Query()] = None, after: str | None = None,
         limit: Annotated[int, Query(ge=1, le=200)] = 50) -> RunPage:
    """Newest first; `after` is the last run number of the page before."""
    items = call.read(lambda session: [_run(row) for row in payment_queries.runs(
        session, states=state or (), limit=limit, after=after)])
    return RunPage(items=items, next=items[-1].run_no if len(items) == limit else None)


@router.post("/payment-runs", response_model=RunView, status_code=201, summary="制单：汇集可付款项")
def build_run(call: Doing, body: NewRun) -> Response:
    """Payments that are not ready are left for later."""
    def run(session: Session) -> RunView:
        if body.settlement_id:
            return _run(settling.build_again(session, settlement_id=body.settlement_id, bank=body.bank, actor=call.actor, now=call.now))
        return _run(payment.build_run(session, plan=body.plan, bank=body.bank, actor=call.actor, now=call.now))
    return call.act(body, run)


@router.get("/payment-runs/{run_id}", response_model=RunAndPayments, summary="一个批次与其各笔付款")
def run_of(call: Reading, run_id: uuid.UUID, response: Response, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
           limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> RunAndPayments:
    """Accounts are masked. `after` and `limit` page through a settlement's lines."""
    def run(session: Session) -> RunAndPayments:
        row = session.get(PaymentRun, run_id)
        if row is None:
            raise missing()
        against, word = paying.limits(session, row.run_no, call.now)
        part = settled_lines.of_run(session, run_id, after=after, limit=limit) if row.settlement_id else None
        return RunAndPayments(
            **_run(row).model_dump(), payments=part.lines if part else attached.payments(session, run_id=run_id),
            next=part.last if part else None, allowed_over=word.person if word else None,
            limits=[LimitView(kind=one.kind, limit=show(to_yuan(one.limit_fen)), amount=show(to_yuan(one.fen)), over=one.over)
                    for one in against])
    shown = call.read(run)
    response.headers["ETag"] = etag(shown.version)
    return shown


def _change_run(call: Call, run_id: uuid.UUID, body: BaseModel, verb: Callable[[Session], PaymentRun]) -> Response:
    def run(session: Session) -> RunView:
        hold(call, session, PaymentRun, run_id, of_claim=False)
        done = verb(session)
        session.refresh(done)
        return _run(done)
    return call.act(body, run, status=200)


@router.post("/payment-runs/{run_id}/submit", response_model=RunView, summary="提交复核（仅制单人）")
def submit(call: Changing, run_id: uuid.UUID, body: Nothing) -> Response:
    """Count, total and digest are fixed."""
    return _change_run(call, run_id, body, lambda session: payment.submit(
        session, run_id=run_id, version=call.version, actor=call.actor, now=call.now))


@router.post("/payment-runs/{run_id}/release", response_model=RunView, summary="复核放行（另一人）")
def release(call: Changing, run_id: uuid.UUID, body: Nothing) -> Response:
    """Checker ≠ maker ≠ any decider; the fund covers it; nothing changed since it was submitted."""
    return _change_run(call, run_id, body, lambda session: payment.release(
        session, run_id=run_id, version=call.version, actor=call.actor, now=call.now))


@router.post("/payment-runs/{run_id}/allow-over", response_model=RunView, summary="核准超限额付款（办事处主任）")
def allow_over(call: Changing, run_id: uuid.UUID, body: Reason) -> Response:
    """For what the run holds now: a third person beside maker and checker."""
    return _change_run(call, run_id, body, lambda session: payment.allow_over(
        session, run_id=run_id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.post("/payment-runs/{run_id}/send-back", response_model=RunView, summary="退回制单人")
def send_back(call: Changing, run_id: uuid.UUID, body: Reason) -> Response:
    """With a reason."""
    return _change_run(call, run_id, body, lambda session: payment.send_back(
        session, run_id=run_id, version=call.version, reason=body.reason, actor=call.actor, now=call.now))


@router.get("/payment-runs/{run_id}/file", summary="银行报盘文件（留痕）", response_class=Response,
            responses={200: {"content": {"application/octet-stream": {}}}})
def file(call: Reading, run_id: uuid.UUID) -> Response:
    """The very bytes that were sent; who took them is recorded."""
    def taken(session: Session) -> tuple[str, str]:
        row = session.get(PaymentRun, run_id)
        if row is None:
            raise missing()
        return paying.file_taken(session, row, actor=call.actor, now=call.now)
    sha256, name = call.note(taken)
    return Response(storage.get(sha256), media_type="application/octet-stream", headers={
        "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"})


@router.post("/payments/exclude", response_model=Excluded, summary="从批次中剔除付款")
def exclude(call: Doing, body: Exclusion) -> Response:
    """A submitted run must then be submitted again."""
    def run(session: Session) -> Excluded:
        payment.exclude(session, payment_ids=body.payment_ids, reason=body.reason, actor=call.actor, now=call.now)
        return Excluded(excluded=len(body.payment_ids))
    return call.act(body, run, status=200)


@router.get("/payments", response_model=list[PaymentView], summary="付款（按状态）")
def payments(call: Reading, state: PaymentState) -> list[PaymentView]:
    """Within the caller's region."""
    return call.read(lambda session: attached.payments(session, state=state))


def hold_one(call: Call, session: Session, payment_id: uuid.UUID) -> None:
    """A claim's payment, or a settlement's, which has no claim to lock: its run is locked by the verb."""
    found = settled_lines.one(session, payment_id)
    if not found:
        hold(call, session, Payment, payment_id)
    elif call.version is not None and call.version != found[0].version:
        raise stale(call.version, found[0].version)


def payment_view(session: Session, payment_id: uuid.UUID) -> PaymentView:
    """The payment as it now stands."""
    session.flush()
    return attached.payments(session, payment_id=payment_id)[0]


@router.post("/payments/{payment_id}/card", response_model=PaymentView, summary="为退汇款项提出新账户")
def propose_card(call: Changing, payment_id: uuid.UUID, body: Card) -> Response:
    """The payee's own; another person confirms it."""
    def run(session: Session) -> PaymentView:
        hold_one(call, session, payment_id)
        payment.propose_card(session, payment_id=payment_id, **body.model_dump(), actor=call.actor, now=call.now)
        return payment_view(session, payment_id)
    return call.act(body, run, status=200)


@router.post("/payments/{payment_id}/card/confirm", response_model=PaymentView, summary="另一人确认新账户，重新列入待付")
def confirm_card(call: Changing, payment_id: uuid.UUID, body: Nothing) -> Response:
    """Attempt + 1 under the same obligation: never paid twice."""
    def run(session: Session) -> PaymentView:
        hold_one(call, session, payment_id)
        payment.confirm_card(session, payment_id=payment_id, actor=call.actor, now=call.now)
        return payment_view(session, payment_id)
    return call.act(body, run, status=200)


@router.post("/bank-returns", response_model=ReturnView, status_code=201, summary="读取银行回盘文件")
def read_return(call: Doing, file: Annotated[UploadFile, File()]) -> Response:
    """Credits and returns; the same file twice changes nothing."""
    content, name = content_of(file), file.filename or "return"

    def run(session: Session) -> ReturnView:
        done = payment.read_return(session, content=content, file_name=name, actor=call.actor, now=call.now)
        return ReturnView(file_sha256=done.file_sha256, lines=done.lines, credited=len(done.credited),
                          returned=len(done.returned), repeated=done.repeated,
                          unmatched=[UnmatchedLine(line_no=line.line_no, reference=line.reference, fault=line.fault)
                                     for line in done.unmatched])
    return call.act(fingerprint({"file_name": name}, content), run)


@router.get("/bank-returns/unmatched", response_model=list[KeptLine], summary="未能对应付款的回盘记录")
def unmatched(call: Reading, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[KeptLine]:
    """Newest first; the runbook on bank files says what each fault asks for."""
    return call.read(lambda session: [
        KeptLine(**row.model_dump(include=set(KeptLine.model_fields)), amount=show(to_yuan(row.amount_fen)))
        for row in payment_queries.unmatched_lines(session, limit)])
