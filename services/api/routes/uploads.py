"""Files in parts, so that a cut line loses nothing: begin, part by part, finish."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, Text, example, fingerprint
from services.api.calls import Doing, Reading
from services.api.routes.papers import Advice, UploadedView
from services.core.errors import InputError
from services.evidence import uploads
from services.evidence.papers import advice
from services.evidence.uploads import PART, Coming
from services.reporting import attached
from services.reporting.claims import case_by_no

router = APIRouter(tags=["材料"])


class Announced(BaseModel):
    """A file that is to come."""

    model_config = example(kind="pathology", file_name="病理报告.pdf", size=2_400_000,
                           sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    kind: Text = Field(description="材料种类，见清单")
    file_name: Text
    size: int = Field(gt=0, lt=2**31, description="字节")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="全文件的 SHA-256，传完时核对")


class ComingView(BaseModel):
    """How far a file is: the next part begins at `received`. No `id`: the same file lies in every claim that asks for it already."""

    id: uuid.UUID | None
    file_name: str
    kind: str
    size: int
    received: int
    part: int = Field(default=PART, description="每部分最多的字节数")


class HandedView(BaseModel):
    """The papers that the file became, one for each claim that asks for it."""

    papers: list[UploadedView]


def _view(found: Coming) -> ComingView:
    return ComingView(id=found.id, file_name=found.file_name, kind=found.kind, size=found.size, received=found.received)


@router.post("/cases/{case_no}/uploads", response_model=ComingView, status_code=201, summary="开始分段上传材料（或接着上次）")
def begin(call: Doing, case_no: str, body: Announced) -> Response:
    """For every claim of the report that asks for this kind. The same file again goes on where it stopped."""
    def run(session: Session) -> ComingView:
        case_id = case_by_no(session, case_no).id
        return _view(uploads.begin(session, case_id=case_id, kind=body.kind, file_name=body.file_name, size=body.size, sha256=body.sha256,
                                   actor=call.actor, now=call.now))
    return call.act(body, run)


@router.get("/uploads/{upload_id}", response_model=ComingView, summary="分段上传到了哪里")
def state(call: Reading, upload_id: uuid.UUID) -> ComingView:
    """Of one's own; it is over 24 hours after the last part."""
    return call.note(lambda session: _view(uploads.state(session, upload_id=upload_id, actor=call.actor, now=call.now)))


@router.post("/uploads/{upload_id}/parts", response_model=ComingView, summary="传下一部分")
def part(call: Doing, upload_id: uuid.UUID, offset: Annotated[int, Form(ge=0, description="从第几字节起")],
         file: Annotated[UploadFile, File(description="最多 1 MB")]) -> Response:
    """A part that begins elsewhere is refused with the right `offset` (409)."""
    content = file.file.read(PART + 1)
    return call.act(fingerprint({"offset": offset}, content), lambda session: _view(uploads.part(
        session, upload_id=upload_id, offset=offset, content=content, actor=call.actor, now=call.now)), status=200)


@router.post("/uploads/{upload_id}/finish", response_model=HandedView, status_code=201, summary="传完：核对并归入各案")
def finish(call: Doing, upload_id: uuid.UUID, body: Nothing) -> Response:
    """The hash is proved and the file looked into like any other; one that is refused must be begun anew."""
    def run(session: Session) -> HandedView:
        papers = uploads.finish(session, upload_id=upload_id, actor=call.actor, now=call.now)
        return HandedView(papers=[UploadedView(**attached.paper_view(paper).model_dump(), advice=[Advice(**said) for said in advice(paper)])
                                  for paper in papers])
    try:
        return call.act(body, run)
    except InputError:
        call.note(lambda session: uploads.drop(session, upload_id=upload_id, actor=call.actor, now=call.now))
        raise


@router.post("/uploads/{upload_id}/drop", response_model=Nothing, summary="放弃没有传完的文件")
def drop(call: Doing, upload_id: uuid.UUID, body: Nothing) -> Response:
    """It is over at once; its parts go with the next sweep."""
    def run(session: Session) -> Nothing:
        uploads.drop(session, upload_id=upload_id, actor=call.actor, now=call.now)
        return Nothing()
    return call.act(body, run, status=200)
