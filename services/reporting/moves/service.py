"""Keeping the sums of the map true to the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour, business_day
from services.core.months import months_on
from services.reporting.moves import tallies

OVERLAP = timedelta(hours=1)        # a transaction that began before the last refresh may have ended after it
_SETTINGS = sa.text("SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)")
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('moves', 0)), current_setting('app.org_path')")
_LAST = sa.text("SELECT as_of, basis FROM figures_refresh WHERE name = 'moves'")
_FIRST = sa.text("SELECT min(entered_at) FROM stage_visit WHERE ordinal = 1")
# The tree by which the sums were made: a branch that moved, or was merged, takes its claims from one organisation to another.
_BASIS = sa.text("SELECT CAST(count(*) AS text) FROM organisation_change WHERE kind IN ('moved', 'merged')")
_DONE = sa.text("""
    INSERT INTO figures_refresh (name, as_of, basis) VALUES ('moves', :now, :basis)
    ON CONFLICT (name) DO UPDATE SET as_of = excluded.as_of, basis = excluded.basis""")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The first month that was counted anew (None: there was nothing to count), and the rows of moves written."""

    first: date | None
    rows: int


def refresh(session: Session, now: datetime, *, whole: bool = False, moved: bool = True) -> Refreshed:
    """Count anew every month in which something moved since the last time, nothing if not `moved`; all of them if `whole`, after a
    branch had moved, and when the business clock was put back.

    To be called after `stage_visit` was brought up to date, under the root's scope. Running it twice changes nothing.
    """
    root = f"{session.execute(_LOCK).one()[1]}."
    session.execute(_SETTINGS)
    basis = session.execute(_BASIS).scalar_one()
    last = session.execute(_LAST).one_or_none()
    session.execute(_DONE, {"now": now, "basis": basis})
    kept = last is not None and last.basis == basis and last.as_of <= now and not whole
    if kept and not moved:
        return Refreshed(None, 0)
    since = last.as_of - OVERLAP if last and kept else session.execute(_FIRST).scalar_one()
    if since is None:
        return Refreshed(None, 0)
    first, until = business_day(since).replace(day=1), at_hour(months_on(business_day(now), 1), 0)
    begins = at_hour(first, 0)
    again = tallies.unended(session, since=begins)
    rows = tallies.put(session, since=begins, until=until, first=first, root=root, whole=not kept)
    for month in again if kept else ():
        tallies.put_roads(session, since=at_hour(month, 0), until=at_hour(months_on(month, 1), 0), month=month, root=root)
    return Refreshed(first, rows)
