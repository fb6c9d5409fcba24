"""Bringing all derived figures up: what changed since the last time, or everything anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.reporting.figures import tallies, visits
from services.reporting.forecast import service as forecast
from services.reporting.moves import service as moves

NAME = "figures"
OVERLAP = timedelta(hours=1)        # a transaction that began before the last refresh may have committed after it
_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtext('figures_refresh'))")
# Large sorts and hashes; planned for the values at hand, once each.
_SETTINGS = sa.text("SELECT set_config('work_mem', '128MB', true), set_config('plan_cache_mode', 'auto', true),"
                    " set_config('jit', 'off', true)")
# A table filled in this transaction has no statistics yet: what reads it next would be planned for an empty one.
_ANALYZE = sa.text("ANALYZE stage_visit")
_STATE = sa.text("SELECT as_of, basis FROM figures_refresh WHERE name = :name")
_TREE = sa.text("SELECT coalesce(max(at)::text, '') FROM organisation_change WHERE kind IN ('moved', 'merged')")
_DONE = sa.text("""
    INSERT INTO figures_refresh (name, as_of, basis) VALUES (:name, :as_of, :basis)
    ON CONFLICT (name) DO UPDATE SET as_of = excluded.as_of, basis = excluded.basis""")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """`whole`: everything was read anew; else the number of claims that were. `months`: how many were counted anew."""

    whole: bool
    claims: int
    months: int


def refresh(session: Session, *, now: datetime, whole: bool = False) -> Refreshed | None:
    """Bring up visits and tallies to `now`, in the root's scope; None when another transaction is at it.

    Everything is read anew when asked, the first time, when the business clock was put back, and when a calendar or the tree of
    organisations changed; else claims whose record grew since the last refresh (less an hour).
    """
    if not session.execute(_LOCK).scalar_one():
        return None
    session.execute(_SETTINGS)
    counting = visits.Counting(session)
    basis = f"{counting.version} {session.execute(_TREE).scalar_one()}"
    last = session.execute(_STATE, {"name": NAME}).one_or_none()
    since = last.as_of if last and last.basis == basis and last.as_of <= now and not whole else None
    if since is None:
        visits.build(session, counting)
        session.execute(_ANALYZE)
        months = tallies.all_months(session)
        tallies.count_days(session, months)
        tallies.count_months(session, months)
        forecast.refresh(session, now, whole=True)
        tallies.count_open(session)
        moves.refresh(session, now, whole=True)
        found = Refreshed(True, 0, len(months))
    else:
        found = _grown(session, counting, visits.changed(session, since - OVERLAP), now)
    session.execute(_DONE, {"name": NAME, "as_of": now, "basis": basis})
    return found


def _grown(session: Session, counting: visits.Counting, changed: visits.Changed, now: datetime) -> Refreshed:
    """What these chains touch; nothing moves without a record, so that without one all figures stand as they are."""
    months: set[date] = set()
    if changed.chains:
        days = visits.renew(session, counting, changed.stays)
        # Also the month before today's: money that went back, a clock put to run again, left no row that names the month it was counted in.
        this = business_day(now).replace(day=1)
        months = days | tallies.months_of(session, changed.chains) | {this, (this - timedelta(days=1)).replace(day=1)}
        tallies.count_days(session, days)
        tallies.count_months(session, months)
    if forecast.refresh(session, now, claims=changed.chains) or changed.chains:
        tallies.count_open(session)
    moves.refresh(session, now, moved=bool(changed.stays))
    return Refreshed(False, len(changed.stays), len(months))
