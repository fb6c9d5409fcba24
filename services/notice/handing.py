"""A letter handed over by a clerk: its delivery, and that of the list of papers it carries."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlmodel import Session

from services.access.actor import Actor
from services.evidence import service as evidence
from services.notice import service as notice
from services.notice.queries import letter

_LIST = "supplement.create:"


def handed_over(session: Session, *, notice_id: uuid.UUID, proof: str, on: date | None = None, actor: Actor, now: datetime) -> None:
    """Delivered, with its proof; a list of missing papers counts as delivered with its letter, and the clocks pause.

    Errors of `notice.deliver` and `evidence.deliver`.
    """
    cause = letter(session, notice_id).cause
    notice.deliver(session, notice_id=notice_id, proof=proof, on=on, actor=actor, now=now)
    if cause.startswith(_LIST):
        evidence.deliver(session, supplement_id=uuid.UUID(cause.removeprefix(_LIST)), on=on, actor=actor, now=now)
