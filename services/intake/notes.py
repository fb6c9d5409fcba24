"""Reading what was said at a report; who reads it is recorded."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit import service as audit
from services.core.crypto import key_ring
from services.intake.opening import CALLER_PHONE, SAID
from services.models import Case, ReportNote


def notes_of(session: Session, case: Case, *, actor: Actor, now: datetime) -> list[dict[str, object]]:
    """A case's notes, oldest first, their sealed words opened. The person's own look leaves no record."""
    rows = session.exec(select(ReportNote).where(ReportNote.case_id == case.id).order_by(col(ReportNote.at), col(ReportNote.id))).all()
    if rows and actor.account_id and actor.person_id != case.person_id:
        audit.looked(session, org_key=case.org_key, account=actor.account_id, claim_id=None, what=f"report_notes:{case.case_no}",
                     reason=None, at=now)
        session.flush()
    return [_opened(row) for row in rows]


def _opened(row: ReportNote) -> dict[str, object]:
    ring = key_ring()
    return row.model_dump(include={"id", "channel", "reporter_name", "relation", "line", "number_called", "called_at", "event",
                                   "hospital", "reported_on", "at"}) | {
        "caller_phone": ring.open(bytes(row.caller_phone_sealed), field=CALLER_PHONE) if row.caller_phone_sealed else None,
        "said": ring.open(bytes(row.said_sealed), field=SAID) if row.said_sealed else None}
