"""The look at running clocks: every warning, breach and rung that is due, each once, in the order in which they were owed."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlmodel import Session

from services.core.clock import business_day
from services.core.db import driver_cursor
from services.outbox import service as outbox

BREACH = "clock.breach"         # owed for a review level past its days: it goes up the tree


class Due(NamedTuple):
    """A step that happened just now. `day`: when it was owed; `nth`: the warning's or the rung's number; `subject`: the row the
    clock hangs on (a review level), or empty; `role` at `duty_key` is told, nobody in particular where `role` is empty.
    """

    what: Literal["warned", "breached", "escalated"]
    clock_id: uuid.UUID
    claim_id: uuid.UUID
    org_key: str
    kind: str
    subject: str
    due_on: date
    day: date
    nth: int
    role: str
    duty_key: str


# One statement. A full join is always hashed: the planner takes what a step found for one row, and would loop over it.
# A row that somebody is just moving is left for the next tick, so that a sweep waits for nobody and nobody for
# it; two sweeps at once share the clocks between them. The days of a clock's steps ascend, so `width_bucket` counts those that
# have come; what an outage left out comes out of the array in order.
_SWEEP = """
    WITH found AS MATERIALIZED (
        SELECT k.ctid AS place FROM sla_clock k WHERE k.state = 'running' AND k.watch_on <= %(today)s FOR UPDATE SKIP LOCKED),
    swept AS (
        UPDATE sla_clock k SET step = width_bucket(%(today)s::date, k.watch_days),
            watch_on = k.watch_days[width_bucket(%(today)s::date, k.watch_days) + 1],
            warned_at = CASE WHEN k.watch_days[1] <= k.due_on THEN coalesce(k.warned_at, %(now)s) ELSE k.warned_at END,
            breached_at = CASE WHEN k.due_on < %(today)s THEN coalesce(k.breached_at, %(now)s) ELSE k.breached_at END
        FROM found f WHERE k.ctid = f.place AND k.watch_on <= %(today)s
        RETURNING k.id, k.lap, k.claim_id, k.org_key, k.kind, k.subject, k.due_on, k.policy, old.step AS before, k.step AS after,
            k.watch_days),
    steps AS MATERIALIZED (
        SELECT p.id AS policy, t.place::int AS step, t.body ->> 0 AS what, (t.body ->> 1)::int AS nth, t.body ->> 2 AS role,
            t.body ->> 3 AS at
        FROM clock_policy p, jsonb_array_elements(p.body -> 'steps') WITH ORDINALITY AS t(body, place)),
    fired AS MATERIALIZED (
        SELECT s.id, s.lap, s.claim_id, s.org_key, s.kind, s.subject, s.due_on, t.step, w.day, t.what,
            t.nth, t.role, t.at
        FROM swept s, unnest(s.watch_days) WITH ORDINALITY AS w(day, step), steps t
        WHERE w.step > s.before AND w.step <= s.after AND t.policy = s.policy AND t.step = w.step),
    desks AS MATERIALIZED (
        SELECT f.id, f.step, r.role, r.duty_key FROM fired f JOIN review_step r ON r.id = f.subject::uuid WHERE f.kind = 'level'),
    places AS MATERIALIZED (
        SELECT a.org_key, a.at, coalesce((
            SELECT o.org_key FROM generate_series(1, length(a.org_key)) AS g(place)
            JOIN organisation o ON o.org_key = left(a.org_key, g.place) AND o.closed_on IS NULL
            WHERE substr(a.org_key, g.place, 1) = '.' AND CASE a.at WHEN 'unit' THEN true
                WHEN 'district' THEN o.kind IN ('district', 'industry', 'city', 'office', 'nation') AND o.org_key <> a.org_key
                WHEN 'office' THEN o.kind IN ('office', 'nation') ELSE o.kind = 'nation' END
            ORDER BY length(o.org_key) DESC LIMIT 1), a.org_key) AS duty_key
        FROM (SELECT DISTINCT org_key, at FROM fired) a),
    told AS MATERIALIZED (
        SELECT f.*, coalesce(nullif(f.role, ''), r.role, '') AS told, CASE WHEN f.role = '' THEN coalesce(r.duty_key, f.org_key)
            ELSE p.duty_key END AS duty_key
        FROM fired f FULL JOIN places p ON p.org_key = f.org_key AND p.at = f.at FULL JOIN desks r ON r.id = f.id AND r.step = f.step
        WHERE coalesce(f.step, 0) > 0),
    kept AS (
        INSERT INTO sla_alert (clock_id, lap, step, org_key, claim_id, what, nth, due_on, fired_at, role, duty_key)
        SELECT id, lap, step, org_key, claim_id, what, nth, day, %(now)s, told, duty_key FROM told),
    owed AS (
        INSERT INTO outbox (org_key, topic, claim_id, subject_id, payload, created_at, tries)
        SELECT org_key, %(topic)s, claim_id, subject::uuid, '{}', %(now)s, 0 FROM told WHERE kind = 'level' AND what = 'breached'
        ORDER BY day, step, id)
    SELECT what, id, claim_id, org_key, kind, subject, due_on, day, nth, told, duty_key FROM told ORDER BY day, id, step"""


def sweep(session: Session, *, now: datetime) -> list[Due]:
    """What became owed up to today, oldest first; each step of a clock once. A paused clock owes nothing.

    Each is kept in `sla_alert` with who is told; a review level past its days is owed to the outbox.
    """
    # Planned for this very day: most ticks find a few clocks by the index, the first one after an outage finds half of them.
    driver_cursor(session).execute("SET LOCAL plan_cache_mode = force_custom_plan")
    rows = driver_cursor(session).execute(_SWEEP, {"now": now, "today": business_day(now), "topic": BREACH}).fetchall()
    swept = [Due._make(row) for row in rows]
    if any(due.what == "breached" and due.kind == "level" for due in swept):
        outbox.notify(session)
    return swept
