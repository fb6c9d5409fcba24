"""Letters: reading them, their very bytes, and the proof that they arrived."""

from __future__ import annotations

import uuid
from datetime import date

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Text, example
from services.api.calls import Call, Changing, Reading, etag
from services.api.rows import claim, hold, looked, missing
from services.intake.queries import require_own
from services.models import Notice
from services.notice import queries as notice_queries
from services.notice.receiving import receive
from services.reporting import attached, claims
from services.reporting.views import LetterView

router = APIRouter(tags=["文书"])


class Proof(BaseModel):
    """How we know that it arrived, and when."""

    model_config = example(proof="会员在进度页打开", on="2026-03-25")

    proof: Text
    on: date | None = Field(None, description="送达日，不填为当日")


def _letter(call: Call, session: Session, notice_id: uuid.UUID) -> LetterView:
    session.flush()
    found = attached.letters(session, notice_id=notice_id)
    if not found:
        raise missing()
    require_own(session, call.actor, claims.locate(session, found[0].claim_no).person_id)
    return found[0]


def _seen(call: Call, session: Session, notice_id: uuid.UUID) -> LetterView:
    shown = _letter(call, session, notice_id)
    looked(call, session, claims.locate(session, shown.claim_no), f"letter:{notice_id}")
    return shown


@router.get("/claims/{claim_no}/notices", response_model=list[LetterView], summary="一案的文书")
def letters(call: Reading, claim_no: str) -> list[LetterView]:
    """In the order they were drafted."""
    return call.read(lambda session: attached.letters(session, claim(call, session, claim_no).id))


@router.get("/notices/{notice_id}", response_model=LetterView, summary="一份文书")
def letter(call: Reading, notice_id: uuid.UUID, response: Response) -> LetterView:
    """With its version as ETag."""
    shown = call.read(lambda session: _letter(call, session, notice_id))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/notices/{notice_id}/content", summary="文书原件（PDF）", response_class=Response,
            responses={200: {"content": {"application/pdf": {}}}})
def content(call: Reading, notice_id: uuid.UUID) -> Response:
    """The frozen bytes: a reprint is the same. Letters name the illness: every look is recorded."""
    def run(session: Session) -> tuple[LetterView, bytes]:
        return _seen(call, session, notice_id), notice_queries.content(session, notice_id)
    shown, found = call.note(run)
    return Response(found, media_type="application/pdf", headers={
        "Content-Disposition": f'inline; filename="{shown.code}-{shown.claim_no}.pdf"', "ETag": f'"{shown.sha256}"',
        "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"})


@router.get("/notices/{notice_id}/enclosures/{sha256}", summary="文书附件，如保险公司的决定书", response_class=Response,
            responses={200: {"content": {"application/pdf": {}}}})
def enclosure(call: Reading, notice_id: uuid.UUID, sha256: str) -> Response:
    """The bytes as they came."""
    def run(session: Session) -> bytes:
        _seen(call, session, notice_id)
        return notice_queries.enclosure(session, notice_id, sha256)
    return Response(call.note(run), media_type="application/pdf", headers={
        "Content-Disposition": f'inline; filename="{sha256[:8]}.pdf"', "X-Content-Type-Options": "nosniff"})


@router.post("/notices/{notice_id}/delivered", response_model=LetterView, summary="登记送达：挂在其上的时限起算或中止")
def delivered(call: Changing, notice_id: uuid.UUID, body: Proof) -> Response:
    """A delivered supplement list pauses the clocks; a delivered decision starts the days of objection."""
    def run(session: Session) -> LetterView:
        _letter(call, session, notice_id)
        hold(call, session, Notice, notice_id)
        receive(session, notice_id=notice_id, proof=body.proof, on=body.on, actor=call.actor, now=call.now)
        return _letter(call, session, notice_id)
    return call.act(body, run, status=200)
