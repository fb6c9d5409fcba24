"""In whose place somebody decided: kept with the row, so that separation counts a substitute as both, also years later."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.errors import GuardFailed
from services.core.ids import uuidv7
from services.models import StoodIn

# The moves that the view `deciding_person` counts; amounts and grades are no moves and are noted by their verbs.
DECIDING = frozenset({
    ("claim", "verify"), ("review_step", "pass"), ("review_step", "refuse"), ("payment_run", "create"),
    ("payment_run", "release"), ("claim", "set_amount"), ("claim", "regrade"), ("claim", "confirm_advance"),
})
# What one person asks for and another must confirm; noted by its verb under the request's id, or the row's where it has none.
ASKING = frozenset({
    ("claim", "ask_cancel"), ("claim", "ask_amendment"), ("case", "ask_join"), ("payment", "propose_card"),
    ("receivable", "propose_write_off"), ("claim", "propose_advance"), ("window_day", "pay"), ("ledger_closing", "ask"),
    ("exchange_report", "prepare"), ("legal_hold", "ask_lift"),
})


def note(session: Session, machine: str, event: str, rows: Iterable[tuple[str, uuid.UUID, uuid.UUID]], *, actor: Actor,
         now: datetime) -> None:
    """Write for each row (organisation key, chain, id) whom the actor stood in for; nothing for an actor who stands for none."""
    if actor.account_id is None or actor.person_id is None or (machine, event) not in DECIDING | ASKING:
        return
    made = [
        StoodIn(id=uuidv7(), org_key=org_key, chain_id=chain, subject_id=subject, machine=machine, event=event,
                by_account=actor.account_id, by_person=actor.person_id, for_person=person, at=now)
        for org_key, chain, subject in rows for person in sorted(actor.stands_for)]
    if made:
        session.add_all(made)
        session.flush()


def is_second(session: Session, subject: uuid.UUID, first: uuid.UUID | None, *, actor: Actor) -> bool:
    """Whether the actor is another person than the `first`, who asked; whoever either of them stood or stands in for counts as
    that one too.
    """
    if first is None or actor.person_id is None:
        return False
    absent = session.exec(select(StoodIn.for_person).where(StoodIn.subject_id == subject, col(StoodIn.by_person) == first)).all()
    return actor.persons.isdisjoint({first, *absent})


def require_second(session: Session, subject: uuid.UUID, first: uuid.UUID | None, *, actor: Actor) -> None:
    """GuardFailed unless the actor `is_second`."""
    if not is_second(session, subject, first, actor=actor):
        raise GuardFailed("two_persons_needed", "须由提出人以外的另一人确认", remedy="请办事处其他人员办理")
