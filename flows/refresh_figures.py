"""The derived figures of boards, forecast and map: each quarter of an hour what changed, once a week at night everything anew."""

from __future__ import annotations

from prefect import flow

from flows.runtime import Batch, effect, now, transaction
from services.reporting.figures import service as figures

WHOLE = "timetable.figures_whole"


@effect
async def bring_up(whole: bool) -> None:
    """One transaction: readers see the old figures or the new ones. Another worker at the same work is left to it."""
    with transaction() as session:
        figures.refresh(session, now=now(), whole=whole)


@flow(name="refresh_figures", flow_run_name="{label}")
async def refresh_figures(label: str, batch: Batch) -> None:
    """What the topic asks for."""
    await bring_up(batch.topic == WHOLE)
