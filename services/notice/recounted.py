"""Letters owed by a recount: whoever was told a day in writing is told in writing that it moved."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.models import Notice
from services.notice.rules import owed_by
from services.notice.service import draft_by_calendar

BATCH = 500
_OWED = sa.text("""
    SELECT r.claim_id, r.id FROM clock_recount r JOIN sla_clock k ON k.id = r.clock_id AND k.state <> 'stopped'
    JOIN claim c ON c.id = r.claim_id AND c.round = k.round AND c.state NOT IN ('closed', 'cancelled')
    WHERE r.letters <> '[]' AND k.due_on <> r.old_due
    AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.claim_id = r.claim_id AND n.code = 'date_changed'
                    AND n.cause = 'clock.recounted:' || r.id)
    ORDER BY r.claim_id, r.id LIMIT :size""")


def tell(session: Session, *, actor: Actor, now: datetime) -> list[Notice]:
    """Draft up to BATCH 期限变更告知书, one for each changed day that a letter had named; none when all are drafted."""
    owed = [(row.claim_id, "date_changed", owed_by("date_changed", row.id)) for row in session.execute(_OWED, {"size": BATCH})]
    return draft_by_calendar(session, owed=owed, actor=actor, now=now) if owed else []
