"""The making of a person's copy, step by step: taken up, how far it is, ready for some days, gone. Its bytes lie apart in parts.

Killed anywhere in between, the next run makes it again under the same id: a part laid down twice takes its own place.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.core.errors import Conflict, NotFound
from services.intake.data_requests import KEPT, one
from services.models import PrivacyRequest
from services.storage import service as storage

_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Owed:
    """A copy to be made. `office`: asked for at the counter of this organisation, which hands over what it holds and no more."""

    id: uuid.UUID
    person_id: uuid.UUID
    asked_at: datetime
    office: str | None


def begin(session: Session, request_id: uuid.UUID) -> Owed | None:
    """Take a copy up; None when it is made or gone."""
    row = session.exec(select(PrivacyRequest).where(PrivacyRequest.id == request_id).with_for_update()).first()
    if row is None or row.kind != "export" or row.state not in ("open", "working"):
        return None
    row.state, row.fault, row.done, row.total = "working", None, 0, 0
    session.add(row)
    session.flush()
    return Owed(row.id, row.person_id, row.asked_at, row.org_key if row.channel == "counter" else None)


_NOTE = sa.text("UPDATE privacy_request SET done = :done, total = :total WHERE id = :id AND state = 'working'")


def note(session: Session, request_id: uuid.UUID, done: int, total: int) -> None:
    """How far it is, in files."""
    session.execute(_NOTE, {"id": request_id, "done": done, "total": total})


def keep(request_id: uuid.UUID, content: IO[bytes]) -> tuple[str, int]:
    """Lay the bytes down in parts; their SHA-256 and how many."""
    storage.drop_parts(request_id)
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while chunk := content.read(_CHUNK):
        storage.put_part(request_id, size, chunk)
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def finish(session: Session, request_id: uuid.UUID, *, sha256: str, size: int, now: datetime) -> None:
    """It lies ready from now on, for `KEPT`."""
    session.execute(sa.update(PrivacyRequest).where(col(PrivacyRequest.id) == request_id, col(PrivacyRequest.state) == "working").values(
        state="ready", sha256=sha256, size=size, made_at=now, answered_at=now, answer="done", expires_at=now + KEPT,
        version=PrivacyRequest.version + 1))


def fetch(session: Session, request_no: str, *, actor: Actor, now: datetime) -> PrivacyRequest:
    """A copy to be handed over now, counted; a clerk's fetching is recorded. Its own person, or who takes requests at the counter.

    NotFound: somebody else's; Conflict: not made yet, or gone.
    """
    row = one(session, request_no, lock=True)
    own = actor.person_id == row.person_id
    if not own and not (row.channel == "counter" and actor.has(Role.UNIT_CLERK, *REVIEWERS)):
        raise NotFound("request_missing", "没有这项申请，或不在您的管辖范围内", remedy="核对申请编号")
    if row.state in ("open", "working"):
        raise Conflict("copy_not_made", "副本还在制作", remedy="稍后再来下载")
    if row.state != "ready" or row.expires_at is None or now >= row.expires_at:
        raise Conflict("copy_gone", "副本已过保存期，不能再下载", remedy="重新申请一份")
    row.downloads += 1
    session.add(row)
    session.flush()
    if not own and actor.account_id:
        audit.looked(session, org_key=row.org_key, account=actor.account_id, claim_id=None, what=f"data_export:{row.request_no}",
                     reason=row.identified, at=now)
    return row


def pieces(request_id: uuid.UUID) -> Iterator[bytes]:
    """The bytes of a copy, part by part."""
    for offset in storage.part_offsets(request_id):
        yield storage.get_part(request_id, offset)


def expire(session: Session, *, now: datetime, most: int = 100) -> int:
    """Copies whose days are over go; how many. The bytes first: killed in between, the next sweep finds the same."""
    rows = session.exec(select(PrivacyRequest).where(PrivacyRequest.state == "ready", col(PrivacyRequest.expires_at) <= now)
                        .order_by(col(PrivacyRequest.id)).limit(most).with_for_update(skip_locked=True)).all()
    for row in rows:
        storage.drop_parts(row.id)
        row.state, row.version = "expired", row.version + 1
    session.add_all(rows)
    session.flush()
    return len(rows)
