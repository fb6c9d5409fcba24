"""Rows written in the caller's transaction; a worker takes, works and deletes them.

A taken row names its worker's advisory lock. A worker killed in the middle loses the lock, and its rows are free again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.models import OutboxRow

CHANNEL = "huzhu_outbox"
LOCK_SPACE = 4711               # first key of the workers' advisory locks
_O = OutboxRow.__table__        # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Work:
    """One row of work. `topic` is "<machine>.<event>" or the name of a timetable's flow."""

    topic: str
    org_key: str
    claim_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    payload: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """A row in a worker's hands."""

    id: int
    topic: str
    claim_id: uuid.UUID | None
    subject_id: uuid.UUID | None
    payload: dict[str, object]
    tries: int


def add(session: Session, work: Sequence[Work], *, now: datetime) -> None:
    """Add rows in the caller's transaction and wake the workers at its commit."""
    if not work:
        return
    session.execute(sa.insert(_O), [
        {"topic": item.topic, "org_key": item.org_key, "claim_id": item.claim_id, "subject_id": item.subject_id,
         "payload": item.payload, "created_at": now} for item in work])
    notify(session)


def notify(session: Session) -> None:
    """Wake the workers when this transaction commits."""
    session.execute(sa.text(f"NOTIFY {CHANNEL}"))


def is_free(alias: str) -> str:
    """SQL: the row may be taken now; rows of a dead worker may."""
    return f"""(({alias}.not_before IS NULL OR {alias}.not_before <= clock_timestamp())
        AND ({alias}.taken_by IS NULL OR NOT EXISTS (
            SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted
            AND l.classid = {LOCK_SPACE} AND l.objid = {alias}.taken_by::oid)))"""


_TAKE = sa.text(f"""
    UPDATE outbox SET taken_by = :worker, tries = tries + 1 WHERE id = ANY(ARRAY(
        SELECT id FROM outbox o
        WHERE topic = (SELECT topic FROM outbox f WHERE (topic = ANY(:apart)) = :slow AND {is_free("f")} ORDER BY tries, id LIMIT 1)
        AND {is_free("o")}
        ORDER BY id LIMIT :size FOR UPDATE SKIP LOCKED))
    RETURNING id, topic, claim_id, subject_id, payload, tries""").bindparams(sa.bindparam("apart", type_=sa.ARRAY(sa.Text())))


def take(session: Session, *, worker: int, size: int, apart: Collection[str] = (), slow: bool = False) -> list[Taken]:
    """The oldest free rows of one topic. Rows of a dead worker count as free.

    Topics that are worked `apart` from the others are taken with `slow`, and only then.
    """
    rows = session.execute(_TAKE, {"worker": worker, "size": size, "apart": list(apart), "slow": slow}).all()
    return sorted((Taken(*row) for row in rows), key=lambda taken: taken.id)


def done(session: Session, ids: Sequence[int]) -> None:
    """Delete finished rows."""
    session.execute(sa.delete(_O).where(_O.c.id == sa.any_(sa.cast(list(ids), sa.ARRAY(sa.BigInteger)))))


def ran(session: Session, topic: str) -> None:
    """A timetable's work succeeded just now, by the database's own clock."""
    session.execute(sa.text("INSERT INTO timetable_run (topic, at) VALUES (:topic, clock_timestamp())"
                            " ON CONFLICT (topic) DO UPDATE SET at = EXCLUDED.at"), {"topic": topic})


def put_back(session: Session, ids: Sequence[int], *, fault: str, delay_seconds: float) -> None:
    """Free rows whose flow failed, to be tried again after a pause; the fault stays readable."""
    session.execute(sa.text(
        "UPDATE outbox SET taken_by = NULL, fault = :fault,"
        " not_before = clock_timestamp() + make_interval(secs => :delay) WHERE id = ANY(:ids)"
    ).bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))),
        {"fault": fault[:2000], "delay": delay_seconds, "ids": list(ids)})


def free(session: Session, ids: Sequence[int]) -> None:
    """Rows that failed or were put away are tried at once, as if for the first time; the last fault stays readable."""
    session.execute(sa.text("UPDATE outbox SET not_before = NULL, tries = 0 WHERE id = ANY(:ids)").bindparams(
        sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))), {"ids": list(ids)})
    notify(session)


def waiting(session: Session) -> int:
    """How many rows are owed."""
    return int(session.execute(sa.select(sa.func.count()).select_from(_O)).scalar_one())



def workers(session: Session) -> int:
    """How many workers are alive: each holds its number as a lock."""
    return int(session.execute(sa.text("SELECT count(DISTINCT objid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                                       " AND classid = :space"), {"space": LOCK_SPACE}).scalar_one())
