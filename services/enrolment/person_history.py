"""Every field of a person before and after, sealed; and which record an old id now means."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.core.crypto import key_ring
from services.core.errors import Conflict, InputError, NotFound
from services.models import Person, PersonChange, PersonMerge

_FIELD = "person_change.value"


@dataclass(frozen=True, slots=True)
class Change:
    """One change in plain text. Whoever shows it to somebody records that (`audit.looked`)."""

    person_id: uuid.UUID
    field: str
    old: str | None
    new: str | None
    why: str
    account_id: uuid.UUID | None
    at: datetime


def record(session: Session, person_id: uuid.UUID, changes: Mapping[str, tuple[str | None, str | None]], *, why: str,
           actor: Actor, now: datetime) -> None:
    """Keep old and new of each changed field; the access record says who changed whom."""
    if not why.strip():
        raise InputError("why_missing", "须写明原因", remedy="写明依据的证件或事由", field="why")
    ring = key_ring()

    def sealed(value: str | None) -> bytes | None:
        return ring.seal(value, field=_FIELD) if value is not None else None

    session.add_all([PersonChange(person_id=person_id, field=name, old_sealed=sealed(old), new_sealed=sealed(new), why=why,
                                  account_id=actor.account_id, by_person=actor.person_id, at=now)
                     for name, (old, new) in changes.items()])
    if actor.account_id and changes:
        audit.looked(session, org_key=actor.org_key, account=actor.account_id, claim_id=None,
                     what=f"person.changed:{person_id}:{','.join(sorted(changes))}", reason=why, at=now)
    session.flush()


def changes_of(session: Session, person_id: uuid.UUID) -> list[Change]:
    """The history of a person and of every record that was merged into it, oldest first."""
    ring = key_ring()
    same = sa.select(col(Person.id)).where(sa.or_(col(Person.id) == person_id, col(Person.merged_into) == person_id))
    rows = session.exec(select(PersonChange).where(col(PersonChange.person_id).in_(same))
                        .order_by(col(PersonChange.at), col(PersonChange.id))).all()

    def opened(value: bytes | None) -> str | None:
        return ring.open(bytes(value), field=_FIELD) if value is not None else None

    return [Change(row.person_id, row.field, opened(row.old_sealed), opened(row.new_sealed), row.why, row.account_id, row.at)
            for row in rows]


def mergers_of(session: Session, person_id: uuid.UUID) -> list[PersonMerge]:
    """Mergers in which this record was kept or given up, oldest first."""
    return list(session.exec(select(PersonMerge).where(
        sa.or_(col(PersonMerge.kept_id) == person_id, col(PersonMerge.dropped_id) == person_id))
        .order_by(col(PersonMerge.at), col(PersonMerge.id))).all())


def resolved(session: Session, person_id: uuid.UUID) -> Person | None:
    """The person an id means today: the kept record when this one was merged. One hop, never a chain."""
    person = session.get(Person, person_id)
    return session.get(Person, person.merged_into) if person and person.merged_into else person


def locked(session: Session, person_id: uuid.UUID, *, version: int | None = None, field: str = "person_id") -> Person:
    """The record itself, locked till the end. Conflict when it was merged away, or seen in another version."""
    session.flush()
    person = session.exec(select(Person).where(Person.id == person_id).with_for_update()
                          .execution_options(populate_existing=True)).first()
    if person is None:
        raise NotFound("person_missing", "没有此人", remedy="核对人员", field=field)
    if person.merged_into is not None:
        raise Conflict("person_merged", "此记录已并入同一人的另一记录", remedy=f"改用 {person.merged_into}", field=field)
    if version is not None and version != person.version:
        raise Conflict("stale_version", f"记录已被他人更新（您看到第{version}版，现为第{person.version}版）",
                       remedy="刷新后核对变动，再办理")
    return person
