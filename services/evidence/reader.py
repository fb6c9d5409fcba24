"""Papers read by the machine: which still wait, one paper read without a session, and the same bytes read once only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col

from services.core.errors import NotFound, OutsideError
from services.evidence.readings import PageRead, PaperRead, Turned
from services.evidence.recognition import engine
from services.evidence.recognition.extract import extract
from services.evidence.recognition.lines import Found, Words
from services.evidence.recognition.text_layer import spelled
from services.evidence.recognition.vocabulary import OFFICIAL
from services.evidence.turning import turned_view
from services.evidence.unread import KINDS
from services.models import Paper, PaperPage, PaperReading
from services.storage import reading
from services.storage import service as storage
from services.storage.confined import Died
from services.storage.kinds import PDF
from services.storage.reading import Glyph

DIED = "reader_died"
_MANY = 2000                # papers of one batch

_SAME = sa.text("""
    WITH twin AS (
        SELECT p.id, p.org_key, p.claim_id, s.source_id, r.source, r.engine, r.sheets, r.fault
        FROM paper p
        JOIN LATERAL (
            SELECT o.id AS source_id FROM paper o JOIN paper_reading q ON q.paper_id = o.id
            WHERE o.sha256 = p.sha256 AND o.id <> p.id AND o.removed_at IS NULL AND q.engine = :engine AND q.source <> 'hand'
              AND (:faults OR q.fault IS NULL)
            ORDER BY o.id LIMIT 1) s ON true
        JOIN paper_reading r ON r.paper_id = s.source_id
        WHERE p.claim_id = ANY(:claims) AND p.kind = ANY(:kinds) AND p.removed_at IS NULL
          AND NOT EXISTS (SELECT FROM paper_reading mine WHERE mine.paper_id = p.id AND mine.source <> 'hand')),
    noted AS (
        INSERT INTO paper_reading (id, org_key, paper_id, source, engine, sheets, fault, read_at)
        SELECT uuidv7(), org_key, id, source, engine, sheets, fault, :now FROM twin
        ON CONFLICT (paper_id) DO UPDATE SET source = EXCLUDED.source, engine = EXCLUDED.engine,
            sheets = EXCLUDED.sheets || paper_reading.sheets, fault = EXCLUDED.fault, read_at = EXCLUDED.read_at
            WHERE paper_reading.source = 'hand'
        RETURNING paper_id, sheets),
    upright AS (
        UPDATE paper_page g SET former = array_remove(g.former || ARRAY[g.view_sha256, g.thumb_sha256], NULL),
               view_sha256 = f.view_sha256, thumb_sha256 = f.thumb_sha256, width = f.width, height = f.height, turned = f.turned
        FROM twin t JOIN noted n ON n.paper_id = t.id JOIN paper_page f ON f.paper_id = t.source_id
        WHERE g.paper_id = t.id AND g.number = f.number AND f.view_sha256 IS NOT NULL
            AND f.view_sha256 IS DISTINCT FROM g.view_sha256)
    INSERT INTO paper_field (id, org_key, claim_id, paper_id, page, sheet, name, place, value_sealed, confidence,
                             "left", top, "right", bottom, source, state)
    SELECT uuidv7(), t.org_key, t.claim_id, t.id, f.page, f.sheet, f.name, f.place, coalesce(f.read_sealed, f.value_sealed),
           f.confidence, f."left", f.top, f."right", f.bottom, f.source, 'read'
    FROM twin t JOIN noted n ON n.paper_id = t.id JOIN paper_field f ON f.paper_id = t.source_id AND f.source <> 'person'
    WHERE coalesce(f.read_sealed, f.value_sealed) IS NOT NULL AND coalesce(n.sheets ->> f.page::text, f.sheet) = f.sheet
    ON CONFLICT (paper_id, page, name, place) DO NOTHING""").bindparams(
        sa.bindparam("claims", type_=sa.ARRAY(sa.Uuid())), sa.bindparam("kinds", type_=sa.ARRAY(sa.Text())))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A drawn page. `straight`: it stands as the file shows it, so that places in the file are places on the view."""

    number: int
    view: str
    width: int
    height: int
    straight: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """A paper that no machine has read yet, with its drawn pages."""

    id: uuid.UUID
    sha256: str
    mime: str
    pages: tuple[Leaf, ...]


def unread(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[Unread]:
    """The claims' drawn papers of kinds that a machine reads, not read yet, oldest first. When nobody reads here, those not yet
    noted as left to hands; once somebody does, these too."""
    done = [col(PaperReading.source) != "hand"] if engine.name() else []
    rows = session.execute(sa.select(
        col(Paper.id), col(Paper.sha256), col(Paper.mime), col(PaperPage.number), col(PaperPage.view_sha256), col(PaperPage.width),
        col(PaperPage.height), sa.and_(col(PaperPage.turned) == 0, col(PaperPage.tilt) == 0)).join(
        PaperPage, col(PaperPage.paper_id) == col(Paper.id)).where(
        col(Paper.id).in_(sa.select(col(Paper.id)).where(
            col(Paper.claim_id).in_(list(claim_ids)), col(Paper.kind).in_(KINDS), col(Paper.pages).is_not(None),
            col(Paper.removed_at).is_(None),
            ~sa.exists().where(col(PaperReading.paper_id) == col(Paper.id), *done)).order_by(col(Paper.id)).limit(_MANY)),
        col(PaperPage.view_sha256).is_not(None)).order_by(col(Paper.id), col(PaperPage.number)))
    found: dict[uuid.UUID, Unread] = {}
    for paper_id, sha256, mime, *page in rows:
        held = found.get(paper_id)
        found[paper_id] = Unread(paper_id, sha256, mime, (*(held.pages if held else ()), Leaf(*page)))
    return list(found.values())


def once_each(papers: Sequence[Unread]) -> list[Unread]:
    """One of each file: the others take its reading over (`same`). All of them when nobody reads here."""
    return list({paper.sha256: paper for paper in reversed(papers)}.values())[::-1] if engine.name() else list(papers)


def same(session: Session, claim_ids: Sequence[uuid.UUID], *, now: datetime, faults: bool = True) -> int:
    """Papers of these claims whose very bytes this machine read elsewhere take that reading over (what it read, not what people
    answered there), with `faults` also one that failed. How many fields they got."""
    if not engine.name():
        return 0
    done = session.execute(_SAME, {"claims": list(claim_ids), "kinds": KINDS, "engine": engine.name(), "now": now, "faults": faults})
    return int(getattr(done, "rowcount", 0))


def read(paper: Unread) -> PaperRead:
    """One paper read page by page, as many at once as the machine has processes. No transaction is open meanwhile.

    A page that cannot be read is a fault of that page, never an exception; OutsideError when the store does not answer.
    """
    if not engine.name():
        return PaperRead(paper.id, "hand")
    told = _own_text(paper)
    pages = tuple(engine.hands().map(partial(_page, told=told), paper.pages))
    source = "text" if all(page.source == "text" for page in pages) else "ocr"
    return PaperRead(paper.id, source, engine.name(), pages)


def _own_text(paper: Unread) -> dict[int, list[Glyph]]:
    straight = [page.number for page in paper.pages if page.straight]
    if paper.mime != PDF or not straight:
        return {}
    try:
        return reading.glyphs(storage.get(paper.sha256), straight)
    except (NotFound, OutsideError) as error:
        storage.fault_of(error)
        return {}               # the view is there and is read; the original's loss is told where it is asked for


def _page(page: Leaf, told: dict[int, list[Glyph]]) -> PageRead:
    try:
        view = storage.get(page.view)
        seen = engine.read(view)
        turned = _turned(view, seen.turned) if seen.turned else None
    except (NotFound, OutsideError) as error:
        return PageRead(page.number, fault=storage.fault_of(error), view=page.view)
    except Died:
        return PageRead(page.number, fault=DIED, view=page.view)
    width, height = (turned.width, turned.height) if turned else (page.width, page.height)
    aspect = width / max(height, 1)
    source, lines = spelled(seen.lines, [] if turned else told.get(page.number, []), aspect)
    found = extract(Words(page.number, source, aspect, lines))
    stamps = [Found(page.number, "seal", "yes", seen.stamp[1], seen.stamp[0])] if seen.stamp and found.sheet in OFFICIAL else []
    return PageRead(page.number, source, found.sheet, (*found.found, *stamps), turned, view=page.view)


def _turned(view: bytes, degrees: int) -> Turned:
    made = turned_view(view, degrees)
    return Turned(degrees, storage.put(made.view), storage.put(made.thumb), made.width, made.height)
