"""A report begun and not yet made: kept sealed for its own account, taken up again, gone once it is reported."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import OFFICE, Actor, Role
from services.core.crypto import key_ring
from services.core.errors import Conflict, InputError, NotFound
from services.intake.reports import NewReport
from services.models import ReportDraft
from services.rulebook.values import nearest

WORDS = "report_draft.words"
KEYS = tuple(field.name for field in fields(NewReport))
_MAY = (Role.MEMBER, Role.UNIT_CLERK, *sorted(OFFICE))
_MOST, _LONGEST = 200, 20_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written so far, in the words of a report; nothing in it has been checked."""

    id: uuid.UUID
    words: dict[str, object]
    saved_at: datetime
    version: int


def save(session: Session, *, words: Mapping[str, object], draft_id: uuid.UUID | None = None, version: int | None = None,
         actor: Actor, now: datetime) -> Draft:
    """Keep a draft, or (with `draft_id`) its next state. InputError: a key no report has, too long, too many drafts.

    Conflict: another window saved it since.
    """
    sealed = key_ring().seal(_text(words), field=WORDS)
    if draft_id is None:
        account = _account(actor)
        if len(session.exec(select(ReportDraft.id).where(ReportDraft.account_id == account)).all()) >= _MOST:
            raise InputError("drafts_many", f"草稿已有 {_MOST} 份", remedy="先提交或删去一些", field="words")
        row = ReportDraft(org_key=actor.org_key, account_id=account, words_sealed=sealed, saved_at=now)
    else:
        row = _own(session, draft_id, actor, lock=True)
        if version is not None and version != row.version:
            raise Conflict("stale_version", "草稿已在另一处改过", remedy="刷新后再改")
        row.words_sealed, row.saved_at, row.version = sealed, now, row.version + 1
    session.add(row)
    session.flush()
    return _opened(row)


def drafts_of(session: Session, *, actor: Actor) -> list[Draft]:
    """The actor's own drafts, newest first."""
    rows = session.exec(select(ReportDraft).where(ReportDraft.account_id == _account(actor))
                        .order_by(col(ReportDraft.saved_at).desc(), col(ReportDraft.id))).all()
    return [_opened(row) for row in rows]


def draft(session: Session, *, draft_id: uuid.UUID, actor: Actor) -> Draft:
    """One of the actor's drafts, to go on with."""
    return _opened(_own(session, draft_id, actor))


def drop(session: Session, *, draft_id: uuid.UUID, actor: Actor) -> None:
    """A draft that was reported, or is not wanted: its words are gone."""
    session.delete(_own(session, draft_id, actor, lock=True))
    session.flush()


def _account(actor: Actor) -> uuid.UUID:
    actor.require(*_MAY, what="报案草稿")
    if actor.account_id is None:
        raise TypeError("a draft belongs to an account")
    return actor.account_id


def _own(session: Session, draft_id: uuid.UUID, actor: Actor, *, lock: bool = False) -> ReportDraft:
    account = _account(actor)
    query = select(ReportDraft).where(ReportDraft.id == draft_id, ReportDraft.account_id == account).execution_options(
        populate_existing=True)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound("draft_missing", "没有这一草稿", remedy="可能已经提交或删去", field="draft_id")
    return row


def _text(words: Mapping[str, object]) -> str:
    for key in words:
        if key not in KEYS:
            near = nearest(key, KEYS)
            raise InputError("unknown_key", f"{key}：不认识的键" + (f"，最接近的是 {near}" if near else ""),
                             remedy=f"可用：{'、'.join(KEYS)}", field=key)
    text = json.dumps(words, ensure_ascii=False, sort_keys=True)
    if len(text) > _LONGEST:
        raise InputError("draft_long", f"草稿超过 {_LONGEST} 字", remedy="材料请在报案后上传", field="words")
    return text


def _opened(row: ReportDraft) -> Draft:
    words: dict[str, object] = json.loads(key_ring().open(bytes(row.words_sealed), field=WORDS))
    return Draft(row.id, words, row.saved_at, row.version)
