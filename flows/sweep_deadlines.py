"""The timetable's flow: what is due, late, lapsed or over."""

from __future__ import annotations

from prefect import flow

from flows.runtime import Batch, actor, effect, now, transaction
from services.core import telemetry
from services.core.clock import business_day
from services.evidence import service as evidence
from services.evidence import uploads
from services.insurer import queries as insurer_queries
from services.insurer import service as insurer
from services.notice import replacing, timely
from services.notice import service as notice
from services.review import service as review
from services.sla import sweep as sla


@effect
async def watch() -> None:
    """Warnings, breaches and what goes up the ladder, each once; levels past their days are owed to the outbox."""
    with transaction() as session:
        swept = sla.sweep(session, now=now())
    for (what, kind), steps in swept.items():      # what was taken back is not counted
        telemetry.FIRED.labels(what, kind).inc(steps)


@effect
async def go_on() -> None:
    """Levels that nobody may take (any more) go up the tree, or open since somebody came."""
    with transaction() as session:
        review.resume_waiting(session, actor=actor(), now=now())


@effect
async def lapse() -> None:
    """Supplement lists: a reminder before the deadline, the end after it."""
    with transaction() as session:
        notice.remind(session, actor=actor(), now=now())
        evidence.lapse(session, actor=actor(), now=now())


@effect
async def tell() -> None:
    """Holds that last, promises that are missed, rights about to end: their letters."""
    with transaction() as session:
        timely.tell(session, actor=actor(), now=now())
        replacing.retry_all(session, now=now())


@effect
async def forward_overdue() -> None:
    """An overdue certificate does not hold an insured claim back: it goes on with a flag."""
    with transaction() as session:
        overdue = insurer_queries.certification_overdue(session, today=business_day(now()))
        insurer.forward(session, claim_ids=overdue, actor=actor(), now=now())


@effect
async def close() -> None:
    """Paid or refused, letters delivered, objection window over: closed."""
    with transaction() as session:
        review.close(session, actor=actor(), now=now())


@effect
async def forget_uploads() -> None:
    """Files that came in parts and were given up."""
    with transaction() as session:
        uploads.expire(session, now=now())


@flow(name="sweep_deadlines", flow_run_name="{label}")
async def sweep_deadlines(label: str, batch: Batch) -> None:
    """One pass over all deadlines."""
    await watch()
    await go_on()
    await lapse()
    await tell()
    await forward_overdue()
    await close()
    await forget_uploads()
