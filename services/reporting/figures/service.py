"""Bringing all derived figures up: what changed since the last time, or everything anew."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    this = business_day(now).replace(day=1)
    claims: list[uuid.UUID] = []
    since = last.as_of if last and last.basis == basis and last.as_of <= now and not whole else None
    if since is None:
        visits.build(session, counting)
        session.execute(_ANALYZE)
        days = months = tallies.all_months(session)
    else:
        claims = visits.changed(session, since - OVERLAP)
        days = visits.renew(session, counting, claims)
        months = days | tallies.months_of(session, claims) | {this}
    tallies.count_days(session, days)
    tallies.count_months(session, months)
    tallies.count_open(session)
    forecast.refresh(session, now, whole=since is None)
    moves.refresh(session, now, whole=since is None)
    session.execute(_DONE, {"name": NAME, "as_of": now, "basis": basis})
    return Refreshed(since is None, len(claims), len(months))
