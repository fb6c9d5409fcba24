"""Every night: the record's day is sealed and signed, and its statement written to the second place."""

from __future__ import annotations

import structlog
from prefect import flow

from flows.runtime import Batch, actor, effect, now
from services.audit import sealing
from services.core.clock import business_day
from services.core.settings import settings
from services.core.signing import signing_keys
from services.storage.second import second_place
from services.wiring import wiring

log = structlog.get_logger()


@effect
async def seal() -> None:
    """One statement a day. A place that does not answer is asked again; what was recorded before a kill is written as it was."""
    place = second_place()
    sealed = sealing.seal(wiring().db, actor().scope, place=place, keys=signing_keys(settings().signing_keys),
                          day=business_day(now()), now=now())
    if sealed.losses:
        log.error("record_lost", day=sealed.day.isoformat(), chains=sealed.losses)
    if not place.apart:
        log.warning("audit_place_unset", remedy="HUZHU_AUDIT_PLACE")


@flow(name="seal_record", flow_run_name="{label}")
async def seal_record(label: str, batch: Batch) -> None:
    """One day's seal."""
    await seal()
