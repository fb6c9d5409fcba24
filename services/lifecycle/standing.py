"""In whose place somebody decided: kept with the row, so that separation counts a substitute as both, also years later."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from services.access.actor import Actor
from services.core.ids import uuidv7
from services.models import StoodIn

# The moves that the view `deciding_person` counts; amounts and grades are no moves and are noted by their verbs.
DECIDING = frozenset({
    ("claim", "verify"), ("review_step", "pass"), ("review_step", "refuse"), ("payment_run", "create"),
    ("payment_run", "release"), ("claim", "set_amount"), ("claim", "regrade"),
})


def note(session: Session, machine: str, event: str, rows: Iterable[tuple[str, uuid.UUID, uuid.UUID]], *, actor: Actor,
         now: datetime) -> None:
    """Write for each row (organisation key, chain, id) whom the actor stood in for; nothing for an actor who stands for none."""
    if actor.account_id is None or actor.person_id is None or (machine, event) not in DECIDING:
        return
    made = [
        StoodIn(id=uuidv7(), org_key=org_key, chain_id=chain, subject_id=subject, machine=machine, event=event,
                by_account=actor.account_id, by_person=actor.person_id, for_person=person, at=now)
        for org_key, chain, subject in rows for person in sorted(actor.stands_for)]
    if made:
        session.add_all(made)
        session.flush()
