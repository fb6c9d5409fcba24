"""A letter reaches its addressee: what hangs on it follows in the same transaction."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlmodel import Session

from services.access.actor import Actor
from services.evidence import queries
from services.evidence import service as evidence
from services.intake.queries import acts_for_self
from services.models import Notice
from services.notice import attempts
from services.notice.rules import base_of
from services.notice.service import deliver
from statemachines.states import SupplementState

LIST = "supplement.create:"     # the topic whose letters carry a list; its id follows


def receive(session: Session, *, notice_id: uuid.UUID, proof: str, on: date | None = None, actor: Actor, now: datetime) -> Notice:
    """`deliver`, its proof kept with the attempt, and for a letter that carries a supplement list the list's own delivery: its
    clocks pause. A list that reached her already, by an earlier letter or on paper, keeps its first day.
    """
    found = deliver(session, notice_id=notice_id, proof=proof, on=on, actor=actor, now=now)
    if attempt := attempts.current(session, notice_id):
        attempts.record(session, attempt, "opened" if acts_for_self(actor) else "delivered", words=proof.strip(),
                        account=actor.account_id, happened_at=found.delivered_at, now=now)
    if found.cause.startswith(LIST):
        listed = uuid.UUID(base_of(found.cause).removeprefix(LIST))
        if queries.supplement(session, listed).state == SupplementState.DRAFTED:       # its claim is locked by `deliver`
            evidence.deliver(session, supplement_id=listed, on=on, actor=actor, now=now)
    return found
