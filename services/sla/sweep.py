"""The look at running clocks: every warning, breach and rung that is due, each once, in the order in which they were owed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlmodel import Session

from services.core.clock import business_day
from services.core.db import driver_cursor
from services.outbox import service as outbox

BREACH = "clock.breach"         # owed for a review level past its days: it goes up the tree

# One statement. A full join is always hashed: the planner takes what a step found for one row, and would loop over it. Rows are taken
# by an array of their places: joined by them, the planner reads the whole table. A level's row is named before it is looked up: row
# security lets no index be used with a cast that may fail. A row that somebody is just moving is left for the next tick, so that a sweep
# waits for nobody and nobody for it; two sweeps at once share the clocks between them. The days of a clock's steps ascend, so
# `width_bucket` counts those that have come; what an outage left out is kept with the day on which it was owed.
_SWEEP = """
    WITH found AS MATERIALIZED (
        SELECT k.ctid AS place FROM sla_clock k WHERE k.state = 'running' AND k.watch_on <= %(today)s FOR UPDATE SKIP LOCKED),
    swept AS (
        UPDATE sla_clock k SET step = width_bucket(%(today)s::date, k.watch_days),
            watch_on = k.watch_days[width_bucket(%(today)s::date, k.watch_days) + 1],
            warned_at = CASE WHEN k.watch_days[1] <= k.due_on THEN coalesce(k.warned_at, %(now)s) ELSE k.warned_at END,
            breached_at = CASE WHEN k.due_on < %(today)s THEN coalesce(k.breached_at, %(now)s) ELSE k.breached_at END
        WHERE k.ctid = ANY (ARRAY(SELECT f.place FROM found f)) AND k.watch_on <= %(today)s
        RETURNING k.id, k.lap, k.claim_id, k.org_key, k.kind, k.subject, k.due_on, k.policy, old.step AS before, k.step AS after,
            k.watch_days),
    steps AS MATERIALIZED (
        SELECT p.id AS policy, t.place::int AS step, t.body ->> 0 AS what, (t.body ->> 1)::int AS nth, t.body ->> 2 AS role,
            t.body ->> 3 AS at
        FROM clock_policy p, jsonb_array_elements(p.body -> 'steps') WITH ORDINALITY AS t(body, place)),
    fired AS MATERIALIZED (
        SELECT s.id, s.lap, s.claim_id, s.org_key, s.kind, s.subject, s.due_on, t.step, s.watch_days[t.step] AS day, t.what,
            t.nth, t.role, t.at, CASE WHEN s.kind = 'level' THEN s.subject::uuid END AS level
        FROM swept s JOIN steps t ON t.policy = s.policy AND t.step > s.before AND t.step <= s.after),
    desks AS MATERIALIZED (
        SELECT f.id, f.step, r.role, r.duty_key FROM fired f JOIN review_step r ON r.id = f.level WHERE f.level IS NOT NULL),
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
        SELECT id, lap, step, org_key, claim_id, what, nth, day, %(now)s, told, duty_key FROM told ORDER BY id, step),
    owed AS (
        INSERT INTO outbox (org_key, topic, claim_id, subject_id, payload, created_at, tries)
        SELECT org_key, %(topic)s, claim_id, subject::uuid, '{}', %(now)s, 0 FROM told WHERE kind = 'level' AND what = 'breached'
        ORDER BY day, step, id)
    SELECT what, kind, count(*) FROM told GROUP BY what, kind"""


def sweep(session: Session, *, now: datetime) -> Counter[tuple[str, str]]:
    """What became owed up to today, each step of a clock once: how many steps (`warned`, `breached`, `escalated`) of each kind of
    clock. A paused clock owes nothing.

    Each is kept in `sla_alert` with the day when it was owed and who is told: `role` at `duty_key`, nobody in particular where the
    role is empty. A review level past its days is owed to the outbox.
    """
    # Planned for this very day: most ticks find a few clocks by the index, the first one after an outage finds half of them.
    driver_cursor(session).execute("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'")
    rows = driver_cursor(session).execute(_SWEEP, {"now": now, "today": business_day(now), "topic": BREACH}).fetchall()
    swept = Counter({(what, kind): steps for what, kind, steps in rows})
    if swept["breached", "level"]:
        outbox.notify(session)
    return swept
