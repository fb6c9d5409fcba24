"""Health, the business clock of demo and training, and whether work is owed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session, select

from services.api.bodies import example
from services.api.calls import Call, Doing, Reading
from services.core.clock import business_day
from services.core.db import BusinessClock
from services.core.errors import InputError, NotPermitted
from services.models import BusinessClockRow, Case
from services.outbox import service as outbox
from services.outbox.service import Work
from services.wiring import Wiring

router = APIRouter(tags=["系统"])
TIMETABLED = ("timetable.sweep", "timetable.collect")
_SLACK = timedelta(minutes=1)


class Health(BaseModel):
    """It answers, and so does the database."""

    ok: bool = True


class Clock(BaseModel):
    """Business time."""

    now: datetime
    day: str
    movable: bool


class NewTime(BaseModel):
    """Where to set the business clock."""

    model_config = example(to="2026-03-20T09:00:00+08:00")

    to: AwareDatetime


class Idle(BaseModel):
    """How many rows of work are owed."""

    waiting: int = Field(examples=[0])
    idle: bool


@router.get("/health", response_model=Health, summary="是否就绪（不需凭证）")
def health(request: Request) -> Health:
    """One read of the database."""
    wiring: Wiring = request.app.state.wiring
    with wiring.db.view(wiring.root) as session:
        outbox.waiting(session)
    return Health()


@router.get("/clock", response_model=Clock, summary="业务时间")
def clock(call: Reading) -> Clock:
    """What today is for every count of days."""
    return _clock(call, call.now)


def _clock(call: Call, now: datetime) -> Clock:
    return Clock(now=now, day=business_day(now).isoformat(), movable=isinstance(call.wiring.clock, BusinessClock))


@router.post("/clock", response_model=Clock, summary="移动业务时钟（仅演示与培训环境）")
def move(call: Doing, body: NewTime) -> Response:
    """Backwards only while nothing was reported yet. What the timetable owes on the new day is owed at once."""
    if not isinstance(call.wiring.clock, BusinessClock):
        raise NotPermitted("clock_fixed", "业务时钟不可移动", remedy="仅演示与培训环境可用（HUZHU_MOVABLE_CLOCK）")

    def run(session: Session) -> Clock:
        if body.to < call.now - _SLACK and session.exec(select(Case.id).limit(1)).first():
            raise InputError("clock_backwards", f"已有报案，业务时钟只能向前，现为 {call.now:%Y-%m-%d %H:%M}",
                             remedy="改为更晚的时间", field="to")
        # In this transaction, so that the day and what is owed on it come together.
        session.merge(BusinessClockRow(single=True, offset_seconds=round((body.to - datetime.now(UTC)).total_seconds())))
        outbox.add(session, [Work(topic, call.actor.org_key) for topic in TIMETABLED], now=body.to)
        return _clock(call, body.to)
    return call.act(body, run, status=200)


@router.get("/system/idle", response_model=Idle, summary="是否还有待办的后台工作")
def idle(call: Reading) -> Idle:
    """Rows a worker has in hand count as owed until they are done."""
    waiting = call.read(outbox.waiting)
    return Idle(waiting=waiting, idle=waiting == 0)
