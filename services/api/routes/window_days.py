"""The office's side of the windows: hospitals registered, their days looked at, paid by two persons."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from services.api.bodies import Day, Nothing, Text, example
from services.api.calls import Call, Doing, Reading
from services.api.routes.window import WindowDays, WindowDayView, day_view
from services.core.errors import InputError
from services.models import WindowDay
from services.settlement.window import queries, reconciling
from services.settlement.window import service as window

router = APIRouter(tags=["一单结算"])
MOST = timedelta(days=92)
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class NewHospital(BaseModel):
    """A hospital whose program settles with an office's plan; its token comes from POST /accounts/{account_id}/tokens."""

    model_config = example(code="H65010000001", name="示例医院", org_id="0195f2c4-0000-7000-8000-00000000000a",
                           plan="xj-inpatient-accident", login="hospital.h65010000001", pay_to="hospital")

    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z]{6,30}$")] = Field(description="定点医药机构编号")
    name: Word
    org_id: uuid.UUID
    plan: Word
    login: Word
    pay_to: Literal["hospital", "fund"] = Field("hospital", description="拨付给医院，或拨付给医保基金统一清算")


class HospitalView(BaseModel):
    """A hospital with the account of its program."""

    id: uuid.UUID
    code: str
    name: str
    plan: str
    account_id: uuid.UUID
    pay_to: str


class WindowPaid(BaseModel):
    """The bank's slip."""

    model_config = example(reference="20260303000017", paid_on="2026-03-03")

    reference: Text
    paid_on: Day


@router.post("/window/hospitals", response_model=HospitalView, status_code=201, summary="登记定点医院")
def add_hospital(call: Doing, body: NewHospital) -> Response:
    """With an account for its program."""
    def run(session: Session) -> HospitalView:
        made = window.add_hospital(session, code=body.code, name=body.name, org_id=body.org_id, plan=body.plan, login=body.login,
                                   pay_to=body.pay_to, actor=call.actor, now=call.now)
        return HospitalView(id=made.id, code=made.code, name=made.name, plan=made.plan, account_id=made.account_id, pay_to=made.pay_to)
    return call.act(body, run)


@router.get("/window/days", response_model=WindowDays, summary="一单结算各日对账")
def days(call: Reading, first: Day, last: Day) -> WindowDays:
    """Every hospital in sight, at most 92 days."""
    if not first <= last <= first + MOST:
        raise InputError("span_wrong", "起止日期不对，一次最多 92 天", remedy="改正起止日期", field="last")
    return call.read(lambda session: WindowDays(days=[day_view(session, one, named=False)
                                                for one in queries.days(session, first=first, last=last)]))


@router.get("/window/days/{day_id}", response_model=WindowDayView, summary="一日对账与差异")
def day(call: Reading, day_id: uuid.UUID) -> WindowDayView:
    """With each difference."""
    return call.read(lambda session: day_view(session, queries.one_day(session, day_id)))


def _change(call: Call, day_id: uuid.UUID, body: BaseModel, verb: Callable[[Session], WindowDay]) -> Response:
    def run(session: Session) -> WindowDayView:
        verb(session)
        session.flush()
        return day_view(session, queries.one_day(session, day_id))
    return call.act(body, run, status=200)


@router.post("/window/days/{day_id}/payment", response_model=WindowDayView, summary="登记向医院拨付")
def pay(call: Doing, day_id: uuid.UUID, body: WindowPaid) -> Response:
    """By the maker, from the bank's slip."""
    return _change(call, day_id, body, lambda session: reconciling.pay(
        session, day_id=day_id, reference=body.reference, paid_on=body.paid_on, actor=call.actor, now=call.now))


@router.post("/window/days/{day_id}/payment/confirm", response_model=WindowDayView, summary="复核向医院拨付")
def confirm(call: Doing, day_id: uuid.UUID, body: Nothing) -> Response:
    """By another person; the books say it from now on."""
    return _change(call, day_id, body, lambda session: reconciling.confirm(session, day_id=day_id, actor=call.actor, now=call.now))


@router.post("/window/days/{day_id}/payment/send-back", response_model=WindowDayView, summary="退回拨付登记")
def send_back(call: Doing, day_id: uuid.UUID, body: Nothing) -> Response:
    """To be entered anew."""
    return _change(call, day_id, body, lambda session: reconciling.send_back(session, day_id=day_id, actor=call.actor))

