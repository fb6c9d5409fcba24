"""A clock's due day was counted anew: the steps to come move with it. What has happened stays."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from psycopg.types.numeric import Int4
from sqlmodel import Session

from services.core.db import driver_cursor
from services.sla import policies
from services.sla.calendars import calendar_for
from services.sla.watching import days_of

_OPEN = """
    SELECT k.id, k.org_key, k.start_on, k.due_on, k.pauses, p.body FROM sla_clock k JOIN clock_policy p ON p.id = k.policy
    WHERE k.id = ANY(%(ids)s::uuid[]) AND k.state <> 'stopped' ORDER BY k.id FOR UPDATE OF k"""
# A breach that a recount has taken back is owed again when the new day is over, as a step of a further lap.
_MOVE = """
    UPDATE sla_clock k SET watch_days = n.days::date[], step = n.step, watch_on = (n.days::date[])[n.step + 1],
        lap = k.lap + (n.step < k.step)::int
    FROM (SELECT r.id, r.days, CASE WHEN o.breached_at IS NULL THEN least(o.step, r.warnings) ELSE o.step END AS step
          FROM unnest(%(ids)s::uuid[], %(days)s::text[], %(warnings)s::int4[]) AS r(id, days, warnings)
          JOIN sla_clock o ON o.id = r.id) n
    WHERE k.id = n.id"""


def rewatch(session: Session, clock_ids: Sequence[uuid.UUID]) -> None:
    """After `due_on` of these clocks has changed (a recount, a pause that ended). One select, one update; stopped ones are left alone."""
    found = driver_cursor(session).execute(_OPEN, {"ids": list(clock_ids)}).fetchall()
    moved, warnings = {}, []
    for clock_id, org_key, start_on, due_on, pauses, body in found:
        stood = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in pauses if last]
        policy = policies.pinned(body)
        moved[clock_id] = array(days_of(policy, start_on, due_on, stood, calendar_for(session, org_key)))
        warnings.append(Int4(len(policy.warn)))
    if moved:
        driver_cursor(session).execute(_MOVE, {"ids": list(moved), "days": list(moved.values()), "warnings": warnings})


def array(days: Sequence[date]) -> str:
    """A date[] as text: arrays of different lengths do not make one array."""
    return f"{{{','.join(day.isoformat() for day in days)}}}"
