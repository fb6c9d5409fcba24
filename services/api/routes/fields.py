"""The fields on a paper's pages: read, typed, accepted, corrected or unreadable; and a page turned."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, example
from services.api.calls import Doing, Reading
from services.api.routes.papers import PageView
from services.audit import service as audit
from services.core.errors import InputError
from services.evidence import again, answers, turning
from services.evidence.papers import readable
from services.evidence.readings import FieldView, fields_of

router = APIRouter(tags=["材料"])
Number = Annotated[int, Path(ge=1, le=10_000)]


class FieldAnswered(BaseModel):
    """One field without its value, which no kept answer may hold; `mark` tells one state of it from the next."""

    id: uuid.UUID
    paper_id: uuid.UUID
    page: int
    sheet: str = Field(description="单据种类", examples=["pathology"])
    name: str = Field(examples=["specimen_on"])
    place: int
    source: str = Field(description="ocr | text | person")
    state: str = Field(description="read | accepted | corrected | unreadable")
    mark: str


class FieldShown(FieldAnswered):
    """One field. `box`: left, top, right, bottom in fractions of the page as shown."""

    value: str | None = Field(description="写法见词表：日期 2026-09-30，金额 1234.50；没有或看不清为 null", examples=["2026-03-12"])
    read: str | None = Field(description="机器读出的内容")
    confidence: float | None
    box: tuple[float, float, float, float] | None


class FieldsAnswered(BaseModel):
    """What was typed, field by field."""

    fields: list[FieldAnswered]


class FieldsShown(BaseModel):
    """The paper's fields in the order of pages and names; `marks`: page → which answers of it were shown."""

    fields: list[FieldShown]
    marks: dict[int, str]


class Typed(BaseModel):
    """What stands on a page, typed from it; `sheet` says what kind of sheet it is, `mark` which answers of the page were seen."""

    model_config = example(page=1, sheet="pathology", values={"specimen_on": "2026-03-12"})

    page: int = Field(default=1, ge=1, le=10_000)
    sheet: str
    values: dict[str, str] = Field(max_length=50)
    mark: str | None = Field(default=None, max_length=40)


class Answer(BaseModel):
    """What stands there. `value` with `correct`; `mark` of the state that was looked at, so that nobody answers another."""

    model_config = example(answer="correct", value="2026-03-12")

    answer: Literal["accept", "correct", "unreadable"]
    value: str | None = Field(default=None, max_length=200)
    mark: str | None = Field(default=None, max_length=40)


class PagesAgain(BaseModel):
    """The paper that will be read anew; look at its fields again in a while."""

    id: uuid.UUID


class Turn(BaseModel):
    """Degrees clockwise."""

    model_config = example(degrees=90)

    degrees: Literal[90, 180, 270]


@router.get("/papers/{paper_id}/fields", response_model=FieldsShown, summary="材料上读出的各项（每次查看留痕）")
def listed(call: Reading, paper_id: uuid.UUID) -> FieldsShown:
    """Values, how sure, where they stand, and what people said of them."""
    def run(session: Session) -> FieldsShown:
        paper, claim = readable(session, paper_id, call.actor)
        if call.actor.account_id:
            audit.looked(session, org_key=claim.org_key, account=call.actor.account_id, claim_id=claim.id, what=f"paper:{paper.id}",
                         reason=None, at=call.now)
        views = [view for view in fields_of(session, [claim.id])[claim.id] if view.paper_id == paper.id]
        pages = {*range(1, (paper.pages or 1) + 1), *(view.page for view in views)}
        return FieldsShown(fields=[_field(view) for view in views],
                           marks={page: answers.page_mark(views, paper.id, page) for page in sorted(pages)})
    return call.note(run)


@router.post("/papers/{paper_id}/fields", response_model=FieldsAnswered, summary="照原件填写一页上的各项")
def enter(call: Doing, paper_id: uuid.UUID, body: Typed) -> Response:
    """Dates and sums as people write them; nothing is kept when one value is wrong."""
    return call.act(body, lambda session: FieldsAnswered(fields=[_answered(view) for view in answers.enter(
        session, paper_id=paper_id, page=body.page, sheet=body.sheet, values=body.values, seen=body.mark,
        actor=call.actor, now=call.now)]), status=200)


@router.post("/fields/{field_id}/answer", response_model=FieldAnswered, summary="认可、改正或标为看不清")
def answer(call: Doing, field_id: uuid.UUID, body: Answer) -> Response:
    """What the machine read is kept beside a correction."""
    def run(session: Session) -> FieldAnswered:
        if body.answer == "correct":
            if body.value is None:
                raise InputError("field_empty", "没有填写改正后的内容", remedy="补上 value", field="value")
            return _answered(answers.correct(session, field_id=field_id, value=body.value, seen=body.mark, actor=call.actor, now=call.now))
        if body.answer == "accept":
            seen = {field_id: body.mark} if body.mark else None
            return _answered(answers.accept(session, field_ids=[field_id], seen=seen, actor=call.actor, now=call.now)[0])
        return _answered(answers.unreadable(session, field_ids=[field_id], actor=call.actor, now=call.now)[0])
    return call.act(body, run, status=200)


@router.post("/papers/{paper_id}/pages/{number}/turn", response_model=PageView, summary="转正一页")
def turn(call: Doing, paper_id: uuid.UUID, number: Number, body: Turn) -> Response:
    """The view is turned and the boxes with it; the original stays as it was handed in."""
    return call.act(body, lambda session: PageView(**turning.turn(
        session, paper_id=paper_id, page=number, degrees=body.degrees, actor=call.actor, now=call.now).model_dump(
            include=set(PageView.model_fields))), status=200)


@router.post("/papers/{paper_id}/read-again", response_model=PagesAgain, summary="重新识别一份材料")
def read_again(call: Doing, paper_id: uuid.UUID, body: Nothing) -> Response:
    """What people answered stays; the rest is read anew by the worker, pages that could not be drawn are drawn anew."""
    return call.act(body, lambda session: PagesAgain(id=again.read_again(
        session, paper_id=paper_id, actor=call.actor, now=call.now).id), status=202)


def _answered(view: FieldView) -> FieldAnswered:
    return FieldAnswered(id=view.id, paper_id=view.paper_id, page=view.page, sheet=view.sheet, name=view.name, place=view.place,
                         source=view.source, state=view.state, mark=answers.seen_mark(view))


def _field(view: FieldView) -> FieldShown:
    box = view.box and (view.box.left, view.box.top, view.box.right, view.box.bottom)
    return FieldShown(**_answered(view).model_dump(), value=view.value, read=view.read, confidence=view.confidence, box=box)
