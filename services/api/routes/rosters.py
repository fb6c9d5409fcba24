"""Rosters: a template to fill in, an upload, what became of it, and the workbook of its faults."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import content_of, fingerprint
from services.api.calls import Doing, Reading
from services.api.rows import missing
from services.api.workbooks import workbook as xlsx
from services.audit import service as audit
from services.core.errors import NotFound
from services.enrolment import sending, workbook
from services.enrolment.enrolling import Asked
from services.enrolment.thresholds import Numbers
from services.models import RosterImport
from services.rulebook import registry
from services.storage import service as storage

router = APIRouter(tags=["人员与参保"])


class RosterView(BaseModel):
    """What became of a roster: the first faults with row, column and remedy; `errors` when a workbook has every one.

    A large one is `waiting` first, `checked` rows of `rows` so far; `refused` says why none of it could be taken.
    """

    id: uuid.UUID
    state: Literal["waiting", "done", "refused"]
    org_id: uuid.UUID | None
    plan: str
    effective: date
    rows: int
    checked: int
    accepted: int
    keep_good: bool
    unit: dict[str, int] = Field(description="单位所报人数：staff、women、parents")
    fault_count: int
    faults: list[dict[str, str]]
    notes: list[dict[str, str]] = Field(description="提示：不影响参保，须留意")
    errors: str | None = Field(default=None, description="错误清单（XLSX）的地址")
    refused: dict[str, str]
    at: datetime
    done_at: datetime | None


def _view(row: RosterImport) -> RosterView:
    fields = set(RosterView.model_fields) - {"errors", "state"}
    return RosterView(**row.model_dump(include=fields), state="refused" if row.refused else "done" if row.done_at else "waiting",
                      errors=f"/rosters/{row.id}/errors" if row.errors_sha256 else None)


@router.post("/rosters", response_model=RosterView, status_code=201, summary="上传参保名册（XLSX）",
             responses={202: {"description": "名单较大：已收下，稍后办理，以 GET /rosters/{id} 查看进度", "model": RosterView}})
def enrol(call: Doing, plan: Annotated[str, Form()], org_id: Annotated[uuid.UUID, Form()],
          effective: Annotated[date, Form()], payer_kind: Annotated[str, Form(description="self | enterprise | public")],
          file: Annotated[UploadFile, File()], payer_name: Annotated[str | None, Form()] = None,
          policy_no: Annotated[str | None, Form()] = None, keep_good: Annotated[bool, Form()] = False,
          staff: Annotated[int | None, Form(description="在职职工总数")] = None,
          women: Annotated[int | None, Form(description="女职工总数")] = None,
          parents: Annotated[int | None, Form(description="有未成年子女的职工总数")] = None) -> Response:
    """All or nothing, unless `keep_good`; every fault says row, column and remedy.

    A plan with a share of participants asks the number it is counted of; the last number a unit gave still holds. A workbook
    above 1 MB is answered 202 and worked after that.
    """
    content = content_of(file)
    asked = Asked(file.filename or "roster.xlsx", plan, org_id, effective, payer_kind, payer_name, policy_no, keep_good,
                  Numbers(staff, women, parents))

    def run(session: Session) -> RosterView:
        return _view(sending.upload(session, content=content, asked=asked, actor=call.actor, now=call.now))
    return call.act(fingerprint(asdict(asked), content), run, status=202 if len(content) > sending.AT_ONCE else 201)


@router.get("/rosters/template", response_class=Response, summary="名册样表（XLSX）")
def template(call: Reading, plan: str | None = None, layout: Literal["wide", "seed"] = "wide") -> Response:
    """`seed`: the four columns of the published form; `wide`: all that we read, less what the plan does not ask."""
    book = registry.latest(plan) if plan else None
    return xlsx(workbook.template(book, seed=layout == "seed"), f"{book.name if book else ''}参保人员名单.xlsx")


@router.get("/rosters/{roster_id}", response_model=RosterView, summary="名册的处理结果")
def roster(call: Reading, roster_id: uuid.UUID) -> RosterView:
    """Within the caller's region."""
    def run(session: Session) -> RosterView:
        row = session.get(RosterImport, roster_id)
        if row is None:
            raise missing()
        return _view(row)
    return call.read(run)


@router.get("/rosters/{roster_id}/errors", response_class=Response, summary="名册的错误清单（XLSX，留痕）")
def errors(call: Reading, roster_id: uuid.UUID) -> Response:
    """The faulty rows as uploaded, numbers in full: who opens it is recorded."""
    account = call.actor.account_id
    assert account is not None

    def run(session: Session) -> str:
        row = session.get(RosterImport, roster_id)
        if row is None:
            raise missing()
        if row.errors_sha256 is None:
            raise NotFound("roster_without_faults", "这份名册没有错误", remedy="无须下载")
        audit.looked(session, org_key=row.org_key, account=account, claim_id=None, what=f"roster_errors:{roster_id}",
                     reason=None, at=call.now)
        return row.errors_sha256
    return xlsx(storage.get(call.note(run)), "名册错误清单.xlsx")
