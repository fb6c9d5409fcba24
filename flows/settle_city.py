"""A city's quarter: the feed staged, its partitions settled beside one another, the settlement concluded.

The partitions are tasks of Prefect's task runner: one after the other in this process, or spread over the processes of a Dask
cluster (`HUZHU_SETTLE_PROCESSES`, `HUZHU_SETTLE_SCHEDULER`). Each commits by itself; after a crash only the missing ones are done.
"""

from __future__ import annotations

import uuid
from typing import Any

from prefect import flow, task
from prefect.task_runners import TaskRunner

from flows.runtime import Batch, effect, looking, now, transaction, unique
from services.access.actor import Actor
from services.core.errors import HuzhuError, OutsideError
from services.core.settings import settings
from services.models import Settlement
from services.settlement.city import annual
from services.settlement.city import service as city
from services.wiring import wiring


@effect
async def prepare(settlement_id: uuid.UUID) -> bool:
    """Stage and look up, once; False when there is nothing to do."""
    with looking() as session:
        settlement = city.open_one(session, settlement_id)
        actor = city.starter(session, settlement, now=now()) if settlement else None
    if actor is None:
        return False
    with wiring().db.unit_of_work(actor.scope) as session:
        settlement = city.open_one(session, settlement_id)
        if settlement is not None:
            city.prepare(session, settlement=settlement, actor=actor, now=now())
    city.ready(settlement_id)
    return True


def settle_one(settlement_id: uuid.UUID, part: int) -> bool:
    """One partition in one transaction of the starter's scope; whichever process."""
    with looking() as session:
        settlement = city.open_one(session, settlement_id)
        if settlement is None:
            return False
        actor = city.starter(session, settlement, now=now())
    with wiring().db.unit_of_work(actor.scope) as session:
        return city.settle_part(session, settlement_id=settlement_id, part=part, now=now())


settle_part = task(name="settle_part", task_run_name="part {part}", log_prints=False)(settle_one)


@effect
async def conclude(settlement_id: uuid.UUID) -> None:
    """Over-cap claims opened, sums added up, runs closed."""
    with looking() as session:
        settlement = city.open_one(session, settlement_id)
        actor = city.starter(session, settlement, now=now()) if settlement else None
    if actor is None:
        return
    _open_annual(settlement_id, actor)
    with wiring().db.unit_of_work(actor.scope) as session:
        city.finish(session, settlement_id=settlement_id, actor=actor, now=now())


@effect
async def clear(settlement_id: uuid.UUID) -> None:
    """The folder and the feed's bytes taken away, also when a process died after the settlement's end."""
    with looking() as session:
        city.clear(session, settlement_id)


def _open_annual(settlement_id: uuid.UUID, actor: Actor) -> None:
    """Two hundred claims a transaction; those opened before a crash are found and left."""
    with wiring().db.view(actor.scope) as session:
        years = annual.years(session, session.get_one(Settlement, settlement_id))
    for year in years:
        after: uuid.UUID | None = uuid.UUID(int=0)
        while after is not None:
            with wiring().db.unit_of_work(actor.scope) as session:
                settlement = session.get_one(Settlement, settlement_id)
                _, after = annual.open_next(session, settlement=settlement, year=year, after=after, now=now())


def runner() -> TaskRunner[Any] | None:
    """Dask's, when the settings name processes or a scheduler."""
    config = settings()
    if not config.settle_scheduler and config.settle_processes == 1:
        return None
    from prefect_dask.task_runners import DaskTaskRunner  # half a second that no other worker need wait for

    if config.settle_scheduler:
        return DaskTaskRunner(address=config.settle_scheduler)
    return DaskTaskRunner(cluster_kwargs={"n_workers": config.settle_processes, "threads_per_worker": 1, "processes": True,
                                          "dashboard_address": None})


@flow(name="settle_parts")
def spread(settlement_id: uuid.UUID, parts: list[int]) -> None:
    """The partitions over the flow's task runner."""
    for future in [settle_part.submit(settlement_id, part) for part in parts]:
        future.result()


@flow(name="settle_city", flow_run_name="{label}")
async def settle_city(label: str, batch: Batch) -> None:
    """Settle what the batch names, one settlement after the other."""
    for settlement_id in unique(batch.subjects):
        try:
            await _settle(settlement_id)
        except OutsideError:
            raise
        except HuzhuError as refused:
            with transaction() as session:
                city.stand_still(session, settlement_id=settlement_id, error=refused)
        await clear(settlement_id)


async def _settle(settlement_id: uuid.UUID) -> None:
    if not await prepare(settlement_id):
        return
    with looking() as session:
        missing = city.left(session, settlement_id)
    chosen = runner()
    if chosen is not None and missing:
        spread.with_options(task_runner=chosen)(settlement_id, missing)
    else:
        for part in missing:
            settle_part(settlement_id, part)
    await conclude(settlement_id)
