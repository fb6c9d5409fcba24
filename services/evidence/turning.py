"""A page drawn for viewing, turned by quarters, and the places on it turned with it. Works on our own pictures only."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from PIL import Image
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.errors import InputError, NotFound
from services.evidence.answers import locked_claim, record
from services.evidence.papers import CHECKED_AGAIN, VERIFIERS
from services.evidence.recognition.lines import Box
from services.models import Claim, Paper, PaperField, PaperPage, PaperReading
from services.outbox import service as outbox
from services.outbox.service import Work
from services.storage import service as storage

QUARTERS = (90, 180, 270)
_THUMB = 240            # as storage/viewing draws it
_QUALITY, _EFFORT = 80, 1
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@dataclass(frozen=True, slots=True)
class TurnedView:
    """WEBP bytes of view and thumbnail, and the view's size in pixels."""

    view: bytes
    thumb: bytes
    width: int
    height: int


def turned_view(view: bytes, degrees: int) -> TurnedView:
    """A view turned clockwise by 90, 180 or 270 degrees."""
    with Image.open(io.BytesIO(view), formats=["WEBP"]) as picture:
        turned = picture.convert("RGB").transpose(_TURNS[degrees])
    small = turned.copy()
    small.thumbnail((_THUMB, _THUMB * 4), Image.Resampling.LANCZOS)
    return TurnedView(_webp(turned), _webp(small), turned.width, turned.height)


def turned_box(box: Box, degrees: int) -> Box:
    """Where a place lies once its page was turned clockwise."""
    for _ in range(degrees % 360 // 90):
        box = Box(1 - box.bottom, box.left, 1 - box.top, box.right)
    return box


def _webp(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_QUALITY, method=_EFFORT)
    return out.getvalue()


def turn(session: Session, *, paper_id: uuid.UUID, page: int, degrees: int, actor: Actor, now: datetime) -> PaperPage:
    """The page stands as a person turned it (clockwise, by quarters); its fields' places turn with it.

    The checks look again; a paper on which a machine found nothing yet, and nobody typed, is read again as it now stands.
    NotFound: no such page, or none that can be shown.
    """
    actor.require(*VERIFIERS, what="核对材料")
    if degrees not in QUARTERS:
        raise InputError("turn_degrees", "只能旋转 90、180 或 270 度", remedy="改正度数", field="degrees")
    paper = session.get(Paper, paper_id)
    if paper is None:
        raise NotFound("paper_missing", "没有这一材料，或不在您的管辖范围内", remedy="核对编号")
    claim = locked_claim(session, paper.claim_id, actor)
    row = session.exec(select(PaperPage).where(PaperPage.paper_id == paper.id, PaperPage.number == page).with_for_update()
                       .execution_options(populate_existing=True)).first()
    if row is None or row.view_sha256 is None:
        raise NotFound("page_missing", "没有这一页，或这一页无法显示", remedy="请下载原件查看")
    made = turned_view(storage.get(row.view_sha256), degrees)
    row.former = [*(row.former or ()), *(sha256 for sha256 in (row.view_sha256, row.thumb_sha256) if sha256)]
    row.view_sha256, row.thumb_sha256, row.width, row.height = storage.put(made.view), storage.put(made.thumb), made.width, made.height
    row.turned = (row.turned + degrees) % 360
    session.add(row)
    _turn_fields(session, paper.id, page, degrees)
    session.flush()
    record(session, claim, paper.id, "turn", {"page": page, "degrees": degrees}, actor, now)
    _look_again(session, claim, paper, now)
    return row


def _turn_fields(session: Session, paper_id: uuid.UUID, page: int, degrees: int) -> None:
    for row in session.exec(select(PaperField).where(PaperField.paper_id == paper_id, PaperField.page == page)):
        if row.left is not None and row.top is not None and row.right is not None and row.bottom is not None:
            box = turned_box(Box(row.left, row.top, row.right, row.bottom), degrees)
            row.left, row.top, row.right, row.bottom = box.left, box.top, box.right, box.bottom
            session.add(row)


def _look_again(session: Session, claim: Claim, paper: Paper, now: datetime) -> None:
    """The flow looks at the page as it now stands: its print is made anew; where nothing was found before, it is read again."""
    if session.exec(select(PaperField.id).where(PaperField.paper_id == paper.id)).first() is None:
        session.execute(sa.delete(PaperReading).where(col(PaperReading.paper_id) == paper.id, col(PaperReading.source) != "hand"))
    outbox.add(session, [Work(CHECKED_AGAIN, claim.org_key, claim.id, paper.id)], now=now)
