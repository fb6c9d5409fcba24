"""Papers, what is judged of them, and supplement lists."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, content_of, example, fingerprint
from services.api.calls import Call, Changing, Doing, Reading, etag
from services.api.rows import claim, hold
from services.evidence import queries as evidence_queries
from services.evidence import service as evidence
from services.intake.queries import require_own
from services.models import Supplement
from services.reporting import attached, claims
from services.reporting.views import PaperView, SupplementView

router = APIRouter(tags=["材料"])


class Judgement(BaseModel):
    """Whether a paper is good; `fault` says why not."""

    model_config = example(accept=False, fault="印章不清")

    accept: bool
    fault: str | None = None


class Delivered(BaseModel):
    """When the list reached the claimant."""

    model_config = example(on="2026-03-25")

    on: date | None = None


class AnsweredItem(BaseModel):
    """What became of one item."""

    paper: Text
    state: Literal["answered", "unavailable"]
    note: str = ""


class SupplementAnswer(BaseModel):
    """Some or all items, received on a day."""

    model_config = example(items=[{"paper": "pathology", "state": "answered", "note": ""}], on="2026-04-10")

    items: list[AnsweredItem] = Field(min_length=1)
    on: date | None = None


@router.post("/claims/{claim_no}/papers", response_model=PaperView, status_code=201, summary="上传材料")
def upload(call: Doing, claim_no: str, kind: Annotated[str, Form(description="材料种类，见清单")],
           file: Annotated[UploadFile, File(description="PDF、JPEG、PNG、WEBP 或 HEIC")]) -> Response:
    """Kept by its content; the true type is read from the bytes, never from the name."""
    content, name = content_of(file), file.filename or kind

    def run(session: Session) -> PaperView:
        found = claim(call, session, claim_no)
        return attached.paper_view(evidence.upload(session, claim_id=found.id, kind=kind, file_name=name, content=content,
                                                   actor=call.actor, now=call.now))
    return call.act(fingerprint({"kind": kind, "file_name": name}, content), run)


@router.get("/claims/{claim_no}/papers", response_model=list[PaperView], summary="已交材料")
def papers(call: Reading, claim_no: str) -> list[PaperView]:
    """Oldest first."""
    def run(session: Session) -> list[PaperView]:
        return [attached.paper_view(row) for row in attached.papers(session, claim(call, session, claim_no).id)]
    return call.read(run)


@router.get("/papers/{paper_id}/content", summary="材料原件（每次查看留痕）", response_class=Response,
            responses={200: {"content": {"application/pdf": {}, "image/png": {}, "image/jpeg": {}}}})
def content(call: Reading, paper_id: uuid.UUID) -> Response:
    """The bytes as they were uploaded."""
    paper, found = call.note(lambda session: evidence.read(session, paper_id=paper_id, actor=call.actor, now=call.now))
    return Response(found, media_type=paper.mime, headers={
        "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{paper.kind}-{paper.sha256[:8]}"'})


@router.post("/papers/{paper_id}/judgement", response_model=PaperView, summary="认可或退回一份材料")
def judge(call: Doing, paper_id: uuid.UUID, body: Judgement) -> Response:
    """The claim's digest follows the accepted papers."""
    return call.act(body, lambda session: attached.paper_view(evidence.judge(
        session, paper_id=paper_id, accept=body.accept, fault=body.fault, actor=call.actor, now=call.now)), status=200)


@router.get("/supplements/{supplement_id}", response_model=SupplementView, summary="一份补充材料清单")
def supplement(call: Reading, supplement_id: uuid.UUID, response: Response) -> SupplementView:
    """With its version as ETag."""
    shown = call.read(lambda session: _shown(call, session, supplement_id))
    response.headers["ETag"] = etag(shown.version)
    return shown


def _shown(call: Call, session: Session, supplement_id: uuid.UUID) -> SupplementView:
    row = evidence_queries.supplement(session, supplement_id)
    require_own(session, call.actor, claims.locate_id(session, row.claim_id).person_id)
    session.flush()
    return next(view for view in attached.supplements(session, row.claim_id) if view.id == supplement_id)


@router.post("/supplements/{supplement_id}/delivered", response_model=SupplementView, summary="登记告知书送达：时限中止")
def deliver(call: Changing, supplement_id: uuid.UUID, body: Delivered) -> Response:
    """For lists handed over on paper; a letter's own delivery does the same."""
    def run(session: Session) -> SupplementView:
        hold(call, session, Supplement, supplement_id)
        evidence.deliver(session, supplement_id=supplement_id, on=body.on, actor=call.actor, now=call.now)
        return _shown(call, session, supplement_id)
    return call.act(body, run, status=200)


@router.post("/supplements/{supplement_id}/answer", response_model=SupplementView, summary="补件答复：交齐或声明无法提供")
def answer(call: Changing, supplement_id: uuid.UUID, body: SupplementAnswer) -> Response:
    """With the last item the clocks go on."""
    def run(session: Session) -> SupplementView:
        hold(call, session, Supplement, supplement_id)
        evidence.answer(session, supplement_id=supplement_id, items=[item.model_dump() for item in body.items],
                        on=body.on, actor=call.actor, now=call.now)
        return _shown(call, session, supplement_id)
    return call.act(body, run, status=200)
