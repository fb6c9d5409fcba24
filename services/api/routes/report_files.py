"""Reports by workbook: a template, an upload, what became of each row, the workbook of its faults."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import content_of, fingerprint
from services.api.calls import Doing, Reading
from services.api.workbooks import workbook as xlsx
from services.intake import service as intake
from services.intake import sheet
from services.models import ReportImport

router = APIRouter(tags=["报案"])


class RowCase(BaseModel):
    """The case that a row opened or joined."""

    row: str
    case_no: str
    like: str = Field("", description="可能是同一事件的已有报案编号，须并入或说明另案；没有则为空")


class ReportFileView(BaseModel):
    """What became of a workbook of reports; `errors` is the address of the workbook of its faults."""

    id: uuid.UUID
    rows: int
    accepted: int
    cases: list[RowCase]
    faults: list[dict[str, str]] = Field(description="每处错误的行、列、问题和办法")
    errors: str | None = Field(None, description="错误清单（XLSX）的地址")
    at: datetime


@router.post("/cases/files", response_model=ReportFileView, status_code=201, summary="批量报案（XLSX，每行一次事件）")
def upload(call: Doing, file: Annotated[UploadFile, File()], keep_good: Annotated[bool, Form()] = False) -> Response:
    """All or nothing, unless `keep_good`."""
    content = content_of(file)
    words: dict[str, object] = {"keep_good": keep_good, "file_name": file.filename or "reports.xlsx"}

    def run(session: Session) -> ReportFileView:
        return _view(intake.report_file(session, content=content, file_name=str(words["file_name"]), keep_good=keep_good,
                                        actor=call.actor, now=call.now))
    return call.act(fingerprint(words, content), run)


def _view(done: ReportImport) -> ReportFileView:
    return ReportFileView(id=done.id, rows=done.rows, accepted=done.accepted,
                          cases=[RowCase.model_validate(row) for row in done.outcome], faults=done.faults,
                          errors=f"/cases/files/{done.id}/errors" if done.errors_sha256 else None, at=done.at)


@router.get("/cases/files/template", response_class=Response, summary="批量报案样表（XLSX）")
def template(call: Reading) -> Response:
    """With instructions; more facts may be added as columns."""
    return xlsx(sheet.template(), "批量报案样表.xlsx")


@router.get("/cases/files/{import_id}/errors", response_class=Response, summary="批量报案的错误清单（XLSX，留痕）")
def errors(call: Reading, import_id: uuid.UUID) -> Response:
    """The faulty rows as uploaded."""
    return xlsx(call.note(lambda session: intake.errors_of(session, import_id=import_id, actor=call.actor, now=call.now)),
                     "报案错误清单.xlsx")
