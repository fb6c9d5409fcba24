"""Letters on file and their bytes. The door records who read them."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from services.core.errors import NotFound
from services.models import Notice
from services.storage import service as storage


def letter(session: Session, notice_id: uuid.UUID) -> Notice:
    """One letter. Raises NotFound, also when it is out of scope."""
    found = session.get(Notice, notice_id)
    if found is None:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")
    return found


def content(session: Session, notice_id: uuid.UUID) -> bytes:
    """The PDF exactly as it was issued. Raises NotFound while it is a draft."""
    found = letter(session, notice_id)
    if found.sha256 is None:
        raise NotFound("letter_not_issued", "文书尚未签发", remedy="签发后再查看")
    return storage.get(found.sha256)


def enclosure(session: Session, notice_id: uuid.UUID, sha256: str) -> bytes:
    """An enclosure of a letter, by its hash. Raises NotFound when the letter has none such."""
    if sha256 not in {item["sha256"] for item in letter(session, notice_id).enclosures}:
        raise NotFound("enclosure_missing", "文书没有这一附件", remedy="核对附件编号")
    return storage.get(sha256)
