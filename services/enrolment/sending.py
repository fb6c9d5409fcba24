"""Large rosters: taken in at once, worked by the worker, followed by whoever sent them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col, select

from services.access.actor import Actor, system
from services.access.actors import actor_of
from services.core.errors import HuzhuError, NotPermitted
from services.enrolment import enrolling
from services.enrolment.enrolling import Asked, Progress
from services.models import Account, OutboxRow, RosterImport
from services.outbox import service as outbox
from services.outbox.service import Work
from services.storage import service as storage

TOPIC = "roster.enrol"
AT_ONCE = 1024 * 1024       # bytes of a workbook that is worked while the caller waits: about 20,000 people


@dataclass(frozen=True, slots=True)
class Waiting:
    """A roster to be worked: what it asks, and who sent it, with the roles she had then and still has."""

    roster_id: uuid.UUID
    asked: Asked
    actor: Actor
    sha256: str


class _Owed(BaseModel):
    """What the outbox keeps of an upload. `root`: the organisation whose system sent it; empty when a person did."""

    asked: Asked
    roles: list[str]
    root: str


def send(session: Session, *, content: bytes, asked: Asked, actor: Actor, now: datetime) -> RosterImport:
    """Take an upload in: what can be refused at once is; the rows are checked by the worker. Refusals as `enrol`'s."""
    taken = enrolling.admit(session, asked, content=content, actor=actor, now=now)
    session.add(taken)
    session.flush()
    owed = _Owed(asked=asked, roles=sorted(actor.roles), root="" if actor.account_id else actor.org_key)
    outbox.add(session, [Work(TOPIC, taken.org_key, None, taken.id, owed.model_dump(mode="json"))], now=now)
    return taken


def upload(session: Session, *, content: bytes, asked: Asked, actor: Actor, now: datetime) -> RosterImport:
    """Worked while the caller waits, or (above AT_ONCE) taken in and worked after that. Refusals as `enrol`'s."""
    if len(content) > AT_ONCE:
        return send(session, content=content, asked=asked, actor=actor, now=now)
    words = {name: getattr(asked, name) for name in Asked.__slots__}
    return enrolling.enrol(session, content=content, **words, actor=actor, now=now)


def waiting(session: Session, roster_id: uuid.UUID, *, now: datetime) -> Waiting | None:
    """What is owed; None when it was worked before."""
    row = session.get(RosterImport, roster_id)
    kept = session.exec(select(OutboxRow.payload).where(OutboxRow.topic == TOPIC, OutboxRow.subject_id == roster_id)).first()
    if row is None or row.done_at is not None or kept is None:
        return None
    owed = _Owed.model_validate(kept)
    return Waiting(row.id, owed.asked, _sender(session, row, owed.root, owed.roles, now), row.sha256)


def _sender(session: Session, row: RosterImport, root: str, roles: list[str], now: datetime) -> Actor:
    """The sender as she stands now: a closed account or a role taken away or lent no longer does not enrol."""
    if row.account_id is None:
        return system(root)
    account = session.get_one(Account, row.account_id)
    actor = actor_of(session, account, narrowed=frozenset(roles), now=now)
    return actor if account.active and roles else replace(actor, roles=frozenset(), lent=frozenset())


def work(session: Session, owed: Waiting, *, progress: Progress, now: datetime) -> None:
    """Check and write, in the sender's own sight. Refusals as `enrol`'s; NotPermitted when she may no longer."""
    owed.actor.require(*enrolling.MAY_ENROL, what="参保登记")
    row = session.get(RosterImport, owed.roster_id)
    if row is None:
        raise NotPermitted("roster_out_of_sight", "名单的单位已不在上传人的管辖范围内", remedy="由现在的单位重新上传")
    enrolling.work(session, row, owed.asked, content=storage.get(owed.sha256), progress=progress, actor=owed.actor, now=now)


def note(session: Session, roster_id: uuid.UUID, checked: int, rows: int) -> None:
    """How far the checking is, for whoever follows it."""
    session.execute(sa.update(RosterImport).where(col(RosterImport.id) == roster_id, col(RosterImport.done_at).is_(None))
                    .values(checked=checked, rows=rows))


def refuse(session: Session, roster_id: uuid.UUID, error: HuzhuError, *, now: datetime) -> None:
    """The whole is refused: code, message and remedy as the sender would have got them at once."""
    words = {"code": error.code, "message": error.message, "remedy": error.remedy, "field": error.field or ""}
    session.execute(sa.update(RosterImport).where(col(RosterImport.id) == roster_id, col(RosterImport.done_at).is_(None))
                    .values(done_at=now, refused=words))
