"""A file that comes in parts: a cut line loses nothing, and the same file chosen again goes on where it stopped.

The parts are nothing to anybody until `finish` has joined them, proved the hash that the sender said at the beginning, and handed
the whole to `papers.upload`, which looks into it as into any other file.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.core.errors import Conflict, InputError, NotFound
from services.core.ids import uuidv7
from services.core.settings import settings
from services.evidence import rules
from services.evidence.papers import VERIFIERS, not_sent_back, upload
from services.intake.queries import case_of, claims_of, require_own
from services.models import Claim, Paper, UploadSession
from services.rulebook import registry
from services.storage import service as storage
from services.storage.reading import clean_name
from statemachines.states import ClaimState

PART = 1 << 20              # bytes of one part; the last one may be shorter
OPEN = 20                   # unfinished files of one account
FOLD = 4                    # times one file's limit: bytes of all of them together
PIECES = 1000               # parts of one file, so that nobody fills the store with millions of single bytes
PATIENCE = timedelta(hours=24)      # after the last part
_HASH = re.compile(r"[0-9a-f]{64}")
_OVER = (ClaimState.CLOSED, ClaimState.CANCELLED)
_SWEEP = 200


class WrongOffset(Conflict):
    """The part does not begin where the last one ended; `offset` is where it must."""

    def __init__(self, offset: int) -> None:
        super().__init__("upload_offset", f"已收到 {offset} 字节，应从这里接着传", remedy="从 offset 接着传", field="offset")
        self.offset = offset

    def as_problem(self) -> dict[str, object]:
        """With the right offset."""
        return {**super().as_problem(), "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Coming:
    """How far a file is. `id` is none when the file lies on every claim that asks for it already."""

    id: uuid.UUID | None
    file_name: str
    kind: str
    size: int
    received: int


def begin(session: Session, *, case_id: uuid.UUID, kind: str, file_name: str, size: int, sha256: str, actor: Actor,
          now: datetime) -> Coming:
    """Announce a file for the case's claims; the same file again goes on where it stopped.

    InputError: empty, above the limit, unknown kind, no hash, sent back before; Conflict: the case is over, too many unfinished files.
    """
    actor.require(Role.MEMBER, *VERIFIERS, what="上传材料")
    account = _account(actor)
    claims = _asking(session, case_id, kind, actor)
    if not _HASH.fullmatch(sha256):
        raise InputError("upload_hash", "没有写明文件的 SHA-256", remedy="以 64 位小写十六进制写明", field="sha256")
    storage.check_length(size)
    if _there(session, claims, kind, sha256):
        return Coming(None, clean_name(file_name), kind, size, size)
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"upload:{account}"})
    mine = session.exec(select(UploadSession).where(UploadSession.account_id == account, col(UploadSession.expires_at) > now)).all()
    row = next((row for row in mine if (row.case_id, row.kind, row.sha256, row.size) == (case_id, kind, sha256, size)), None)
    if row is None:
        _check_room(mine, size)
        row = UploadSession(id=uuidv7(), org_key=claims[0].org_key, case_id=case_id, account_id=account, kind=kind,
                            file_name=clean_name(file_name), size=size, sha256=sha256, begun_at=now, expires_at=now + PATIENCE)
        session.add(row)
        session.flush()
    return _coming(row)


def part(session: Session, *, upload_id: uuid.UUID, offset: int, content: bytes, actor: Actor, now: datetime) -> Coming:
    """Take the next part. WrongOffset when it begins elsewhere; NotFound when the upload is over or another's.

    The row stays locked while the part is laid down: of two that begin at the same place one is taken, the other is told to go on.
    """
    row = _own(session, upload_id, actor, now)
    if offset != row.received:
        raise WrongOffset(row.received)
    least = max(1, min(row.size // PIECES, row.size - offset))
    if not least <= len(content) <= min(PART, row.size - offset):
        raise InputError("upload_part", f"每部分 {least} 至 {PART} 字节，合计不得多于 {row.size} 字节", remedy="按约定的大小分开",
                         field="part")
    storage.put_part(row.id, offset, content)
    row.received += len(content)
    row.expires_at = now + PATIENCE
    session.add(row)
    session.flush()
    return _coming(row)


def state(session: Session, *, upload_id: uuid.UUID, actor: Actor, now: datetime) -> Coming:
    """How far an upload is. NotFound when it is over or another's."""
    return _coming(_own(session, upload_id, actor, now))


def finish(session: Session, *, upload_id: uuid.UUID, actor: Actor, now: datetime) -> list[Paper]:
    """Join the parts, prove the hash, and hand the file in on every claim that asks for it.

    WrongOffset when parts are missing. InputError (hash, hostile file …): nothing was taken; the door then drops the upload.
    """
    row = _own(session, upload_id, actor, now)
    if row.received != row.size:
        raise WrongOffset(row.received)
    content = storage.joined(row.id)
    if len(content) != row.size or hashlib.sha256(content).hexdigest() != row.sha256:
        raise InputError("upload_hash", "收到的内容与原文件不符", remedy="请重新选择文件上传", field="content")
    papers = hand_in(session, case_id=row.case_id, kind=row.kind, files=[(row.file_name, content)], actor=actor, now=now)
    _give_up(session, row, now)
    return papers


def drop(session: Session, *, upload_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """Give an unfinished file up. NotFound when it is over or another's."""
    _give_up(session, _own(session, upload_id, actor, now), now)


def unfinished(session: Session, *, case_id: uuid.UUID, actor: Actor, now: datetime) -> list[Coming]:
    """The actor's own files of a case that did not come to their end, oldest first."""
    rows = session.exec(select(UploadSession).where(
        UploadSession.case_id == case_id, UploadSession.account_id == actor.account_id,
        col(UploadSession.expires_at) > now).order_by(col(UploadSession.id))).all()
    return [_coming(row) for row in rows]


def expire(session: Session, *, now: datetime) -> int:
    """Forget uploads that are over; how many. Their parts go first, so that a kill in between leaves none behind."""
    rows = session.exec(select(UploadSession).where(col(UploadSession.expires_at) <= now).order_by(col(UploadSession.id)).limit(
        _SWEEP).with_for_update(skip_locked=True)).all()
    for row in rows:
        storage.drop_parts(row.id)
        session.delete(row)
    session.flush()
    return len(rows)


def hand_in(session: Session, *, case_id: uuid.UUID, kind: str, files: Sequence[tuple[str, bytes]], actor: Actor,
            now: datetime) -> list[Paper]:
    """Files (name, bytes) of one kind onto every claim of the case that asks for it; onto all, when none asks."""
    return [upload(session, claim_id=claim.id, kind=kind, file_name=name, content=content, actor=actor, now=now)
            for claim in _asking(session, case_id, kind, actor) for name, content in files]


def _asking(session: Session, case_id: uuid.UUID, kind: str, actor: Actor) -> list[Claim]:
    require_own(session, actor, case_of(session, case_id).person_id)
    running = [claim for claim in claims_of(session, case_id) if claim.state not in _OVER]
    if not running:
        raise Conflict("claim_over", "案件已结束，不能再上传材料", remedy="需要重新办理的，请联系经办人")
    asking = [claim for claim in running if kind in claim.required] or running
    for claim in asking:
        rules.check_kind(registry.version(claim.plan, claim.plan_from), kind)
    return asking


def _there(session: Session, claims: Sequence[Claim], kind: str, sha256: str) -> bool:
    ids = [claim.id for claim in claims]
    found = session.exec(select(Paper).where(col(Paper.claim_id).in_(ids), Paper.kind == kind, Paper.sha256 == sha256,
                                             col(Paper.removed_at).is_(None))).all()
    return {not_sent_back(paper).claim_id for paper in found} == set(ids)


def _check_room(mine: Sequence[UploadSession], size: int) -> None:
    most = FOLD * settings().upload_limit_mb * 1024 * 1024
    if len(mine) >= OPEN or sum(row.size for row in mine) + size > most:
        raise Conflict("uploads_many", f"还有 {len(mine)} 个文件没有传完，暂不能再开始", remedy="先传完或取消没有传完的文件")


def _own(session: Session, upload_id: uuid.UUID, actor: Actor, now: datetime) -> UploadSession:
    row = session.get(UploadSession, upload_id, with_for_update=True, populate_existing=True)
    if row is None or row.account_id != actor.account_id or row.expires_at <= now:
        raise NotFound("upload_missing", "没有这一次上传，或已过期", remedy="请重新选择文件上传")
    return row


def _account(actor: Actor) -> uuid.UUID:
    if actor.account_id is None:
        raise InputError("account_missing", "分段上传须以个人账号办理", remedy="登录后再上传")
    return actor.account_id


def _give_up(session: Session, row: UploadSession, now: datetime) -> None:
    """It is over from this commit on; `expire` takes the parts. Taken here they would be gone also when the commit fails, and the same
    request sent again would find an upload without its bytes."""
    row.expires_at = now
    session.add(row)
    session.flush()


def _coming(row: UploadSession) -> Coming:
    return Coming(row.id, row.file_name, row.kind, row.size, row.received)
