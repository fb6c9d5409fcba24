"""What stands open at this moment, as numbers for Prometheus. Counts only, of everything at and under one organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.errors import ConfigError
from services.sla.calendars import calendar_for
from services.workdays.calendar import DAY, Calendar

SOON_DAYS = 3           # working days, today not counted


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: `samples` are values by label values, in the order of `labels`."""

    name: str
    words: str
    labels: tuple[str, ...]
    samples: tuple[tuple[tuple[str, ...], float], ...]


_CLOCKS = sa.text("""
    SELECT kind, CASE WHEN state = 'paused' THEN 'paused' WHEN due_on < :today THEN 'late' WHEN due_on = :today THEN 'today'
                      WHEN due_on <= :soon THEN 'soon' ELSE 'later' END AS standing, count(*)
    FROM sla_clock WHERE state <> 'stopped' AND org_key >= :low AND org_key < :high GROUP BY 1, 2""")
_PROVISIONAL = sa.text("""
    SELECT count(*) FROM sla_clock WHERE state <> 'stopped' AND provisional AND org_key >= :low AND org_key < :high""")
_OUTBOX = sa.text("""
    SELECT topic, count(*), count(*) FILTER (WHERE fault IS NOT NULL), max(tries),
           greatest(0, max(extract(epoch FROM :now - created_at)))::float8
    FROM outbox WHERE org_key >= :low AND org_key < :high GROUP BY topic""")
_RUNS = sa.text("""
    SELECT state, count(*), (max(extract(epoch FROM :now - sent_at) / 86400) FILTER (WHERE state = 'sent'))::float8
    FROM payment_run WHERE state <> 'reconciled' AND org_key >= :low AND org_key < :high GROUP BY state""")


def gauges(session: Session, *, org_key: str, now: datetime, today: date) -> list[Gauge]:
    """The numbers of an organisation and all below it. `today` is the business day in China."""
    bounds = {"low": org_key, "high": f"{org_key.rstrip('.')}/"}
    cal = calendar_for(session, org_key)
    clocks = session.execute(_CLOCKS, {**bounds, "today": today, "soon": soon_until(cal, today)}).all()
    owed = session.execute(_OUTBOX, {**bounds, "now": now}).all()
    runs = session.execute(_RUNS, {**bounds, "now": now}).all()
    provisional = session.execute(_PROVISIONAL, bounds).scalar_one()
    return [
        Gauge("huzhu_clocks_open", "Open clocks by kind and standing", ("kind", "standing"),
              tuple(((kind, standing), n) for kind, standing, n in clocks)),
        Gauge("huzhu_clocks_provisional", "Open clocks whose last day awaits next year's calendar", (), (((), provisional),)),
        Gauge("huzhu_calendar_official", "Whether the State Council's calendar of the year is released", ("year",),
              tuple(((str(year),), _official(cal, year)) for year in (today.year, today.year + 1))),
        Gauge("huzhu_outbox_rows", "Work owed, by topic", ("topic",), tuple(((row[0],), row[1]) for row in owed)),
        Gauge("huzhu_outbox_failing", "Owed work that failed at least once", ("topic",), tuple(((row[0],), row[2]) for row in owed)),
        Gauge("huzhu_outbox_oldest_seconds", "Age of the oldest owed work", ("topic",),
              tuple(((row[0],), row[4]) for row in owed)),
        Gauge("huzhu_payment_runs", "Payment runs on their way", ("state",), tuple(((row[0],), row[1]) for row in runs)),
        Gauge("huzhu_payment_unanswered_days", "Days since the oldest run was sent that the bank has not answered", (),
              (((), max((row[2] for row in runs if row[2] is not None), default=0.0)),))]


def soon_until(cal: Calendar, today: date) -> date:
    """The third working day after today. A year that nobody released ends the count at what is known."""
    day = today
    try:
        for _ in range(SOON_DAYS):
            day = cal.first_workday_from(day + DAY)
    except ConfigError:
        return today + timedelta(days=SOON_DAYS)
    return day


def _official(cal: Calendar, year: int) -> int:
    found = cal.years.get(year)
    return int(bool(found and found.official))
