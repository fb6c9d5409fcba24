"""Plans being composed: kept as their form stands, seen by who composes them, gone once they are proposed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import Actor, Role
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.models import BookDraft, Organisation, Release
from services.releases import service
from services.releases.composing.catalogue import parts, source
from services.releases.composing.draft import Draft, changed, draft_of, worked_out

WHO = (Role.ADMINISTRATOR, Role.HEAD)
MOST = 50


def start(session: Session, *, base: str, actor: Actor, now: datetime) -> BookDraft:
    """A draft with the base's own parts, for the actor's organisation. NotFound for a base that is none."""
    account = _account(actor)
    book = source(base)[0]
    own = [part.key for rows in parts(book).values() for part in rows if part.wording == base]
    if len(mine(session, actor=actor)) >= MOST:
        raise Conflict("too_many_drafts", f"草稿已有{MOST}份", remedy="删去不用的草稿")
    made = BookDraft(org_key=actor.org_key, account_id=account, base=base, form=Draft(base, tuple(own), {}).as_json(), changed_at=now)
    session.add(made)
    session.flush()
    return made


def save(session: Session, *, draft_id: uuid.UUID, version: int | None, draft: Draft, actor: Actor, now: datetime) -> BookDraft:
    """The form as it stands now. Conflict when it was changed since (another window)."""
    found = _own(session, draft_id, actor)
    if version != found.version:
        raise Conflict("draft_changed", "草稿在别的窗口改过了", remedy="刷新后再改")
    found.form = changed(draft, draft_of(found.base, found.form)).as_json()
    found.changed_at, found.version = now, found.version + 1
    session.add(found)
    session.flush()
    return found


def drop(session: Session, *, draft_id: uuid.UUID, actor: Actor) -> None:
    """Thrown away."""
    session.delete(_own(session, draft_id, actor))
    session.flush()


def propose(session: Session, *, draft_id: uuid.UUID, version: int | None, draft: Draft, note: str, actor: Actor, now: datetime) -> Release:
    """The plan of the form, proposed for the actor's organisation; the draft goes with the same commit.

    InputError names the field of the form that is wrong; whoever releases it is another person.
    """
    found = save(session, draft_id=draft_id, version=version, draft=draft, actor=actor, now=now)
    made = worked_out(draft_of(found.base, found.form))
    if made.book is None or made.problems:
        first = made.problems[0]
        raise InputError("rulebook_unsound", first.words, remedy="改正后再提交；其余问题列在页上", field=first.field or None)
    org = session.exec(select(Organisation).where(Organisation.org_key == actor.org_key)).one()
    payload: dict[str, object] = {
        "plan": made.book.plan, "effective": made.book.version, "text": made.text,
        "samples": [{"name": sample.name, "input": dict(sample.given)} for sample in made.samples]}
    try:
        release = service.propose(session, kind="rule_book", payload=payload, effective_on=made.book.from_, note=note, org_id=org.id,
                                  actor=actor, now=now)
    except InputError as error:
        raise InputError(error.code, error.message, remedy=error.remedy, field=_FIELDS.get(error.field or "", error.field)) from None
    session.delete(found)
    session.flush()
    return release


# The form's field for a key of the payload.
_FIELDS = {"payload.plan": "plan", "payload.effective": "from", "effective_on": "from", "payload.text": "parts"}


def mine(session: Session, *, actor: Actor) -> Sequence[BookDraft]:
    """The actor's drafts, the one changed last first."""
    return session.exec(select(BookDraft).where(BookDraft.account_id == _account(actor))
                        .order_by(col(BookDraft.changed_at).desc(), col(BookDraft.id))).all()


def read(session: Session, *, draft_id: uuid.UUID, actor: Actor) -> tuple[BookDraft, Draft]:
    """One of the actor's drafts and its form. NotFound for any other."""
    found = _own(session, draft_id, actor, lock=False)
    return found, draft_of(found.base, found.form)


def _own(session: Session, draft_id: uuid.UUID, actor: Actor, *, lock: bool = True) -> BookDraft:
    query = select(BookDraft).where(BookDraft.id == draft_id, BookDraft.account_id == _account(actor))
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("draft_missing", "没有这份草稿，或已提出、删去", remedy="从“组合计划”重新打开")
    return found


def _account(actor: Actor) -> uuid.UUID:
    actor.require(*WHO, what="组合计划")
    if actor.account_id is None:
        raise NotPermitted("account_missing", "当前操作没有对应的账号", remedy="请以本人账号登录")
    return actor.account_id
