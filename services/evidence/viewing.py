"""Pages drawn for viewing: made once a paper, kept beside the original, read by whoever may read the original."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.core.errors import NotFound, OutsideError
from services.core.ids import uuidv7
from services.evidence.papers import readable, still_here
from services.evidence.queries import LOST
from services.models import Paper, PaperPage
from services.storage import reading
from services.storage import service as storage
from services.storage.reading import Drawn

VIEW_MIME = "image/webp"
_MANY = 2000                # papers of one batch

_KEEP = sa.text("""
    INSERT INTO paper_page (id, org_key, paper_id, number, view_sha256, thumb_sha256, width, height, rotation, tilt, fault)
    SELECT r.id, p.org_key, p.id, r.number, r.view, r.thumb, r.width, r.height, r.rotation, r.tilt, r.fault
    FROM unnest(CAST(:ids AS uuid[]), CAST(:papers AS uuid[]), CAST(:numbers AS int[]), CAST(:views AS text[]),
                CAST(:thumbs AS text[]), CAST(:widths AS int[]), CAST(:heights AS int[]), CAST(:rotations AS int[]),
                CAST(:tilts AS float8[]), CAST(:faults AS text[]))
        AS r(id, paper, number, view, thumb, width, height, rotation, tilt, fault)
    JOIN paper p ON p.id = r.paper ON CONFLICT (paper_id, number) DO NOTHING""")
_DONE = sa.text("""
    UPDATE paper p SET pages = r.pages FROM unnest(CAST(:papers AS uuid[]), CAST(:pages AS int[])) AS r(paper, pages)
    WHERE p.id = r.paper AND p.pages IS NULL""")


@dataclass(frozen=True, slots=True)
class Undrawn:
    """A paper whose pages nobody has drawn yet."""

    id: uuid.UUID
    sha256: str
    mime: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page that lies in the store, or the code of why it does not (`fault`)."""

    number: int
    view: str | None = None
    thumb: str | None = None
    width: int = 0
    height: int = 0
    rotation: int = 0
    tilt: float = 0.0
    fault: str | None = None


def undrawn(session: Session, claim_ids: Sequence[uuid.UUID]) -> list[Undrawn]:
    """The claims' papers that have no pages yet, oldest first."""
    rows = session.execute(sa.select(col(Paper.id), col(Paper.sha256), col(Paper.mime)).where(
        col(Paper.claim_id).in_(list(claim_ids)), col(Paper.pages).is_(None), col(Paper.removed_at).is_(None),
        ).order_by(col(Paper.id)).limit(_MANY))
    return [Undrawn(*row) for row in rows]


def draw(paper: Undrawn) -> list[Leaf]:
    """Draw every page in the confined process and lay the pictures into the store. No transaction is open meanwhile.

    A file that is lost, damaged or cannot be drawn is a fault of its pages; OutsideError when the store does not answer.
    """
    try:
        content = storage.get(paper.sha256)
    except (NotFound, OutsideError) as error:
        return [Leaf(1, fault=storage.fault_of(error))]
    pages = reading.page_count(content, paper.mime)
    if not pages:
        return [Leaf(1, fault="file_damaged")]
    return [_leaf(page) if isinstance(page, Drawn) else Leaf(page.number, fault=page.code)
            for page in reading.draw(content, paper.mime, range(1, pages + 1))]


def _leaf(page: Drawn) -> Leaf:
    return Leaf(page.number, storage.put(page.view), storage.put(page.thumb), page.width, page.height, page.rotation, page.tilt)


def keep(session: Session, drawn: Sequence[tuple[Undrawn, Sequence[Leaf]]]) -> None:
    """Record the pages of several papers; what another worker recorded first stays."""
    rows = [(paper.id, leaf) for paper, leaves in drawn for leaf in leaves]
    session.execute(_KEEP, {
        "ids": [uuidv7() for _ in rows], "papers": [paper for paper, _ in rows], "numbers": [leaf.number for _, leaf in rows],
        "views": [leaf.view for _, leaf in rows], "thumbs": [leaf.thumb for _, leaf in rows],
        "widths": [leaf.width for _, leaf in rows], "heights": [leaf.height for _, leaf in rows],
        "rotations": [leaf.rotation for _, leaf in rows], "tilts": [leaf.tilt for _, leaf in rows],
        "faults": [leaf.fault for _, leaf in rows]})
    session.execute(_DONE, {"papers": [paper.id for paper, _ in drawn], "pages": [len(leaves) for _, leaves in drawn]})


def pages(session: Session, *, paper_id: uuid.UUID, actor: Actor) -> tuple[Paper, list[PaperPage]]:
    """A paper's pages in order, none while they are still being drawn."""
    paper, _ = readable(session, paper_id, actor)
    return paper, list(session.exec(select(PaperPage).where(PaperPage.paper_id == paper.id).order_by(col(PaperPage.number))).all())


def read_page(session: Session, *, paper_id: uuid.UUID, number: int, thumb: bool = False, actor: Actor, now: datetime) -> bytes:
    """The WEBP bytes of one page. Every look is recorded as a look at the original is. NotFound when it cannot be shown."""
    paper, claim = readable(session, paper_id, actor)
    still_here(paper)
    page = session.exec(select(PaperPage).where(PaperPage.paper_id == paper.id, PaperPage.number == number)).first()
    if page is None and paper.pages is None:
        raise NotFound("page_waiting", "这份材料的页面还在准备", remedy="稍后再看，或下载原件")
    sha256 = picture_of(page, thumb=thumb)
    if actor.account_id:
        audit.looked(session, org_key=claim.org_key, account=actor.account_id, claim_id=claim.id, what=f"paper:{paper.id}",
                     reason=None, at=now)
        session.flush()
    return storage.get(sha256)


def picture_of(page: PaperPage | None, *, thumb: bool) -> str:
    """The hash of a page's picture. NotFound when it cannot be shown, with who can mend it."""
    sha256 = None if page is None else page.thumb_sha256 if thumb else page.view_sha256
    if sha256 is not None:
        return sha256
    if page is not None and page.fault in LOST:
        raise NotFound("page_missing", "文件库里没有这份材料的文件，或文件已损坏", remedy="请系统管理员从备份放回，不必请申请人重新上传")
    raise NotFound("page_missing", "没有这一页，或这一页无法显示", remedy="请下载原件查看，看不清的请申请人重新上传")
