"""Summary sheets for whoever opens them: found by number, with the look recorded; and what an actor could collect."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import REVIEWERS, Actor
from services.audit import service as audit
from services.review import summary_queries
from services.review.summary_queries import Sheet

_ID = sa.text("SELECT id FROM summary_sheet WHERE sheet_no = :number")
_LEVELS = sa.text("""
    SELECT DISTINCT s.level, s.name FROM review_step s WHERE s.state = 'open' AND s.role = ANY(CAST(:roles AS text[]))
      AND s.duty_key >= :low AND s.duty_key < :high ORDER BY 2, 1""")


def identified(session: Session, sheet_no: str) -> uuid.UUID:
    """The sheet of a number. NotFound outside the actor's area."""
    found = session.execute(_ID, {"number": sheet_no}).scalar_one_or_none()
    if found is None:
        raise summary_queries.missing()
    return uuid.UUID(str(found))


def read(session: Session, sheet_no: str, *, what: str, actor: Actor, now: datetime) -> Sheet:
    """A sheet with its lines, which name people and illnesses: who looked is recorded."""
    found = summary_queries.sheet(session, identified(session, sheet_no))
    if actor.account_id:
        audit.looked(session, org_key=found.head.org_key, account=actor.account_id, claim_id=None,
                     what=f"{what}:{found.head.sheet_no}", reason=None, at=now)
    return found


def open_levels(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """The levels at which something waits for the actor's own roles: code and name."""
    rows = session.execute(_LEVELS, {"roles": sorted(actor.roles & REVIEWERS), "low": actor.org_key,
                                     "high": actor.org_key.rstrip(".") + "/"})
    return [(row.level, row.name) for row in rows]
