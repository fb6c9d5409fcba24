"""Large rosters, sent and not waited for: checked and written one after the other, progress in sight of the sender."""

from __future__ import annotations

import uuid

from prefect import flow

from flows.runtime import Batch, effect, looking, now, transaction, unique
from services.core.errors import HuzhuError, OutsideError
from services.enrolment import sending
from services.wiring import wiring


@effect
async def enrol(roster_id: uuid.UUID) -> None:
    """All in one transaction of the sender's scope; a refusal is kept with the roster, an outside fault comes again."""
    with looking() as session:
        owed = sending.waiting(session, roster_id, now=now())
    if owed is None:
        return

    def follow(what: str, done: int, of: int) -> None:
        if what == "核对":      # in a transaction of its own, as long as the work's own has not touched the row
            with transaction() as session:
                sending.note(session, roster_id, done, of)

    try:
        with wiring().db.unit_of_work(owed.actor.scope) as session:
            sending.work(session, owed, progress=follow, now=now())
    except OutsideError:
        raise
    except HuzhuError as refused:
        with transaction() as session:
            sending.refuse(session, roster_id, refused, now=now())


@flow(name="enrol_rosters", flow_run_name="{label}")
async def enrol_rosters(label: str, batch: Batch) -> None:
    """Work the rosters of the batch."""
    for roster_id in unique(batch.subjects):
        await enrol(roster_id)
