"""What the calendar owes people: word of a hold that lasts, of a promise that is missed, of a right that is about to end."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.clock import business_day
from services.models import Notice
from services.notice.rules import HOLD_DAYS, LIMITATION_DAYS, owed_by
from services.notice.service import draft_by_calendar

_HELD = sa.text("""
    SELECT c.id, max(a.at) AS at FROM claim c JOIN audit_record a ON a.chain_id = c.id AND a.machine = 'claim' AND a.event = 'hold'
    WHERE c.held AND c.state NOT IN ('closed', 'cancelled') GROUP BY c.id ORDER BY c.id""")
# On the last day itself nothing is late that is on its way through the bank already. A clock that began anew is told of anew: what was
# told since it began is enough.
_LATE = sa.text("""
    SELECT k.claim_id, k.id, k.lap FROM sla_clock k JOIN claim c ON c.id = k.claim_id AND c.round = k.round
    WHERE k.state = 'running' AND k.kind IN ('pay', 'assessment') AND k.due_on <= CAST(:today AS date)
    AND c.state NOT IN ('refused', 'paid', 'closed', 'cancelled')
    AND NOT (k.kind = 'pay' AND k.due_on = CAST(:today AS date) AND EXISTS (
        SELECT 1 FROM payment p WHERE p.claim_id = c.id AND p.round = c.round AND p.state IN ('released', 'sent', 'credited')))
    AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.claim_id = c.id AND n.code = 'extended'
        AND split_part(n.cause, ':', 2) = k.id::text AND n.drafted_at >= k.start_on)
    ORDER BY k.claim_id, k.id""")
_ENDING = sa.text("""
    SELECT c.id, c.round FROM claim c JOIN case_file f ON f.id = c.case_id
    WHERE c.state = 'closed' AND c.outcome = 'not_pursued'
    AND f.diagnosed_on + interval '2 years' BETWEEN CAST(:today AS date) AND CAST(:until AS date)
    AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.claim_id = c.id AND n.code = 'limitation')
    ORDER BY c.id""")


def tell(session: Session, *, actor: Actor, now: datetime) -> list[Notice]:
    """The letters owed today, each once: 暂停办理告知书, 延期告知书, 申领时效届满提醒书."""
    today = business_day(now)
    held = [(row.id, business_day(row.at)) for row in session.execute(_HELD)]
    owed = [(claim, "held", owed_by("held", day.isoformat())) for claim, day in held if (today - day).days > HOLD_DAYS]
    owed += [(row.claim_id, "extended", owed_by("extended", row.id, lap=row.lap)) for row in session.execute(_LATE, {"today": today})]
    until = today + timedelta(days=LIMITATION_DAYS)
    owed += [(row.id, "limitation", owed_by("limitation", row.round)) for row in session.execute(_ENDING, {"today": today, "until": until})]
    return draft_by_calendar(session, owed=owed, actor=actor, now=now) if owed else []
