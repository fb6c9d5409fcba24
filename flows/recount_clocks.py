"""A calendar was released: the clocks it touches are counted anew, and whoever was told the old day is told the new one."""

from __future__ import annotations

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction
from services.notice import recounted
from services.sla import recount


@effect
async def count_anew() -> None:
    """Batch by batch, each in a transaction of its own; what a killed run has counted is not counted again."""
    with transaction() as session:
        stale = recount.stale(session)
    for one in stale:
        left = True
        while left:
            with transaction() as session:
                left = recount.recount(session, one, now=now()) > 0


@effect
async def tell() -> None:
    """The letters owed since, each once."""
    owed = True
    while owed:
        with transaction() as session:
            owed = bool(recounted.tell(session, actor=actor(), now=now()))


@flow(name="recount_clocks", flow_run_name="{label}")
async def recount_clocks(label: str, batch: Batch) -> None:
    """Also daily: a clock that started beside the release, or under a program with other files, is found then."""
    await count_anew()
    await tell()
