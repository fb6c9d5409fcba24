"""Where every open promise stands on a day: how long its claim has been in its stage, how much is left. Set-based.

The day itself is not over: what has gone by are the working days up to the day before, what is left includes the day. A promise
that was paused stands where it stood at the pause; one that was paused after its day is late already.
"""

from __future__ import annotations

from services.reporting.forecast.histograms import china, number, paused

# Closed pauses alone have moved the due day: those after the day that counts are taken back out of it.
_LATER_PAUSES = f"""CASE WHEN k.pauses = '[]'::jsonb THEN 0 ELSE (
    SELECT coalesce(sum(greatest(0, {number("(p ->> 1)::date")} - {number("greatest((p ->> 0)::date, t.until)")})), 0)
    FROM jsonb_array_elements(k.pauses) AS p)::int END"""
_UNTIL = f"""(SELECT greatest(coalesce(p.day, CAST(:today AS date) - 1), {china("v.entered_at")} - 1) AS until, p.day IS NOT NULL AS paused
    FROM (SELECT min((p ->> 0)::date) AS day FROM jsonb_array_elements(k.pauses) AS p
          WHERE (p ->> 0)::date < CAST(:today AS date) AND coalesce((p ->> 1)::date, 'infinity') >= CAST(:today AS date)) p)"""


def standing(where: str) -> str:
    """The open promises that meet a condition on clock `k` and visit `v`; `:today`, `:promises` and `:stages` are bound."""
    return f"""
    SELECT y.*, y.remaining < CASE WHEN y.paused THEN 0 ELSE 1 END AS late,
           y.remaining - CASE WHEN y.paused THEN 0 ELSE n.number - l.number END AS left_days
    FROM (
        SELECT k.id AS clock_id, k.claim_id, k.kind AS promise, k.org_key, x.office, v.plan, v.stage, v.level, t.paused,
               greatest(-1, e.number - a.number - {paused(china("v.entered_at"), "t.until")}) AS elapsed,
               d.number - e.number - {_LATER_PAUSES} AS remaining
        FROM sla_clock k JOIN stage_visit v ON v.claim_id = k.claim_id AND v.round = k.round AND v.stage = ANY(CAST(:stages AS text[]))
        JOIN forecast_office x ON x.org_key = k.org_key
        CROSS JOIN LATERAL {_UNTIL} t
        JOIN forecast_day a ON a.office = x.office AND a.day = {china("v.entered_at")}
        JOIN forecast_day e ON e.office = x.office AND e.day = t.until
        JOIN forecast_day d ON d.office = x.office AND d.day = k.due_on
        WHERE k.kind = ANY(CAST(:promises AS text[])) AND k.subject = '' AND {where} OFFSET 0) y
    JOIN forecast_day n ON n.office = y.office AND n.day = CAST(:today AS date)
    JOIN forecast_day l ON l.office = y.office AND l.day = CAST(:today AS date) - 1"""


NOW = standing("k.state <> 'stopped' AND v.left_at IS NULL")
NOW_OF_SOME = standing("k.state <> 'stopped' AND v.left_at IS NULL AND k.claim_id IN (SELECT unnest(CAST(:claims AS uuid[])))")
