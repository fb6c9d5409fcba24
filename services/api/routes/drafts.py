"""Reports begun and not yet made: only their own account sees them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.api.bodies import Nothing, example
from services.api.calls import Changing, Doing, Reading, etag
from services.api.routes.accounts import Done
from services.intake import drafts
from services.intake.drafts import Draft

router = APIRouter(tags=["报案"])


class DraftBody(BaseModel):
    """A report as far as it is written; the keys are those of POST /cases, nothing is checked yet."""

    model_config = example(words={"channel": "member", "event": {"kind": "diagnosis"}, "hospital": "示例市人民医院"})

    words: dict[str, Any]


class DraftSaved(BaseModel):
    """A draft is kept. Its words are not repeated: answers are kept in clear for repeats."""

    id: uuid.UUID
    saved_at: datetime
    version: int


class DraftView(DraftSaved):
    """A draft to go on with; `version` goes into If-Match, `id` into `draft_id` of the report."""

    words: dict[str, Any] = Field(description="与 POST /cases 相同的键")


def _saved(found: Draft) -> DraftSaved:
    return DraftSaved(id=found.id, saved_at=found.saved_at, version=found.version)


def _view(found: Draft) -> DraftView:
    return DraftView(id=found.id, words=found.words, saved_at=found.saved_at, version=found.version)


@router.post("/drafts", response_model=DraftSaved, status_code=201, summary="保存报案草稿")
def save(call: Doing, body: DraftBody) -> Response:
    """Sealed: a draft speaks of an illness."""
    return call.act(body, lambda session: _saved(drafts.save(session, words=body.words, actor=call.actor, now=call.now)))


@router.get("/drafts", response_model=list[DraftView], summary="本人的报案草稿")
def listed(call: Reading) -> list[DraftView]:
    """Newest first."""
    return [_view(found) for found in call.read(lambda session: drafts.drafts_of(session, actor=call.actor))]


@router.get("/drafts/{draft_id}", response_model=DraftView, summary="一份草稿，接着写")
def draft(call: Reading, draft_id: uuid.UUID, response: Response) -> DraftView:
    """The ETag goes into If-Match of the next save."""
    found = _view(call.read(lambda session: drafts.draft(session, draft_id=draft_id, actor=call.actor)))
    response.headers["ETag"] = etag(found.version)
    return found


@router.post("/drafts/{draft_id}", response_model=DraftSaved, summary="再次保存草稿")
def save_again(call: Changing, draft_id: uuid.UUID, body: DraftBody) -> Response:
    """Refused when another window saved it since."""
    return call.act(body, lambda session: _saved(drafts.save(
        session, words=body.words, draft_id=draft_id, version=call.version, actor=call.actor, now=call.now)), status=200)


@router.post("/drafts/{draft_id}/drop", response_model=Done, summary="删去草稿")
def drop(call: Doing, draft_id: uuid.UUID, body: Nothing) -> Response:
    """Its words are gone."""
    def run(session: Session) -> Done:
        drafts.drop(session, draft_id=draft_id, actor=call.actor)
        return Done()
    return call.act(body, run, status=200)
