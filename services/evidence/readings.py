"""What was read from papers: which are still unread, what a reading found, and the one way to look at the fields."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.crypto import key_ring
from services.core.ids import uuidv7
from services.evidence.recognition.lines import Box, Found
from services.models import PaperField

SEALED = "paper_field.value"

_READINGS = sa.text("""
    INSERT INTO paper_reading (id, org_key, paper_id, source, engine, sheets, fault, read_at)
    SELECT r.id, p.org_key, p.id, r.source, r.engine, r.sheets::jsonb, r.fault, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:papers AS uuid[]), CAST(:sources AS text[]), CAST(:engines AS text[]),
                CAST(:sheets AS text[]), CAST(:faults AS text[])) AS r(id, paper, source, engine, sheets, fault)
    JOIN paper p ON p.id = r.paper AND p.removed_at IS NULL
    ON CONFLICT (paper_id) DO UPDATE SET source = EXCLUDED.source, engine = EXCLUDED.engine,
        sheets = EXCLUDED.sheets || paper_reading.sheets, fault = EXCLUDED.fault, read_at = EXCLUDED.read_at
    WHERE paper_reading.source = 'hand' AND EXCLUDED.source <> 'hand'
    RETURNING paper_id, sheets""")
# Whoever answers fields, types or turns a page holds the claim: they and a reading wait for one another.
_HOLD = sa.text("""
    SELECT c.id FROM claim c WHERE c.id IN (SELECT claim_id FROM paper WHERE id = ANY(CAST(:papers AS uuid[])))
    ORDER BY c.id FOR KEY SHARE""")
# Pages that a person turned while the machine read: what was read lies elsewhere on them now.
_TURNED_SINCE = sa.text("""
    SELECT DISTINCT g.paper_id FROM paper_page g
    JOIN unnest(CAST(:papers AS uuid[]), CAST(:numbers AS int[]), CAST(:views AS text[])) AS r(paper, number, view)
        ON g.paper_id = r.paper AND g.number = r.number AND g.view_sha256 IS DISTINCT FROM r.view""")
_FIELDS = sa.text("""
    INSERT INTO paper_field (id, org_key, claim_id, paper_id, page, sheet, name, place, value_sealed, confidence,
                             "left", top, "right", bottom, source, state)
    SELECT r.id, p.org_key, p.claim_id, p.id, r.page, r.sheet, r.name, r.place, r.value, r.confidence,
           r.l, r.t, r.r, r.b, r.source, 'read'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:papers AS uuid[]), CAST(:pages AS int[]), CAST(:sheets AS text[]),
                CAST(:names AS text[]), CAST(:places AS int[]), CAST(:values AS bytea[]), CAST(:confidences AS float8[]),
                CAST(:lefts AS float8[]), CAST(:tops AS float8[]), CAST(:rights AS float8[]), CAST(:bottoms AS float8[]),
                CAST(:sources AS text[]))
         AS r(id, paper, page, sheet, name, place, value, confidence, l, t, r, b, source)
    JOIN paper p ON p.id = r.paper ON CONFLICT (paper_id, page, name, place) DO NOTHING""")
_TURN = sa.text("""
    UPDATE paper_page g SET former = array_remove(g.former || ARRAY[g.view_sha256, g.thumb_sha256], NULL), view_sha256 = r.view,
           thumb_sha256 = r.thumb, width = r.width, height = r.height, turned = (g.turned + r.turned) % 360
    FROM unnest(CAST(:papers AS uuid[]), CAST(:numbers AS int[]), CAST(:views AS text[]), CAST(:thumbs AS text[]),
                CAST(:widths AS int[]), CAST(:heights AS int[]), CAST(:turns AS int[]))
         AS r(paper, number, view, thumb, width, height, turned)
    WHERE g.paper_id = r.paper AND g.number = r.number""")


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field on one page, opened. `value` and `read` (what the machine read) in the field's written form (vocabulary).

    `value` is none when nobody can read it; `read` none when a person typed it and no machine had. `box` in fractions of the
    page as shown. `source`: ocr, text or person; `state`: read, accepted, corrected or unreadable.
    """

    id: uuid.UUID
    paper_id: uuid.UUID
    claim_id: uuid.UUID
    page: int
    sheet: str
    name: str
    place: int
    value: str | None
    read: str | None
    confidence: float | None
    box: Box | None
    source: str
    state: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A page that lay on its side or head, drawn upright: degrees clockwise, its new view and thumbnail in the store."""

    degrees: int
    view: str
    thumb: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PageRead:
    """What was read on one page. `sheet` none when the kind was not recognised; `fault` the code of why nothing was read.

    `found` may name a field more than once: its places are counted in that order. `view`: the picture that was read, by its hash.
    """

    number: int
    source: str = "ocr"
    sheet: str | None = None
    found: tuple[Found, ...] = ()
    turned: Turned | None = None
    fault: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True)
class PaperRead:
    """What was read on one paper. `source`: ocr, text (every page's own words) or hand (no machine reads here)."""

    paper_id: uuid.UUID
    source: str
    engine: str = ""
    pages: tuple[PageRead, ...] = field(default=())


def fields_of(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[FieldView]]:
    """Each claim's fields in the order of papers, pages, names and places. Values are opened: record who looks."""
    found: dict[uuid.UUID, list[FieldView]] = {claim_id: [] for claim_id in claim_ids}
    for row in session.exec(select(PaperField).where(col(PaperField.claim_id).in_(list(claim_ids))).order_by(
            col(PaperField.paper_id), col(PaperField.page), col(PaperField.name), col(PaperField.place))).all():
        found[row.claim_id].append(view_of(row))
    return found


def view_of(row: PaperField) -> FieldView:
    """One row, opened."""
    value = _open(row.value_sealed)
    read = _open(row.read_sealed) or (value if row.source != "person" else None)
    return FieldView(row.id, row.paper_id, row.claim_id, row.page, row.sheet, row.name, row.place, value, read, row.confidence,
                     _box(row), row.source, row.state)


def _open(sealed: bytes | None) -> str | None:
    return None if sealed is None else key_ring().open(sealed, field=SEALED)


def _box(row: PaperField) -> Box | None:
    if row.left is None or row.top is None or row.right is None or row.bottom is None:
        return None
    return Box(row.left, row.top, row.right, row.bottom)


def seal(value: str) -> bytes:
    """A field's value as its column keeps it."""
    return key_ring().seal(value, field=SEALED)


def keep(session: Session, read: Sequence[PaperRead], *, now: datetime) -> None:
    """Record readings. A paper that was read before stays as it was (a retry, another worker); one left to hands is read over,
    and what a person typed there stays, the kind of sheet too. Not kept: what was read on a page that was turned meanwhile, which is
    read again as it now lies, and on a paper that was destroyed."""
    session.execute(_HOLD, {"papers": [paper.paper_id for paper in read]})
    turned = _turned_since(session, read)
    read = [paper for paper in read if paper.paper_id not in turned]
    fresh = dict(tuple(row) for row in session.execute(_READINGS, {
        "now": now, "ids": [uuidv7() for _ in read], "papers": [paper.paper_id for paper in read],
        "sources": [paper.source for paper in read], "engines": [paper.engine for paper in read],
        "sheets": [_sheets(paper) for paper in read],
        "faults": [next((page.fault for page in paper.pages if page.fault), None) for paper in read]}))
    pages = [(paper.paper_id, page) for paper in read if paper.paper_id in fresh for page in paper.pages]
    _keep_fields(session, [(paper_id, page) for paper_id, page in pages if page.sheet in (None, fresh[paper_id].get(str(page.number)))])
    _turn(session, [(paper_id, page.number, page.turned) for paper_id, page in pages if page.turned])


def _turned_since(session: Session, read: Sequence[PaperRead]) -> set[uuid.UUID]:
    """Papers of which a page stands otherwise than it was read."""
    pages = [(paper.paper_id, page.number, page.view) for paper in read for page in paper.pages if page.view]
    return set(session.scalars(_TURNED_SINCE, {"papers": [paper_id for paper_id, *_ in pages], "views": [view for *_, view in pages],
                                               "numbers": [number for _, number, _ in pages]}))


def _sheets(paper: PaperRead) -> str:
    return json.dumps({str(page.number): page.sheet for page in paper.pages if page.sheet})


def _keep_fields(session: Session, pages: Sequence[tuple[uuid.UUID, PageRead]]) -> None:
    rows = [(paper_id, page, found, place) for paper_id, page in pages for found, place in _placed(page.found)]
    boxes = [found.box for _, _, found, _ in rows]
    session.execute(_FIELDS, {
        "ids": [uuidv7() for _ in rows], "papers": [paper_id for paper_id, *_ in rows],
        "pages": [page.number for _, page, *_ in rows], "sheets": [page.sheet or "" for _, page, *_ in rows],
        "names": [found.name for _, _, found, _ in rows], "places": [place for *_, place in rows],
        "values": [seal(found.value) for _, _, found, _ in rows], "confidences": [found.confidence for _, _, found, _ in rows],
        "lefts": [box and box.left for box in boxes], "tops": [box and box.top for box in boxes],
        "rights": [box and box.right for box in boxes], "bottoms": [box and box.bottom for box in boxes],
        "sources": [page.source for _, page, *_ in rows]})


def _placed(found: Sequence[Found]) -> list[tuple[Found, int]]:
    seen: dict[str, int] = {}
    placed = []
    for one in found:
        place = seen.get(one.name, 0)
        seen[one.name] = place + 1
        placed.append((one, place))
    return placed


def _turn(session: Session, turned: Sequence[tuple[uuid.UUID, int, Turned]]) -> None:
    session.execute(_TURN, {
        "papers": [paper_id for paper_id, *_ in turned], "numbers": [number for _, number, _ in turned],
        "views": [turn.view for *_, turn in turned], "thumbs": [turn.thumb for *_, turn in turned],
        "widths": [turn.width for *_, turn in turned], "heights": [turn.height for *_, turn in turned],
        "turns": [turn.degrees for *_, turn in turned]})
