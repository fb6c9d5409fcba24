"""Papers, what is judged of them, and supplement lists."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.api.bodies import Text, content_of, example, fingerprint
from services.api.calls import Call, Changing, Doing, Reading, etag
from services.api.rows import claim, hold
from services.evidence import queries as evidence_queries
from services.evidence import service as evidence
from services.evidence import sheets, stacks, viewing
from services.evidence.papers import advice
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

    model_config = ConfigDict(extra="forbid")

    paper: Text
    state: Literal["answered", "unavailable"]
    note: str = ""


class SupplementAnswer(BaseModel):
    """Some or all items, received on a day."""

    model_config = example(items=[{"paper": "pathology", "state": "answered", "note": ""}], on="2026-04-10")

    items: list[AnsweredItem] = Field(min_length=1)
    on: date | None = None


class Advice(BaseModel):
    """Why a paper that was taken had better be taken again."""

    code: str
    words: str
    remedy: str


class UploadedView(PaperView):
    """The paper, and what the machine saw wrong with the picture: it is kept all the same, and may be replaced."""

    advice: list[Advice]


class FiledView(BaseModel):
    """Pages of a stack that are now a paper."""

    claim_no: str
    kind: str
    first: int
    last: int
    paper_id: uuid.UUID
    warnings: list[str]


class LeftView(BaseModel):
    """Pages of a stack that wait for a person's hand; `text`: what their cover's code says."""

    first: int
    last: int
    text: str
    code: str
    words: str
    remedy: str


class StackView(BaseModel):
    """What became of every page."""

    sha256: str
    pages: int
    filed: list[FiledView]
    left: list[LeftView]


class PageView(BaseModel):
    """One page as it is shown. `rotation`: degrees it was turned clockwise; `fault`: why it cannot be shown."""

    number: int
    width: int
    height: int
    rotation: int
    fault: str | None


class PagesView(BaseModel):
    """`ready`: the pages have been drawn; until then there are none."""

    ready: bool
    pages: list[PageView]


@router.post("/claims/{claim_no}/papers", response_model=UploadedView, status_code=201, summary="上传材料")
def upload(call: Doing, claim_no: str, kind: Annotated[str, Form(description="材料种类，见清单")],
           file: Annotated[UploadFile, File(description="PDF、JPEG、PNG、WEBP 或 HEIC")]) -> Response:
    """Kept by its content; the true type is read from the bytes, never from the name."""
    content, name = content_of(file), file.filename or kind

    def run(session: Session) -> UploadedView:
        found = claim(call, session, claim_no)
        paper = evidence.upload(session, claim_id=found.id, kind=kind, file_name=name, content=content, actor=call.actor, now=call.now)
        return UploadedView(**attached.paper_view(paper).model_dump(), advice=[Advice(**said) for said in advice(paper)])
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


@router.get("/papers/{paper_id}/pages", response_model=PagesView, summary="材料的各页（供查看的副本）")
def pages(call: Reading, paper_id: uuid.UUID) -> PagesView:
    """Sizes and faults; the pictures are fetched one by one."""
    paper, found = call.read(lambda session: viewing.pages(session, paper_id=paper_id, actor=call.actor))
    shown = set(PageView.model_fields)
    return PagesView(ready=paper.pages is not None, pages=[PageView(**row.model_dump(include=shown)) for row in found])


@router.get("/papers/{paper_id}/pages/{number}", summary="材料的一页（每次查看留痕）", response_class=Response,
            responses={200: {"content": {viewing.VIEW_MIME: {}}}})
def page(call: Reading, paper_id: uuid.UUID, number: Annotated[int, Path(ge=1, le=10_000)],
         size: Literal["view", "thumb"] = "view") -> Response:
    """Drawn anew from the original, upright, without the camera's own notes (place, time, owner)."""
    found = call.note(lambda session: viewing.read_page(session, paper_id=paper_id, number=number, thumb=size == "thumb",
                                                        actor=call.actor, now=call.now))
    return Response(found, media_type=viewing.VIEW_MIME, headers={
        "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox"})


@router.get("/claims/{claim_no}/cover-sheets", summary="材料封面（条码），成叠扫描用", response_class=Response,
            responses={200: {"content": {"application/pdf": {}}}})
def cover_sheets(call: Reading, claim_no: str,
                 kind: Annotated[list[str] | None, Query(description="材料种类，不填为清单上的每一种")] = None) -> Response:
    """One page a kind; the code under the bars can be read by people too."""
    made = call.read(lambda session: sheets.cover_sheets(session, claim_id=claim(call, session, claim_no).id, kinds=kind or (),
                                                         actor=call.actor))
    return Response(made, media_type="application/pdf", headers={
        "Content-Disposition": f'attachment; filename="cover-{claim_no}.pdf"', "X-Content-Type-Options": "nosniff"})


@router.post("/paper-stacks", response_model=StackView, status_code=201, summary="成叠扫描件：按封面条码自动归入各案")
def file_stack(call: Doing, file: Annotated[UploadFile, File(description="一份多页 PDF，每份材料前有封面")]) -> Response:
    """Every page is filed or listed with the reason why not."""
    content, name = content_of(file), file.filename or "stack.pdf"

    def run(session: Session) -> StackView:
        return StackView.model_validate(asdict(stacks.file_stack(session, content=content, file_name=name, actor=call.actor, now=call.now)))
    return call.act(fingerprint({"file_name": name}, content), run)


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
