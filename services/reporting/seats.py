"""What waits at each desk of a demonstration: the same counts that the desk's own first page shows."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor, Role
from services.reporting import worklists
from services.reporting.worklists import Wish

STAFF = frozenset({Role.UNIT_CLERK, *REVIEWERS})
FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
OPEN, DRAFTS, CLOSED = "open", "drafts", "closed"
TASKS, PLANNED, RETURNED, UNCHECKED, UNFOUND = "tasks", "planned", "returned", "unchecked", "unfound"


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many of a kind: a word of this module."""

    kind: str
    count: int


_MONEY = sa.text("""
    SELECT (SELECT count(*) FROM payment p WHERE p.waiting AND p.state = 'planned' AND p.channel = 'bank') AS planned,
           (SELECT count(*) FROM payment p WHERE p.waiting AND p.state = 'returned') AS returned,
           (SELECT count(*) FROM payment_run r WHERE r.state = 'submitted') AS unchecked""")
_UNFOUND = sa.text("SELECT count(*) FROM qa_item i WHERE i.finding IS NULL")
_MEMBERS = sa.text("""
    SELECT a.id, (SELECT count(*) FROM claim c WHERE c.person_id = a.person_id AND c.state NOT IN ('closed', 'cancelled')) AS open,
        (SELECT count(*) FROM report_draft d WHERE d.account_id = a.id) AS drafts,
        (SELECT count(*) FROM claim c WHERE c.person_id = a.person_id AND c.state IN ('closed', 'cancelled')) AS closed
    FROM account a WHERE a.id = ANY(CAST(:ids AS uuid[]))""")


def at_desk(session: Session, actor: Actor, *, today: date) -> list[Waiting]:
    """What waits for somebody who works on claims or pays, in that person's own sight; nothing for anybody else."""
    found: list[Waiting] = []
    if actor.has(*STAFF):
        listed = worklists.worklist(session, actor, wish=Wish(), today=today)
        found.append(Waiting(TASKS, sum(listed.counts.values())))
    if actor.has(*FINANCE):
        money = session.execute(_MONEY).one()
        found += [Waiting(UNCHECKED, money.unchecked)] if actor.has(Role.FINANCE_CHECKER) else []
        found += [Waiting(PLANNED, money.planned), Waiting(RETURNED, money.returned)] if actor.has(Role.FINANCE_MAKER) else []
    if actor.has(Role.AUDITOR):
        found.append(Waiting(UNFOUND, session.execute(_UNFOUND).scalar_one()))
    return [one for one in found if one.count]


def of_members(session: Session, accounts: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Waiting]]:
    """Members' own claims and drafts, of many at once. The scope must be the root."""
    rows = session.execute(_MEMBERS, {"ids": list(accounts)})
    return {row.id: [Waiting(kind, count) for kind, count in ((OPEN, row.open), (DRAFTS, row.drafts), (CLOSED, row.closed)) if count]
            for row in rows}
