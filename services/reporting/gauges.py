"""What stands open at this moment, as numbers for Prometheus. Counts only, of everything at and under one organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.reporting.boards.standing_open import days
from services.sla.calendars import calendar_for
from services.sla.queries import WINDOWS


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: `samples` are values by label values, in the order of `labels`."""

    name: str
    words: str
    labels: tuple[str, ...]
    samples: tuple[tuple[tuple[str, ...], float], ...]


_CLOCKS = sa.text("""
    SELECT kind, CASE WHEN state = 'paused' THEN 'paused' WHEN due_on < :today THEN 'late' WHEN due_on = :today THEN 'today'
                      WHEN due_on <= :soon THEN 'soon' ELSE 'later' END AS standing, count(*), count(*) FILTER (WHERE provisional)
    FROM sla_clock WHERE state <> 'stopped' AND kind <> ALL(:windows) AND org_key >= :low AND org_key < :high GROUP BY 1, 2""")
_OUTBOX = sa.text("""
    SELECT topic, count(*), count(*) FILTER (WHERE fault IS NOT NULL),
           greatest(0, max(extract(epoch FROM :now - created_at)))::float8
    FROM outbox WHERE org_key >= :low AND org_key < :high GROUP BY topic""")
_RUNS = sa.text("""
    SELECT state, count(*), (max(extract(epoch FROM :now - sent_at) / 86400) FILTER (WHERE state = 'sent'))::float8
    FROM payment_run WHERE state <> 'reconciled' AND org_key >= :low AND org_key < :high GROUP BY state""")

_STOPPED = sa.text("""
    SELECT condition, count(*) FROM stuck_work WHERE gone_at IS NULL AND (put_off_until IS NULL OR put_off_until <= :today)
    AND org_key >= :low AND org_key < :high GROUP BY condition""")


def gauges(session: Session, *, org_key: str, now: datetime, today: date) -> list[Gauge]:
    """The numbers of an organisation and all below it. `today` is the business day in China."""
    bounds = {"low": org_key, "high": f"{org_key.rstrip('.')}/"}
    soon = days(session, org_key, today).soon
    clocks = session.execute(_CLOCKS, {**bounds, "today": today, "soon": soon, "windows": sorted(WINDOWS)}).all()
    owed = session.execute(_OUTBOX, {**bounds, "now": now}).all()
    runs = session.execute(_RUNS, {**bounds, "now": now}).all()
    stopped = session.execute(_STOPPED, {**bounds, "today": today}).all()
    return [
        Gauge("huzhu_stuck", "Work that has stopped, as last looked for, by condition", ("condition",),
              tuple(((row[0],), row[1]) for row in stopped)),
        Gauge("huzhu_clocks_open", "Open clocks by kind and standing", ("kind", "standing"),
              tuple(((kind, standing), n) for kind, standing, n, _ in clocks)),
        Gauge("huzhu_clocks_provisional", "Open clocks whose last day awaits next year's calendar", (),
              (((), sum(row[3] for row in clocks)),)),
        Gauge("huzhu_calendar_missing", "Years whose State Council calendar should be released by now and is not", ("year",),
              tuple(((str(year),), 1) for year in calendar_for(session, org_key).missing(today))),
        Gauge("huzhu_outbox_rows", "Work owed, by topic", ("topic",), tuple(((row[0],), row[1]) for row in owed)),
        Gauge("huzhu_outbox_failing", "Owed work that failed at least once", ("topic",), tuple(((row[0],), row[2]) for row in owed)),
        Gauge("huzhu_outbox_oldest_seconds", "Age of the oldest owed work", ("topic",),
              tuple(((row[0],), row[3]) for row in owed)),
        Gauge("huzhu_payment_runs", "Payment runs on their way", ("state",), tuple(((row[0],), row[1]) for row in runs)),
        Gauge("huzhu_payment_unanswered_days", "Days since the oldest run was sent that the bank has not answered", (),
              (((), max((row[2] for row in runs if row[2] is not None), default=0.0)),))]
