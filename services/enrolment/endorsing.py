"""A cover's changes on paper (批单), kept with it and told to the record of its open claims."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.audit import service as audit
from services.audit.chain import Entry

KINDS = {"add": "增加", "remove": "减少", "change": "变更"}


@dataclass(frozen=True, slots=True)
class Change:
    """What changes: kind of KINDS, from which day, in words; `number` is the insurer's own."""

    kind: str
    dated_on: date
    text: str
    number: str | None = None


_INSERT = sa.text("""
    INSERT INTO endorsement (id, org_key, cover_id, number, kind, dated_on, text, account_id, person_id, at)
    SELECT uuidv7(), v.org_key, v.id, :number, :kind, :on, :text, :account, :person, :at FROM cover v
    WHERE v.id = ANY(CAST(:covers AS uuid[]))""").bindparams(
    sa.bindparam("account", type_=sa.Uuid), sa.bindparam("person", type_=sa.Uuid))
_CLAIMS = sa.text("""
    SELECT id, org_key, cover_id FROM claim WHERE cover_id = ANY(CAST(:covers AS uuid[]))
    AND state NOT IN ('closed', 'cancelled') ORDER BY id""")


def write(session: Session, covers: Sequence[uuid.UUID], change: Change, *, actor: Actor, now: datetime) -> None:
    """One endorsement per cover, in one statement; who works on a claim of it sees it in the claim's record."""
    if not covers:
        return
    session.execute(_INSERT, {"covers": list(covers), "number": change.number, "kind": change.kind, "on": change.dated_on,
                              "text": change.text, "account": actor.account_id, "person": actor.person_id, "at": now})
    details: dict[str, object] = {"kind": change.kind, "dated_on": change.dated_on.isoformat(), "text": change.text,
                                  "number": change.number}
    audit.append(session, [Entry(row.id, row.org_key, "cover", row.cover_id, "endorse", details=details)
                           for row in session.execute(_CLAIMS, {"covers": list(covers)})],
                 account=actor.account_id, person=actor.person_id, at=now)
