"""Births: rows enter their machine's first state with an audit record, clocks and the work they owe."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session

from services.access import standing
from services.access.actor import Actor
from services.access.permits import permit
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.lifecycle.statements import OWN_CHAIN
from services.lifecycle.topics import TOPICS
from services.models.base import Moving
from services.outbox import service as outbox
from services.outbox.service import Work
from services.sla import service as sla
from statemachines.rules import initial_state

EVENT = "create"


def create(session: Session, machine: str, rows: Sequence[Moving], *, actor: Actor, now: datetime,
           details: Mapping[uuid.UUID, Mapping[str, object]] | None = None, on: date | None = None) -> None:
    """Insert new rows of one machine. Their `state` must be the machine's first."""
    if not rows:
        return
    first = initial_state(machine)
    if any(row.state != first for row in rows):
        raise TypeError(f"a new {machine} begins in {first}")
    permit(actor, machine, EVENT, (row.org_key for row in rows))
    session.add_all(rows)
    session.flush()
    chains = {row.id: row.id if machine in OWN_CHAIN else row.claim_id for row in rows}  # type: ignore[attr-defined]
    entries = [Entry(chains[row.id], row.org_key, machine, row.id, EVENT, None, first, 1, None,
                     dict((details or {}).get(row.id, {}))) for row in rows]
    audit.append(session, entries, account=actor.account_id, person=actor.person_id, at=now)
    standing.note(session, machine, EVENT, [(row.org_key, chains[row.id], row.id) for row in rows], actor=actor, now=now)
    topic = f"{machine}.{EVENT}"
    if topic in TOPICS:
        outbox.add(session, [Work(topic, row.org_key, None if machine == "payment_run" else chains[row.id], row.id)
                             for row in rows], now=now)
    day = on or business_day(now)
    sla.follow(session, machine, EVENT, {row.id: (chains[row.id], day) for row in rows}, now=now)
