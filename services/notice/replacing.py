"""A letter taken back, or put in another's place. Its number stays used, its bytes stay kept, and the register says why."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import OFFICE, Actor, system
from services.core.errors import Conflict, HuzhuError, NotFound
from services.core.ids import uuidv7
from services.core.settings import settings
from services.core.texts import written
from services.lifecycle.apart import require_apart
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Notice
from services.notice.issuing import issue
from services.outbox import service as outbox
from services.outbox.service import Work
from statemachines.states import NoticeState

ISSUE = "notice.create"
# Another piece of work brings what is missing, or the store comes back: the outbox tries again by itself.
WAITS = frozenset({"parcel_not_packed", "store_down", "store_full"})
_LOCK = sa.text("SELECT n.id FROM notice n JOIN claim c ON c.id = n.claim_id WHERE n.id = :id FOR UPDATE OF c, n")


def void(session: Session, *, notice_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor, now: datetime) -> Notice:
    """A draft or a letter that was not sent yet: drafted or issued → voided, with its reason. A sent one can only be replaced.

    InputError without a reason, Conflict in another state, NotPermitted for the claimant's side.
    """
    row, why = _locked(session, notice_id, actor, "作废文书"), written(reason, "reason")
    if row.state in (NoticeState.DISPATCHED, NoticeState.DELIVERED):
        raise Conflict("letter_sent", "文书已经发出，不能作废", remedy="用替换：新的文书签发后，原文书即失效")
    fire(session, "notice", "void", [Move(row.id, version=version, reason=why, details={"number": row.number})], actor=actor, now=now)
    return _fresh(session, row.id)


def replace(session: Session, *, notice_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor, now: datetime) -> Notice:
    """The letter written anew from the file as it stands now, with a number of its own that names the one it replaces; gives it.

    One transaction: the old one falls only when the new one stands. Sending it is owed. GuardFailed when a value is missing.
    """
    row, why = _locked(session, notice_id, actor, "替换文书"), written(reason, "reason")
    if row.state not in (NoticeState.ISSUED, NoticeState.DISPATCHED, NoticeState.DELIVERED):
        raise Conflict("event_not_allowed", "只有已经签发、仍然有效的文书可以替换", remedy="待签发的可以作废")
    if version is not None and version != row.version:
        raise Conflict("stale_version", "记录已被他人更新", remedy="刷新后再办理")
    new = Notice(id=uuidv7(), org_key=row.org_key, state=NoticeState.DRAFTED, claim_id=row.claim_id, code=row.code, cause=row.cause,
                 edition=row.edition + 1, replaces=row.id, recipient=row.recipient, person_id=row.person_id,
                 recipient_name=row.recipient_name, drafted_at=now)
    house = system(settings().root_org)
    create(session, "notice", [new], actor=house, now=now,
           details={new.id: {"code": row.code, "cause": row.cause, "replaces": row.number or ""}})
    issued = issue(session, notice_ids=[new.id], actor=house, now=now)
    if not issued:
        raise Conflict("letter_moot", "情况已经改变，这一文书无须再发", remedy="不必替换；确有错误的，另行书面说明")
    fire(session, "notice", "replace", [Move(row.id, reason=why, facts={"successor_issued": True},
                                             details={"number": row.number, "by": issued[0].number})], actor=actor, now=now)
    return _fresh(session, new.id)


def issue_each(session: Session, *, notice_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[Notice]:
    """`issue`; where a letter cannot be written, the others are, and it stays a draft that says what is missing.

    It is not tried again by itself every few minutes: `again` does, after somebody brought what was missing, and the daily sweep.
    """
    try:
        with session.begin_nested():
            return issue(session, notice_ids=notice_ids, actor=actor, now=now)
    except HuzhuError as error:
        if error.code in WAITS:
            raise
        if len(notice_ids) > 1:
            return [row for one in notice_ids for row in issue_each(session, notice_ids=[one], actor=actor, now=now)]
        said = {"code": error.code, "message": error.message, "remedy": error.remedy or "", "field": error.field or "",
                "at": now.isoformat()}
        session.execute(sa.text("UPDATE notice SET stuck = CAST(:said AS jsonb) WHERE id = :id AND state = 'drafted'"),
                        {"said": json.dumps(said, ensure_ascii=False), "id": notice_ids[0]})
        return []


def again(session: Session, *, notice_id: uuid.UUID, actor: Actor, now: datetime) -> Notice:
    """Issuing is owed once more. Conflict when the letter is no draft that could not be issued."""
    row = _locked(session, notice_id, actor, "重新签发文书")
    if row.state != NoticeState.DRAFTED or row.stuck is None:
        raise Conflict("letter_not_stuck", "文书不在未能签发的列表中", remedy="刷新后核对")
    _owe(session, [row], now)
    return _fresh(session, row.id)


def retry_all(session: Session, *, now: datetime) -> int:
    """Every draft that could not be issued is tried once more; how many."""
    rows = session.execute(sa.text("SELECT id, org_key, claim_id FROM notice WHERE state = 'drafted' AND stuck IS NOT NULL"
                                   " ORDER BY id")).all()
    _owe(session, rows, now)
    return len(rows)


def _owe(session: Session, rows: Sequence[Notice] | Sequence[sa.Row[tuple[object, ...]]], now: datetime) -> None:
    session.execute(sa.text("UPDATE notice SET stuck = NULL WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": [row.id for row in rows]})
    outbox.add(session, [Work(ISSUE, row.org_key, row.claim_id, row.id) for row in rows], now=now)


def _locked(session: Session, notice_id: uuid.UUID, actor: Actor, what: str) -> Notice:
    actor.require(*sorted(OFFICE), what=what)
    if session.execute(_LOCK, {"id": notice_id}).scalar() is None:
        raise NotFound("not_found", "没有这一文书，或不在您的管辖范围内", remedy="核对编号")
    row = _fresh(session, notice_id)
    require_apart(session, [row.claim_id], actor)
    return row


def _fresh(session: Session, notice_id: uuid.UUID) -> Notice:
    return session.get_one(Notice, notice_id, populate_existing=True)
