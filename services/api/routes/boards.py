"""Boards as data: what is open, how long things take, which promises are kept, and the claims behind each number."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlmodel import Session

from services.api.calls import Call, Reading
from services.api.workbooks import workbook
from services.reporting.boards import book, queries, reading
from services.reporting.boards.views import (
    WHOLE,
    Cut,
    Kept,
    Number,
    OpenBy,
    OpenNow,
    Outstanding,
    Page,
    Place,
    Quality,
    TimeBy,
    Turnaround,
    Which,
)
from services.storage.service import XLSX

router = APIRouter(tags=["运行情况"])
Text = Annotated[str, Query(max_length=200)]


def _cut(call: Reading, org: Annotated[str, Query(max_length=200, description="组织键，不填为本组织")] = "",
         plan: Annotated[str, Query(max_length=60, description="计划代码，不填为全部")] = "",
         month: Annotated[date | None, Query(description="该月的任一日，不填为近十二个月")] = None,
         insurer: Annotated[str, Query(max_length=100, description="只要这家保险公司承办的")] = "") -> Cut:
    return reading.cut_of(call.actor, org=org, plan=plan, month=month.replace(day=1) if month else None, insurer=insurer)


Asked = Annotated[Cut, Depends(_cut)]


@router.get("/boards", summary="看板的组织和它的下级", response_model=Place)
def place(call: Reading, cut: Asked) -> Place:
    """Whose board it is, and whose come next."""
    return call.read(lambda session: queries.place(session, cut))


@router.get("/boards/open", summary="在办、今天到期、临近、逾期的期限", response_model=OpenNow)
def open_now(call: Reading, cut: Asked, by: OpenBy = "kind") -> OpenNow:
    """By kind of clock, plan or the organisations one step down. Counts are clocks."""
    return call.read(lambda session: queries.open_now(session, cut, by=by, now=call.now))


@router.get("/boards/time", summary="各环节用时（中位数、九成、九成五）", response_model=Turnaround)
def time(call: Reading, cut: Asked, by: TimeBy = "stage", stage: Text = WHOLE) -> Turnaround:
    """Stages that ended in the months; `stage` is of which, where it is not by stage or level."""
    return call.read(lambda session: queries.turnaround(session, cut, by=by, stage=stage, now=call.now))


@router.get("/boards/kept", summary="各月按期、逾期", response_model=Kept)
def kept(call: Reading, cut: Asked) -> Kept:
    """Promises kept and missed by month, compared with the month before and the year before."""
    return call.read(lambda session: queries.kept(session, cut, now=call.now))


@router.get("/boards/quality", summary="一次齐全、补充轮次、退回、付款", response_model=Quality)
def quality(call: Reading, cut: Asked) -> Quality:
    """How files come in and go out."""
    return call.read(lambda session: queries.quality(session, cut, now=call.now))


@router.get("/boards/outstanding", summary="待人工核定的金额、条款的未定解释", response_model=Outstanding)
def outstanding(call: Reading, cut: Asked) -> Outstanding:
    """What waits for somebody's word."""
    return call.read(lambda session: queries.outstanding(session, cut, now=call.now))


@router.get("/boards/claims", summary="一个数后面的案件", response_model=Page)
def claims(call: Reading, cut: Asked, number: Number = "late", kind: Text = "", stage: Text = "", level: Text = "",
           band: Annotated[int | None, Query(ge=0, le=4)] = None, after: Text = "") -> Page:
    """By claim number, fifty at a time; `after` of the answer asks for more."""
    which = Which(number, kind=kind, stage=stage, level=level, band=band)
    return call.read(lambda session: queries.claims(session, cut, which, after=after, now=call.now))


@router.get("/boards/workbook", summary="看板的各表（XLSX）", response_class=Response, responses={200: {"content": {XLSX: {}}}})
def export(call: Reading, cut: Asked) -> Response:
    """Every table of the board."""
    return workbook(book.workbook(_whole(call, cut), cut), f"运行情况-{book.named(cut.month)}.xlsx")


def _whole(call: Call, cut: Cut) -> reading.Whole:
    def run(session: Session) -> reading.Whole:
        return reading.whole(session, cut, call.now, call.today)
    return call.read(run)
