"""At the end of the demonstration: papers that still wait to be looked at are read by the machine, where there is one.

While the stories are played nobody reads (a machine would need longer than everything else together); what lies on the desks
when they end is what people will open.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlmodel import col, select

from services.access.actor import system
from services.core.db import Database
from services.evidence import reader, readings
from services.evidence import service as evidence
from services.evidence.recognition import engine
from services.models import Claim
from statemachines.states import ClaimState

_DESK = (ClaimState.REPORTED, ClaimState.SUPPLEMENTING)


def read_waiting(db: Database, *, root: str, now: datetime) -> int:
    """Read the papers of all claims that are not verified yet and check these claims again, as the flow does. Papers read."""
    if not engine.name():
        return 0
    actor = system(root)
    with db.view(actor.scope) as session:
        claims = list(session.exec(select(Claim.id).where(col(Claim.state).in_(_DESK))).all())
        papers = reader.once_each(reader.unread(session, claims))
    with ThreadPoolExecutor(engine.processes()) as hands:
        read = list(hands.map(reader.read, papers))
    with db.unit_of_work(actor.scope) as session:
        readings.keep(session, read, now=now)
        reader.same(session, claims, now=now)
        evidence.check(session, claim_ids=claims, actor=actor, now=now)
    return len(read)
