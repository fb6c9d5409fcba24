"""Tallies of organisations above the unit: whole numbers of days, months and open clocks, so that any cut is a sum.

Only what differs is written: a quarter of an hour changes few rows, and readers see either the old figures or the new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour
from services.core.months import months_on
from services.reporting.boards.views import WHOLE
from services.reporting.figures.visits import DECISIONS
from services.reporting.forecast.rules import EDGES
from services.sla.queries import WINDOWS

# Organisations without a tally of their own: their boards count their rows.
BELOW = ("unit", "womens_committee")
_WINDOWS = f"({', '.join(repr(kind) for kind in sorted(WINDOWS))})"

# `place`: of each organisation the nearest one with a tally, itself or above; `above`: that one and all above it.
_TREE = f"""
    place AS MATERIALIZED (
        SELECT o.org_key, n.base FROM organisation o CROSS JOIN LATERAL (
            SELECT b.org_key AS base FROM generate_series(1, length(o.org_key)) AS at(place)
            JOIN organisation b ON b.org_key = left(o.org_key, at.place) AND b.kind NOT IN {BELOW}
            WHERE substr(o.org_key, at.place, 1) = '.' ORDER BY at.place DESC LIMIT 1) n),
    above AS MATERIALIZED (
        SELECT b.base, o.org_key FROM (SELECT DISTINCT base FROM place) b
        JOIN organisation o ON o.kind NOT IN {BELOW} AND starts_with(b.base, o.org_key))"""


def _replace(table: str, columns: tuple[str, ...], based: str, months: str) -> sa.TextClause:
    """Rows by `based` (of each base organisation, with `n`) added up for it and all above; what the table has else of `months` goes."""
    names, kinds = ", ".join(("org_key", *columns, "n")), ", ".join(f"b.{name}" for name in columns)
    fresh = ", ".join(f"f.{name}" for name in ("org_key", *columns, "n"))
    same = " AND ".join(f"f.{name} = t.{name}" for name in ("org_key", *columns, "n"))
    return sa.text(f"""
        WITH {_TREE}, based AS MATERIALIZED ({based}),
        fresh AS MATERIALIZED (
            SELECT a.org_key, {kinds}, sum(b.n)::bigint AS n FROM based b JOIN above a ON a.base = b.base
            GROUP BY a.org_key, {kinds} HAVING sum(b.n) <> 0),
        -- A full join hashes or sorts, whatever the planner thinks of the number of rows.
        differing AS MATERIALIZED (
            SELECT t.id, {fresh} FROM (SELECT * FROM {table} t WHERE {months}) t FULL JOIN fresh f ON {same}
            WHERE t.id IS NULL OR f.org_key IS NULL),
        gone AS (DELETE FROM {table} WHERE id IN (SELECT id FROM differing WHERE id IS NOT NULL))
        INSERT INTO {table} ({names}) SELECT {names} FROM differing WHERE id IS NULL""")


def _month(instant: str) -> str:
    return f"date_trunc('month', {instant} AT TIME ZONE 'Asia/Shanghai')::date"


_MONTHS = "SELECT unnest(CAST(:months AS date[]))"
_OF_MONTHS = f"t.month IN ({_MONTHS})"
_ENDED = f"v.left_at >= :first AND v.left_at < :past AND {_month('v.left_at')} IN ({_MONTHS})"
# One visit counts up to three times: as a visit at its level, as the end of a stay in its stage, as the end of the whole way.
_DAYS = _replace("day_tally", ("plan", "month", "stage", "level", "working", "days"), f"""
    SELECT p.base, v.plan, v.month, x.stage, x.level, x.working, x.days, sum(v.n) AS n
    FROM (SELECT v.org_key, v.plan, {_month("v.left_at")} AS month, v.stage, v.level, v.days, v.workdays, v.stay_days, v.stay_workdays,
                 v.whole_days, v.whole_workdays, count(*) AS n
          FROM stage_visit v WHERE {_ENDED} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) v
    JOIN place p ON p.org_key = v.org_key
    CROSS JOIN LATERAL (VALUES
        (v.stage, v.level, false, CASE WHEN v.level <> '' THEN v.days END),
        (v.stage, v.level, true, CASE WHEN v.level <> '' THEN v.workdays END),
        (v.stage, '', false, v.stay_days), (v.stage, '', true, v.stay_workdays),
        ('{WHOLE}', '', false, v.whole_days), ('{WHOLE}', '', true, v.whole_workdays)) AS x(stage, level, working, days)
    WHERE x.days IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7""", _OF_MONTHS)
# What a visit that ended says of its month; the same words serve a unit's own board.
OF_VISIT = f"""(VALUES
    ('verified', CASE WHEN v.event = 'verify' AND v.first THEN 1 END),
    ('complete', CASE WHEN v.event = 'verify' AND v.first AND v.asked = 0 THEN 1 END),
    ('decided', CASE WHEN v.event IN {DECISIONS} AND v.first THEN 1 END),
    ('asked', CASE WHEN v.event IN {DECISIONS} AND v.first AND v.asked > 0 THEN 1 END),
    ('rounds', CASE WHEN v.event IN {DECISIONS} AND v.first THEN v.asked END),
    ('returned', CASE WHEN v.event IN {DECISIONS} AND v.first AND v.returned > 0 THEN 1 END),
    ('refused', CASE WHEN v.event IN ('refuse', 'insurer_refuse') AND v.first THEN 1 END),
    ('paid', CASE WHEN v.event = 'settle' THEN 1 END))"""
STOPPED = f"k.state = 'stopped' AND k.kept IS NOT NULL AND k.kind NOT IN {_WINDOWS}"
_COUNTS = _replace("month_tally", ("plan", "month", "what", "kind"), f"""
    SELECT p.base, r.plan, r.month, r.what, r.kind, sum(r.n) AS n FROM (
        SELECT v.org_key, v.plan, {_month("v.left_at")} AS month, x.what, '' AS kind, x.n
        FROM stage_visit v CROSS JOIN LATERAL {OF_VISIT} AS x(what, n) WHERE {_ENDED} AND x.n <> 0
        UNION ALL
        SELECT k.org_key, c.plan, date_trunc('month', k.stopped_on)::date, CASE WHEN k.kept THEN 'kept' ELSE 'missed' END, k.kind, k.n
        FROM (SELECT k.claim_id, k.org_key, k.stopped_on, k.kept, k.kind, 1 AS n FROM sla_clock k
              WHERE {STOPPED} AND k.stopped_on >= CAST(:first_day AS date) AND k.stopped_on < CAST(:past_day AS date)
                AND date_trunc('month', k.stopped_on)::date IN ({_MONTHS})) k JOIN claim c ON c.id = k.claim_id
        UNION ALL
        SELECT y.org_key, c.plan, {_month("y.credited_at")}, 'paid_fen', '', y.amount_fen
        FROM payment y JOIN claim c ON c.id = y.claim_id
        WHERE y.state = 'credited' AND y.credited_at >= :first AND y.credited_at < :past
          AND {_month("y.credited_at")} IN ({_MONTHS})) r
    JOIN place p ON p.org_key = r.org_key GROUP BY 1, 2, 3, 4, 5""", _OF_MONTHS)
OPEN = f"k.state <> 'stopped' AND k.kind NOT IN {_WINDOWS}"
# Claims open in each state (`side` claim), those under review whose newest worksheet wants a person's amount, by the level and
# the role that must say it (`side` manual), and promises forecast by the band of their rank (`side` risk); none of these has a day.
NO_DAY = "DATE '2000-01-01'"
MANUAL = """c.state = 'in_review' AND 'manual' = (SELECT w.outcome FROM worksheet w WHERE w.claim_id = c.id AND w.round = c.round
    ORDER BY w.seq DESC LIMIT 1)"""
_OPEN = _replace("open_tally", ("plan", "kind", "state", "side", "day"), f"""
    SELECT p.base, r.plan, r.kind, r.state, r.side, r.day, count(*) AS n FROM (
        SELECT k.org_key, c.plan, k.kind, k.state, x.side, x.day FROM sla_clock k JOIN claim c ON c.id = k.claim_id
        CROSS JOIN LATERAL (VALUES ('due', k.due_on), ('start', k.start_on)) AS x(side, day) WHERE {OPEN}
        UNION ALL
        SELECT c.org_key, c.plan, '', c.state, 'claim', {NO_DAY} FROM claim c WHERE c.state NOT IN ('closed', 'cancelled')
        UNION ALL
        SELECT c.org_key, c.plan, s.level, s.role, 'manual', {NO_DAY} FROM claim c
        JOIN review_step s ON s.claim_id = c.id AND s.round = c.round AND s.state = 'open' WHERE {MANUAL}
        UNION ALL
        SELECT f.org_key, c.plan, f.promise, width_bucket(f.rank, ARRAY[{", ".join(str(edge) for edge in EDGES)}])::text, 'risk', {NO_DAY}
        FROM claim_risk f JOIN claim c ON c.id = f.claim_id) r
    JOIN place p ON p.org_key = r.org_key GROUP BY 1, 2, 3, 4, 5, 6""", "true")
_ALL_MONTHS = sa.text(f"""
    SELECT DISTINCT {_month("left_at")} FROM stage_visit WHERE left_at IS NOT NULL
    UNION SELECT DISTINCT date_trunc('month', stopped_on)::date FROM sla_clock WHERE stopped_on IS NOT NULL
    UNION SELECT DISTINCT {_month("credited_at")} FROM payment WHERE credited_at IS NOT NULL
    UNION SELECT DISTINCT month FROM day_tally UNION SELECT DISTINCT month FROM month_tally""")
# A clock stops as of a day that was said, money came at the bank's time: of a month in which no stay of the claim ended.
_MONTHS_OF_CLAIMS = sa.text(f"""
    WITH ids AS MATERIALIZED (SELECT unnest(CAST(:ids AS uuid[])) AS id)
    SELECT {_month("left_at")} FROM stage_visit WHERE left_at IS NOT NULL AND claim_id IN (SELECT id FROM ids)
    UNION SELECT date_trunc('month', stopped_on)::date FROM sla_clock WHERE stopped_on IS NOT NULL AND claim_id IN (SELECT id FROM ids)
    UNION SELECT {_month("credited_at")} FROM payment WHERE credited_at IS NOT NULL AND claim_id IN (SELECT id FROM ids)""")


def all_months(session: Session) -> set[date]:
    """Every month of which there is a figure, or was."""
    return set(session.execute(_ALL_MONTHS).scalars())


def months_of(session: Session, claim_ids: Iterable[object]) -> set[date]:
    """The months in which stays of these claims ended, their clocks stopped, their money came."""
    return set(session.execute(_MONTHS_OF_CLAIMS, {"ids": list(claim_ids)}).scalars())


def count_days(session: Session, months: set[date]) -> None:
    """How long stays took that ended in these months."""
    if months:
        session.execute(_DAYS, _bounds(months))


def count_months(session: Session, months: set[date]) -> None:
    """What came, was decided, paid and kept in these months."""
    if months:
        session.execute(_COUNTS, _bounds(months))


def count_open(session: Session) -> None:
    """What is open now; the forecast comes before."""
    session.execute(_OPEN)


def _bounds(months: set[date]) -> dict[str, object]:
    first, past = min(months), months_on(max(months), 1)
    return {"months": sorted(months), "first": at_hour(first, 0), "past": at_hour(past, 0), "first_day": first, "past_day": past}
