"""Where the files handed to the insurer stand: how old, what was asked, what the insurer still owes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class HandoffRow:
    """A file at the insurer. `due_on`: the clock that runs there; `question`: what was asked last, item by item."""

    claim_no: str
    plan: str
    state: str
    package: int
    report_no: str | None
    case_no: str | None
    sent_at: datetime | None
    complete_at: datetime | None
    flags: list[str]
    question: list[dict[str, object]]
    recall_reason: str | None
    due_on: date | None
    version: int

    def days(self, today: date) -> int | None:
        """Calendar days since it was sent."""
        return (today - self.sent_at.date()).days if self.sent_at else None


_ROWS = sa.text("""
    SELECT c.claim_no, c.plan, h.state, h.package, h.report_no, h.case_no, h.sent_at, h.complete_at, h.flags,
           coalesce(h.question->'items', '[]'::jsonb) AS question, h.recall_reason,
           (SELECT min(k.due_on) FROM sla_clock k WHERE k.claim_id = c.id AND k.round = c.round AND k.state = 'running'
            AND k.kind IN ('assessment', 'insurer_pay', 'refusal_letter', 'agreement')) AS due_on, c.version
    FROM handoff h JOIN claim c ON c.id = h.claim_id AND c.round = h.round
    WHERE (:state = '' AND h.state NOT IN ('settled', 'recalled') OR h.state = :state) AND (:after = '' OR c.claim_no > :after)
    ORDER BY c.claim_no LIMIT :limit""")


def handoffs(session: Session, *, state: str = "", after: str = "", limit: int = 100) -> list[HandoffRow]:
    """Files of the present round in the caller's sight: the open ones, or those of a state; `after` is the last claim number."""
    return [HandoffRow(**row._mapping) for row in session.execute(_ROWS, {"state": state, "after": after, "limit": limit})]
