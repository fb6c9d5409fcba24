"""A stack scanned in the office files itself: what follows a cover sheet goes onto that claim as that kind of paper."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from services.access.actor import Actor
from services.core.errors import HuzhuError, InputError, NotFound
from services.evidence import sheets
from services.evidence.papers import VERIFIERS, upload
from services.models import Claim
from services.storage import reading
from services.storage import service as storage


@dataclass(frozen=True, slots=True)
class Part:
    """Pages from `first` to `last` (from 1) behind a cover sheet that says `text`; no text for pages before any cover."""

    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Filed:
    """Pages that are now a paper of a claim."""

    claim_no: str
    kind: str
    first: int
    last: int
    paper_id: uuid.UUID
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Pages that nobody could file, and why: they wait for a person's hand."""

    first: int
    last: int
    text: str
    code: str
    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Filing:
    """What became of every page of a stack. The stack itself is not kept: its pages lie in the claims, each with its own time."""

    sha256: str
    pages: int
    filed: tuple[Filed, ...]
    left: tuple[Left, ...]


def parts(pages: int, codes: Mapping[int, Sequence[str]]) -> list[Part]:
    """Cut a stack at its cover sheets. A cover with nothing behind it is a part of no pages (`first` > `last`). Pure."""
    covers = [(number, text) for number in range(1, pages + 1) for text in codes.get(number, ())[:20] if sheets.meant(text)]
    covers = [cover for place, cover in enumerate(covers) if not place or covers[place - 1][0] != cover[0]]
    ends = [number - 1 for number, _ in covers[1:]] + [pages]
    before = [Part("", 1, covers[0][0] - 1 if covers else pages)] if not covers or covers[0][0] > 1 else []
    return before + [Part(text, number + 1, end) for (number, text), end in zip(covers, ends, strict=False)]


def file_stack(session: Session, *, content: bytes, file_name: str, actor: Actor, now: datetime) -> Filing:
    """File a scanned PDF by its cover sheets; every page is filed or returned with a reason, none is dropped silently.

    InputError: no PDF, hostile or damaged. The same stack again files nothing twice.
    """
    actor.require(*VERIFIERS, what="归档扫描件")
    storage.check_size(content)
    found = reading.received(content, file_name)
    if found.mime != storage.PDF:
        raise InputError("stack_type", "成叠扫描件须为一份多页 PDF", remedy="扫描时选“多页 PDF”", field="content")
    filed: list[Filed] = []
    left: list[Left] = []
    for part in parts(found.pages, reading.codes(content, storage.PDF, range(1, found.pages + 1))):
        try:
            filed.append(_file(session, part, content, file_name, actor, now))
        except HuzhuError as error:
            left.append(Left(min(part.first, part.last), part.last, part.text, error.code, error.message, error.remedy))
    return Filing(hashlib.sha256(content).hexdigest(), found.pages, tuple(filed), tuple(left))


def _file(session: Session, part: Part, content: bytes, file_name: str, actor: Actor, now: datetime) -> Filed:
    if not part.text:
        raise InputError("cover_missing", "这几页前面没有材料封面", remedy="补上封面重新扫描，或在案件里单独上传")
    named = sheets.read(part.text)
    if named is None:
        raise InputError("cover_unknown", "封面上的条码不是本系统的受理编号和材料种类", remedy="重新打印封面，再扫描这几页")
    if part.first > part.last:
        raise InputError("cover_alone", "封面后面没有材料", remedy="核对是否漏扫")
    claim_no, kind = named
    claim_id = session.exec(select(Claim.id).where(Claim.claim_no == claim_no)).first()
    if claim_id is None:
        raise NotFound("claim_missing", f"没有受理编号 {claim_no}，或不在您的管辖范围内", remedy="核对封面，交给该案的经办人")
    piece = reading.extract(content, range(part.first, part.last + 1))
    name = f"{file_name.rpartition('.')[0] or file_name}-{part.first}-{part.last}.pdf"
    with session.begin_nested():        # one refused part leaves the others standing
        paper = upload(session, claim_id=claim_id, kind=kind, file_name=name, content=piece, actor=actor, now=now)
    return Filed(claim_no, kind, part.first, part.last, paper.id, tuple(paper.warnings))
