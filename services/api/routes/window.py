"""One-bill settlement at a hospital's window: answered at once; corrections, reversals; the day's list against ours."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Day, Page
from services.api.calls import Call, Doing, Reading
from services.api.window_bodies import Settlement, SettlementCorrection, SettlementReversal, WindowItem, WindowList
from services.core.errors import InputError
from services.core.money import show, to_fen, to_yuan
from services.settlement.window import queries, reconciling
from services.settlement.window import service as window

router = APIRouter(tags=["一单结算"])
PAGE = 500


class ShareLine(BaseModel):
    """What one benefit gives, with its clause."""

    benefit: str
    name: str
    amount: str
    clause: str
    steps: list[str]


class AdjustedShare(BaseModel):
    """Another settlement of this hospital whose share changed with this call."""

    setl_id: str
    before: str
    after: str


class SettlementAnswer(BaseModel):
    """The mutual-aid share of one settlement as it stands; yuan."""

    setl_id: str
    version: int
    state: str = Field(description="standing 有效，reversed 已冲正")
    correction_no: int
    day: date = Field(description="计入哪一日的对账")
    share: str = Field(description="互助保障支付金额")
    outcome: str
    reason: str | None = Field(description="不予支付的原因代码")
    reason_text: str | None
    plan: str
    plan_from: date
    flags: list[str]
    lines: list[ShareLine]
    adjusted: list[AdjustedShare]


def _answer(session: Session, done: window.Done) -> SettlementAnswer:
    found = queries.bill(session, done.hospital_id, by="id", value=done.bill_id)
    return _shown(found, [one for one in done.adjusted if one.hospital_id == done.hospital_id])


def _shown(found: queries.BillView, own: list[window.Adjusted]) -> SettlementAnswer:
    return SettlementAnswer(
        setl_id=found.setl_id, version=found.version, state=found.state, correction_no=found.correction_no, day=found.counts_on,
        share=show(to_yuan(found.share_fen)), outcome=found.outcome, reason=found.reason, reason_text=found.reason_text, plan=found.plan,
        plan_from=found.plan_from, flags=list(found.flags),
        lines=[ShareLine(benefit=line.benefit, name=line.name, amount=line.amount, clause=line.clause, steps=list(line.steps))
               for line in found.lines],
        adjusted=[AdjustedShare(setl_id=one.setl_id, before=show(to_yuan(one.before_fen)), after=show(to_yuan(one.after_fen)))
                  for one in own])


def _act(call: Call, body: BaseModel, verb: Callable[[Session], window.Done], status: int) -> Response:
    return call.act(body, lambda session: _answer(session, verb(session)), status=status)


@router.post("/window/settlements", response_model=SettlementAnswer, status_code=201, summary="医院端一单结算")
def settle(call: Doing, body: Settlement) -> Response:
    """The share at once; nothing to pay is an answer too, with its reason. The same `setl_id` and content: the same bill."""
    bill = body.bill(call.now)
    return _act(call, body, lambda session: window.settle(session, bill=bill, actor=call.actor, now=call.now), 201)


@router.get("/window/settlements/{setl_id}", response_model=SettlementAnswer, summary="查一笔一单结算")
def bill(call: Reading, setl_id: str) -> SettlementAnswer:
    """The hospital's own only."""
    def run(session: Session) -> SettlementAnswer:
        hospital = window.hospital_of(session, call.actor)
        return _shown(queries.bill(session, hospital.id, by="setl_id", value=setl_id), [])
    return call.read(run)


@router.post("/window/settlements/{setl_id}/corrections", response_model=SettlementAnswer, summary="更正一笔一单结算")
def correct(call: Doing, setl_id: str, body: SettlementCorrection) -> Response:
    """The highest `correction_no` stands, in whatever order they come."""
    if body.setl_id != setl_id:
        raise InputError("wrong_value", "setl_id：与地址中的结算ID不同", remedy="改为同一结算ID", field="setl_id")
    bill = body.bill(call.now, body.correction_no)
    return _act(call, body, lambda session: window.correct(session, bill=bill, reason=body.reason, actor=call.actor, now=call.now), 200)


@router.post("/window/settlements/{setl_id}/reversal", response_model=SettlementAnswer, summary="冲正一笔一单结算")
def reverse(call: Doing, setl_id: str, body: SettlementReversal) -> Response:
    """For good; a new settlement takes a new `setl_id`."""
    return _act(call, body, lambda session: window.reverse(session, setl_id=setl_id, reason=body.reason, actor=call.actor,
                                                           now=call.now), 200)


class WindowDifference(BaseModel):
    """A settlement on which the lists differ; yuan."""

    setl_id: str
    kind: str
    text: str
    theirs: str | None
    ours: str | None


class WindowDayView(BaseModel):
    """A hospital's day; yuan."""

    id: uuid.UUID | None
    hospital: str
    code: str
    plan: str
    day: date
    pay_to: str
    state: str = Field(description="open 未对账，differs 有差异，agreed 相符，paying 待复核，paid 已拨付")
    our_bills: int
    our_sum: str
    their_bills: int | None
    their_sum: str | None
    differences: list[WindowDifference]
    reference: str | None
    paid_on: date | None


class WindowDays(BaseModel):
    """WindowDays, the newest first; differences are in the day's own answer."""

    days: list[WindowDayView]


class WindowBills(Page):
    """A page of the hospital's day as we have it."""

    items: list[WindowItem]


@router.post("/window/lists", response_model=WindowDayView, summary="医院上传日清单对账")
def day_list(call: Doing, body: WindowList) -> Response:
    """Agreed at once when nothing differs; else each difference is named."""
    twice = [setl for setl, count in Counter(item.setl_id for item in body.items).items() if count > 1]
    if twice:
        raise InputError("setl_twice", f"结算ID {twice[0]} 在清单中出现多次", remedy="每笔结算只列净额一行", field="items")

    def run(session: Session) -> WindowDayView:
        row = reconciling.listed(session, day=body.day, lines={item.setl_id: to_fen(item.share) for item in body.items},
                                 actor=call.actor, now=call.now)
        return day_view(session, queries.one_day(session, row.id))
    return call.act(body, run, status=200)


@router.get("/window/lists", response_model=WindowBills, summary="我方账上的医院日清单")
def our_list(call: Reading, day: Day, after: Annotated[str, Query(max_length=30)] = "") -> WindowBills:
    """The hospital's own day, settlement by settlement."""
    def run(session: Session) -> WindowBills:
        found = queries.day_lines(session, hospital_id=window.hospital_of(session, call.actor).id, day=day, after=after, limit=PAGE)
        return WindowBills(items=[WindowItem(setl_id=line.setl_id, share=to_yuan(line.share_fen)) for line in found],
                        next=found[-1].setl_id if len(found) == PAGE else None)
    return call.read(run)


def day_view(session: Session, found: queries.Day, named: bool = True) -> WindowDayView:
    """A day for the interface; `named`: with each difference."""
    session.flush()
    differing = queries.differences(session, hospital_id=found.hospital_id, day=found.day) if named and found.state == "differs" else []
    return WindowDayView(
        id=found.id, hospital=found.hospital, code=found.code, plan=found.plan, day=found.day, pay_to=found.pay_to, state=found.state,
        our_bills=found.our_bills, our_sum=show(to_yuan(found.our_fen)), their_bills=found.their_bills, their_sum=_yuan(found.their_fen),
        differences=[WindowDifference(setl_id=one.setl_id, kind=one.kind, text=queries.DIFFERENCES[one.kind], theirs=_yuan(one.theirs_fen),
                                    ours=_yuan(one.ours_fen)) for one in differing],
        reference=found.reference, paid_on=found.paid_on)


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else show(to_yuan(fen))
