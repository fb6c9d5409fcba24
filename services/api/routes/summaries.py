"""Summary sheets up the tree, and many claims passed in one act."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Page, Text, example
from services.api.calls import Call, Changing, Doing, Payload, Reading, etag
from services.api.workbooks import workbook as xlsx
from services.audit import service as audit
from services.core.money import show, to_yuan
from services.review import bulk, summary, summary_queries
from services.review.bulk import LIMIT, Ask, Result
from services.review.summary_book import workbook
from services.review.summary_queries import Line, Sheet, SheetHead

router = APIRouter(tags=["汇总与成批办理"])
Numbers = Annotated[list[Text], Field(min_length=1, max_length=LIMIT)]
_MONTH = r"^2[01]\d\d-(0[1-9]|1[0-2])$"
Month = Annotated[str, Field(pattern=_MONTH, examples=["2026-03"], description="年-月")]


class ResultView(BaseModel):
    """What became of one claim; with `code` it is in the way."""

    claim_no: str
    passed: bool
    level: str | None
    next_level: str | None
    decided: str | None = Field(description="本级作出决定的金额")
    code: str | None
    message: str | None
    remedy: str | None


class Results(BaseModel):
    """Claim by claim, in the order asked."""

    results: list[ResultView]


class AskView(BaseModel):
    """A claim and what the caller was shown of it."""

    model_config = example(claim_no="XJ2026-0000-017", seen="9f2c", version=3)

    claim_no: Text
    seen: str = Field(description="所见事实的摘要（案件的 digest）")
    version: int | None = Field(None, description="所见版本；不写则不核对")
    step: uuid.UUID | None = Field(None, description="所见的审核级（待办清单的 step_id）；不写则不核对")


class BulkPass(BaseModel):
    """Claims to pass together."""

    model_config = example(claims=[{"claim_no": "XJ2026-0000-017", "seen": "9f2c…（案件的 digest）", "version": 7}])

    claims: Annotated[list[AskView], Field(min_length=1, max_length=LIMIT)]

    def asks(self) -> list[Ask]:
        """As the verb takes them."""
        return [Ask(item.claim_no, item.seen, item.version, item.step) for item in self.claims]


class NewSheet(BaseModel):
    """Which claims to collect."""

    model_config = example(plan="xj-women", month="2026-03", level=None, claims=None)

    plan: Text
    month: Month
    level: str | None = Field(None, description="有几个层级待办时选定其一")
    claims: Numbers | None = Field(None, description="只汇总这些案件；不写则汇总当月底前材料齐全的全部待办案件")


class TakeOut(BaseModel):
    """Claims to take off a draft."""

    model_config = example(claims=["XJ2026-0000-017"])

    claims: Numbers


class SheetHeadView(BaseModel):
    """A sheet in a list; `off` claims left it after the signature and are not in `standing`."""

    id: uuid.UUID
    sheet_no: str
    org_key: str
    org_name: str
    plan: str
    month: str
    level: str
    level_name: str
    status: Literal["drafted", "signed", "received", "discarded"]
    version: int
    made_by: str | None
    made_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    received_by: str | None
    received_at: datetime | None
    digest: str | None
    lines: int
    off: int
    total: str
    standing: str


class LeftView(BaseModel):
    """How a claim left a signed sheet."""

    words: str
    reason: str | None
    by: str | None
    at: datetime


class LineView(BaseModel):
    """One claim."""

    position: int
    claim_no: str
    name: str = Field(description="遮盖后的姓名")
    event: str
    total: str
    checks: list[str]
    flags: list[str]
    facts_digest: str
    changed: bool = Field(description="编入草稿后事实有变动")
    decided: str | None
    state: str
    at_level: str | None
    below: str | None = Field(description="下级报来的汇总表编号")
    left: LeftView | None


class SheetView(SheetHeadView):
    """A sheet with its lines; `left_out` after drafting or refreshing, `results` after signing."""

    items: list[LineView]
    intact: bool | None = Field(description="签署后明细未被改动；草稿为空")
    left_out: list[ResultView] = []
    results: list[ResultView] = []


class Sheets(Page):
    """Newest first."""

    items: list[SheetHeadView]


def _result(found: Result) -> ResultView:
    return ResultView(claim_no=found.claim_no, passed=found.passed, level=found.level, next_level=found.next_level,
                      decided=_yuan(found.decided_fen), code=found.code, message=found.message, remedy=found.remedy)


def _yuan(fen: int | None) -> str | None:
    return show(to_yuan(fen)) if fen is not None else None


def _head(found: SheetHead) -> dict[str, object]:
    words = {name: getattr(found, name) for name in SheetHeadView.model_fields if name not in ("month", "total", "standing")}
    return {**words, "month": f"{found.month:%Y-%m}", "total": _yuan(found.total_fen), "standing": _yuan(found.standing_fen)}


def _line(found: Line) -> LineView:
    left = LeftView(**{name: getattr(found.left, name) for name in LeftView.model_fields}) if found.left else None
    return LineView(
        position=found.position, claim_no=found.claim_no, name=found.name, event=found.event, total=show(to_yuan(found.total_fen)),
        checks=list(found.checks), flags=list(found.flags), facts_digest=found.facts_digest, changed=found.changed,
        decided=_yuan(found.decided_fen), state=found.state, at_level=found.at_level, below=found.below, left=left)


def _view(found: Sheet, *, left_out: tuple[Result, ...] = (), results: tuple[Result, ...] = ()) -> SheetView:
    return SheetView.model_validate({**_head(found.head), "items": [_line(line) for line in found.lines], "intact": found.intact,
                                     "left_out": [_result(item) for item in left_out], "results": [_result(item) for item in results]})


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


@router.post("/review/bulk-pass", response_model=Results, summary="成批通过：全部通过，或全部不办理并逐件说明")
def bulk_pass(call: Doing, body: BulkPass) -> Response:
    """Each claim has its own check; with one in the way the answer is 409 `not_all_passed` and `claims` names them."""
    return call.act(body, lambda session: Results(results=[_result(item) for item in bulk.pass_many(
        session, asks=body.asks(), actor=call.actor, now=call.now)]), status=200)


@router.post("/review/bulk-check", response_model=Results, summary="成批通过的预演：逐件说明能否通过，不作任何改动")
def bulk_check(call: Doing, body: BulkPass) -> Results:
    """What `bulk-pass` would answer now."""
    done = call.note(lambda session: bulk.rehearse(session, asks=body.asks(), actor=call.actor, now=call.now))
    return Results(results=[_result(item) for item in done])


@router.get("/summary-sheets", response_model=Sheets, summary="汇总表")
def listed(call: Reading, plan: str | None = None, month: Annotated[str | None, Query(pattern=_MONTH)] = None,
           status: Annotated[list[Literal["drafted", "signed", "received", "discarded"]] | None, Query()] = None,
           after: uuid.UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Sheets:
    """Of the caller's organisation and those below."""
    found = call.read(lambda session: summary_queries.listed(
        session, plan=plan, month=_first(month) if month else None, statuses=status or (), after=after, limit=limit))
    return Sheets(items=[SheetHeadView.model_validate(_head(item)) for item in found],
                  next=str(found[-1].id) if len(found) == limit else None)


@router.post("/summary-sheets", response_model=SheetView, status_code=201, summary="编制汇总表草稿")
def draft(call: Doing, body: NewSheet) -> Response:
    """Claims that the caller could not pass now are left out, each with its reason."""
    def run(session: Session) -> SheetView:
        done = summary.draft(session, plan=body.plan, month=_first(body.month), level=body.level, claim_nos=body.claims,
                             actor=call.actor, now=call.now)
        return _view(summary_queries.sheet(session, done.sheet.id), left_out=done.left_out)
    return call.act(body, run)


@router.get("/summary-sheets/{sheet_id}", response_model=SheetView, summary="一张汇总表（留痕）")
def sheet(call: Reading, response: Response, sheet_id: uuid.UUID) -> SheetView:
    """With its lines, and what left it since."""
    found = _seen(call, sheet_id, "汇总表")
    response.headers["ETag"] = etag(found.head.version)
    return _view(found)


@router.get("/summary-sheets/{sheet_id}/workbook", response_class=Response, summary="汇总表（XLSX，留痕）")
def book(call: Reading, sheet_id: uuid.UUID) -> Response:
    """To print and keep."""
    found = _seen(call, sheet_id, "导出汇总表")
    return xlsx(workbook(found), f"汇总表 {found.head.sheet_no}.xlsx")


def _seen(call: Call, sheet_id: uuid.UUID, what: str) -> Sheet:
    """The sheet; who looked is recorded, for its lines name people and illnesses."""
    def run(session: Session) -> Sheet:
        found = summary_queries.sheet(session, sheet_id)
        if call.actor.account_id:
            audit.looked(session, org_key=found.head.org_key, account=call.actor.account_id, claim_id=None,
                         what=f"{what}:{found.head.sheet_no}", reason=None, at=call.now)
        return found
    return call.note(run)


@router.post("/summary-sheets/{sheet_id}/refresh", response_model=SheetView, summary="按现有事实重新编制草稿")
def refresh(call: Changing, sheet_id: uuid.UUID, body: Nothing) -> Response:
    """Claims that cannot be passed any more leave the draft."""
    def run(session: Session) -> SheetView:
        done = summary.refresh(session, sheet_id=sheet_id, version=call.version, actor=call.actor, now=call.now)
        return _view(summary_queries.sheet(session, sheet_id), left_out=done.left_out)
    return call.act(body, run, status=200)


@router.post("/summary-sheets/{sheet_id}/take-out", response_model=SheetView, summary="从草稿中去掉案件")
def take_out(call: Changing, sheet_id: uuid.UUID, body: TakeOut) -> Response:
    """The others stay."""
    return _change(call, sheet_id, body, lambda session: summary.take_out(
        session, sheet_id=sheet_id, version=call.version, claim_nos=body.claims, actor=call.actor, now=call.now))


@router.post("/summary-sheets/{sheet_id}/sign", response_model=SheetView, summary="签署：一次通过表上全部案件")
def sign(call: Changing, sheet_id: uuid.UUID, body: Nothing) -> Response:
    """All or none; 409 `not_all_passed` names each claim in the way."""
    def run(session: Session) -> SheetView:
        done = summary.sign(session, sheet_id=sheet_id, version=call.version, actor=call.actor, now=call.now)
        return _view(summary_queries.sheet(session, sheet_id), results=tuple(done))
    return call.act(body, run, status=200)


@router.post("/summary-sheets/{sheet_id}/receive", response_model=SheetView, summary="上级接收汇总表")
def receive(call: Changing, sheet_id: uuid.UUID, body: Nothing) -> Response:
    """As one unit."""
    return _change(call, sheet_id, body, lambda session: summary.receive(
        session, sheet_id=sheet_id, version=call.version, actor=call.actor, now=call.now))


@router.post("/summary-sheets/{sheet_id}/discard", response_model=SheetView, summary="作废草稿")
def discard(call: Changing, sheet_id: uuid.UUID, body: Nothing) -> Response:
    """Its number stays used."""
    return _change(call, sheet_id, body, lambda session: summary.discard(
        session, sheet_id=sheet_id, version=call.version, actor=call.actor, now=call.now))


def _change(call: Call, sheet_id: uuid.UUID, body: Payload, verb: Callable[[Session], object]) -> Response:
    def run(session: Session) -> SheetView:
        verb(session)
        return _view(summary_queries.sheet(session, sheet_id))
    return call.act(body, run, status=200)
