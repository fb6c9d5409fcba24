"""Stays of claims in stages and at levels, read from the record: one statement for any set of claims.

A visit begins with a claim's transition into another state, or with a level of the review that opens (again), and ends with the next
of these. A level that opens within five minutes of the claim's coming into review begins with it: the time between is the program's
own. A claim that comes back into review while a level is still open is at that level again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.sla.calendars import calendar_for, day_numbers, domains

BATCH = 20_000          # claims a statement of a whole build
_STEPS = "('open', 'reopen', 'pass', 'send_down', 'refuse', 'void')"
DECISIONS = "('approve', 'refuse', 'insurer_pay', 'insurer_refuse')"
_OUTCOMES = "('settle', 'refuse', 'insurer_refuse')"
_COMING = "interval '5 minutes'"
_KEY = ("claim_id", "ordinal")
_VALUES = ("round", "org_key", "plan", "route", "stage", "level", "entered_at", "left_at", "event", "next_stage", "next_level", "days",
           "workdays", "stay_days", "stay_workdays", "whole_days", "whole_workdays", "asked", "returned", "first")


def _day(instant: str) -> str:
    return f"({instant} AT TIME ZONE 'Asia/Shanghai')::date"


def _number(instant: str) -> str:
    """The running number of working days up to that day, by the calendar of the claim's organisation."""
    return f"(CAST(:numbers AS int[]))[w.office * CAST(:span AS int) + ({_day(instant)} - CAST(:origin AS date)) + 1]"


# `until`: the level that stands open after a record, the last word of the levels by its place in the chain. OFFSET 0: what is said is
# taken from the records before they are sorted, which are wide.
_READ = f"""
    office AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:lows AS text[]), CAST(:highs AS text[]), CAST(:offices AS int[])) AS o(low, high, office)),
    wanted AS MATERIALIZED (
        SELECT c.id, c.org_key, c.plan, c.route, (SELECT o.office FROM office o WHERE c.org_key >= o.low COLLATE "C"
            AND c.org_key < o.high COLLATE "C" ORDER BY length(o.low) DESC LIMIT 1) AS office
        FROM claim c WHERE {{claims}}),
    said AS (
        SELECT a.chain_id, a.seq, a.at, a.machine = 'claim' AS moved, a.event, a.record->>'to' AS target, s.level
        FROM audit_record a LEFT JOIN (SELECT s.id, s.level FROM review_step s WHERE {{steps}}) s
            ON a.machine = 'review_step' AND s.id = a.subject_id
        WHERE {{chains}} AND (a.machine = 'claim' AND a.record->>'to' IS NOT NULL AND a.record->>'from' IS DISTINCT FROM a.record->>'to'
                          OR a.machine = 'review_step' AND a.event IN {_STEPS})
        OFFSET 0),
    stood AS (
        SELECT *, coalesce(substr(max(lpad(seq::text, 9, '0') || CASE WHEN event IN ('open', 'reopen') THEN level ELSE '' END)
                                  FILTER (WHERE NOT moved) OVER (PARTITION BY chain_id ORDER BY seq), 10), '') AS until FROM said),
    begun AS (
        SELECT *, lag(moved AND target = 'in_review') OVER chain AND at - lag(at) OVER chain <= {_COMING} AS came,
               NOT lead(moved) OVER chain AND lead(at) OVER chain - at <= {_COMING} AS comes, lead(until) OVER chain AS coming
        FROM stood WHERE moved OR event IN ('open', 'reopen') WINDOW chain AS (PARTITION BY chain_id ORDER BY seq)),
    kept AS (
        SELECT chain_id, seq, at, moved, event, CASE WHEN moved THEN target ELSE 'in_review' END AS stage,
               CASE WHEN NOT moved THEN until WHEN target <> 'in_review' THEN '' WHEN comes THEN coming ELSE until END AS level
        FROM begun WHERE moved OR came IS NOT TRUE),
    visit AS (
        SELECT chain_id, seq, row_number() OVER chain AS ordinal,
               1 + count(*) FILTER (WHERE moved AND event IN ('reopen', 'recall')) OVER chain AS round,
               stage, level, at AS entered_at, lead(at) OVER chain AS left_at, lead(stage) OVER chain AS next_stage,
               lead(level) OVER chain AS next_level, lead(moved) OVER chain AS stay_ends,
               CASE WHEN lead(moved) OVER chain THEN lead(event) OVER chain
                    WHEN lead(event) OVER chain = 'open' THEN 'pass' WHEN lead(event) OVER chain = 'reopen' THEN 'send_down' END AS event,
               max(at) FILTER (WHERE moved) OVER chain AS stay_from, first_value(at) OVER chain AS whole_from
        FROM kept WINDOW chain AS (PARTITION BY chain_id ORDER BY seq)),
    told AS (
        SELECT *, count(*) FILTER (WHERE stage = 'supplementing') OVER chain AS asked,
               count(*) FILTER (WHERE event IN ('send_back', 'send_down')) OVER chain AS returned,
               CASE WHEN event = 'verify' THEN count(*) FILTER (WHERE event = 'verify') OVER chain = 1
                    WHEN event IN {DECISIONS} THEN count(*) FILTER (WHERE event IN {DECISIONS}) OVER chain = 1 END AS first,
               event IN {_OUTCOMES} AND count(*) FILTER (WHERE event IN {_OUTCOMES}) OVER chain = 1 AS whole_ends
        FROM visit WINDOW chain AS (PARTITION BY chain_id ORDER BY seq)),
    fresh AS MATERIALIZED (
        SELECT v.chain_id AS claim_id, v.ordinal, v.round, w.org_key, w.plan, w.route, v.stage, v.level, v.entered_at, v.left_at, v.event,
               v.next_stage, v.next_level, {_day("v.left_at")} - {_day("v.entered_at")} AS days,
               {_number("v.left_at")} - {_number("v.entered_at")} AS workdays,
               CASE WHEN v.stay_ends THEN {_day("v.left_at")} - {_day("v.stay_from")} END AS stay_days,
               CASE WHEN v.stay_ends THEN {_number("v.left_at")} - {_number("v.stay_from")} END AS stay_workdays,
               CASE WHEN v.whole_ends THEN {_day("v.left_at")} - {_day("v.whole_from")} END AS whole_days,
               CASE WHEN v.whole_ends THEN {_number("v.left_at")} - {_number("v.whole_from")} END AS whole_workdays,
               CASE WHEN v.left_at IS NOT NULL THEN v.asked END AS asked, CASE WHEN v.left_at IS NOT NULL THEN v.returned END AS returned,
               v.first
        FROM told v JOIN wanted w ON w.id = v.chain_id)"""
_SAME = f"({', '.join(f'v.{name}' for name in _VALUES)}) IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in _VALUES)})"
_WRITE = f"""
    WITH {_READ},
    gone AS (
        DELETE FROM stage_visit v USING (SELECT claim_id, max(ordinal) AS last FROM fresh GROUP BY claim_id) f
        WHERE {{visits}} AND v.claim_id = f.claim_id AND v.ordinal > f.last RETURNING v.left_at),
    put AS (
        INSERT INTO stage_visit AS v ({", ".join((*_KEY, *_VALUES))}) SELECT {", ".join((*_KEY, *_VALUES))} FROM fresh
        ON CONFLICT (claim_id, ordinal) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _VALUES)} WHERE {_SAME}
        RETURNING v.left_at)
    SELECT DISTINCT date_trunc('month', left_at AT TIME ZONE 'Asia/Shanghai')::date
    FROM (SELECT left_at FROM put UNION ALL SELECT left_at FROM gone) x WHERE left_at IS NOT NULL"""


def _places(form: str) -> dict[str, str]:
    return {"claims": form.format("c.id"), "steps": form.format("s.claim_id"), "chains": form.format("a.chain_id"),
            "visits": form.format("v.claim_id")}


_OF_RANGE = sa.text(_WRITE.format(**_places("{0} >= :low AND {0} < :high"))).bindparams(
    sa.bindparam("low", type_=sa.Uuid), sa.bindparam("high", type_=sa.Uuid))
_OF_SOME = sa.text(_WRITE.format(**_places("{0} IN (SELECT unnest(CAST(:ids AS uuid[])))")))
_BOUNDS = sa.text("SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM claim) x WHERE place % :batch = 1 ORDER BY id")
# Of a supplement, a letter or a hand-off no stay tells, but clocks run by them, too.
_CHANGED = sa.text("""
    SELECT chain_id, bool_or(machine IN ('claim', 'review_step', 'payment')) AS stays FROM audit_record WHERE at >= :since
    GROUP BY chain_id ORDER BY chain_id""")
_LAST = uuid.UUID(int=(1 << 128) - 1)


class Counting:
    """By which calendar each organisation counts, as arrays for a statement; `version` names all of them."""

    def __init__(self, session: Session) -> None:
        keys = domains(session)
        calendars = [calendar_for(session, key) for key in keys]
        self.version = " ".join(f"{key}{one.version}" for key, one in zip(keys, calendars, strict=True))
        known = [dict(zip(*day_numbers(one), strict=True)) for one in calendars]
        origin, last = min(min(days) for days in known), max(max(days) for days in known)
        span = (last - origin).days + 1
        every = [origin + timedelta(days=step) for step in range(span)]
        # Another day than these is wide of every claim: a subscript that is beyond the array gives no number.
        self.values: Mapping[str, object] = {
            "lows": keys, "highs": [f"{key.rstrip('.')}/" if key else "\U0010ffff" for key in keys], "offices": list(range(len(keys))),
            "origin": origin, "span": span, "numbers": [days.get(day) for days in known for day in every]}


def build(session: Session, counting: Counting) -> set[date]:
    """Read every claim's record anew and write what differs; gives the months in which something that ended did."""
    bounds: Sequence[uuid.UUID] = session.execute(_BOUNDS, {"batch": BATCH}).scalars().all()
    months: set[date] = set()
    for low, high in zip(bounds, [*bounds[1:], _LAST], strict=True):
        months.update(session.execute(_OF_RANGE, {**counting.values, "low": low, "high": high}).scalars())
    return months


@dataclass(frozen=True, slots=True)
class Changed:
    """Chains of the record that grew; `stays`: claims among them whose stages, levels or money moved."""

    chains: list[uuid.UUID]
    stays: list[uuid.UUID]


def changed(session: Session, since: datetime) -> Changed:
    """What grew since then."""
    rows = session.execute(_CHANGED, {"since": since}).all()
    return Changed([row.chain_id for row in rows], [row.chain_id for row in rows if row.stays])


def renew(session: Session, counting: Counting, claim_ids: Iterable[uuid.UUID]) -> set[date]:
    """The same for some claims."""
    ids = list(claim_ids)
    months: set[date] = set()
    for start in range(0, len(ids), BATCH):
        months.update(session.execute(_OF_SOME, {**counting.values, "ids": ids[start:start + BATCH]}).scalars())
    return months
