"""The sums over `stage_visit`, whole months at a time: what `rules` says of one claim, said of all of them in SQL."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.reporting.moves.rules import ANSWERED, ENDS, START, STEP

# Sums are kept for these; a unit's own come from its rows.
ABOVE = ("nation", "office", "city", "district", "industry", "company")


def _place(stage: str, level: str) -> str:
    return f"{stage} || CASE WHEN {level} = '' THEN '' ELSE ':' || {level} END"


def _day(instant: str) -> str:
    return f"CAST({instant} AT TIME ZONE 'Asia/Shanghai' AS date)"


def _month(instant: str) -> str:
    return f"CAST(date_trunc('month', {instant} AT TIME ZONE 'Asia/Shanghai') AS date)"


def _listed(words: frozenset[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_HERE, _NEXT = _place("v.stage", "v.level"), _place("v.next_stage", "coalesce(v.next_level, '')")
MOVES = f"""
    SELECT v.org_key, v.plan, {_month("v.left_at")} AS month, {_HERE} AS from_place, {_NEXT} AS to_place, v.days, count(*) AS n
    FROM stage_visit v WHERE v.left_at >= :since AND v.left_at < :until AND v.org_key >= :low AND v.org_key < :high
    GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT v.org_key, v.plan, {_month("v.entered_at")}, '{START}', {_HERE}, 0, count(*)
    FROM stage_visit v WHERE v.ordinal = 1 AND v.entered_at >= :since AND v.entered_at < :until AND v.org_key >= :low AND v.org_key < :high
    GROUP BY 1, 2, 3, 4, 5"""
RETURNS = f"""
    SELECT r.org_key, r.plan, {_month("r.entered_at")} AS month, r.place, r.via, {_day("r.entered_at")} - {_day("r.before")} AS days,
           count(*) AS n, count(*) FILTER (WHERE r.times = 2) AS claims
    FROM (SELECT v.org_key, v.plan, v.entered_at, {_HERE} AS place, lag(v.left_at) OVER w AS before, lag({_NEXT}) OVER w AS via,
                 row_number() OVER w AS times
          FROM stage_visit v WHERE v.org_key >= :low AND v.org_key < :high AND v.claim_id IN (
              SELECT x.claim_id FROM stage_visit x WHERE x.ordinal > 2 AND x.entered_at >= :since AND x.entered_at < :until)
          WINDOW w AS (PARTITION BY v.claim_id, v.stage, v.level ORDER BY v.ordinal)) r
    WHERE r.times > 1 AND r.entered_at >= :since AND r.entered_at < :until
    GROUP BY 1, 2, 3, 4, 5, 6"""
ROADS = f"""
    SELECT r.org_key, r.plan, r.month, r.road, r.days, count(*) AS n
    FROM (SELECT e.org_key, e.plan, {_month("e.entered_at")} AS month, string_agg({_HERE}, '{STEP}' ORDER BY v.ordinal) AS road,
                 {_day(f"coalesce(max(v.entered_at) FILTER (WHERE v.stage IN ({_listed(ANSWERED)})), e.entered_at)")}
                     - {_day("min(v.entered_at)")} AS days
          FROM stage_visit e JOIN stage_visit v ON v.claim_id = e.claim_id
          WHERE e.left_at IS NULL AND e.stage IN ({_listed(ENDS)}) AND e.entered_at >= :since AND e.entered_at < :until
            AND e.org_key >= :low AND e.org_key < :high
          GROUP BY e.claim_id, e.org_key, e.plan, e.entered_at) r
    GROUP BY 1, 2, 3, 4, 5"""
# Each organisation with those above it for which sums are kept; one that is kept is above its own claims, too.
_ABOVE = """
    above AS MATERIALIZED (
        SELECT o.org_key, a.org_key AS above_key FROM organisation o
        JOIN generate_series(1, length(o.org_key)) AS at(place) ON substr(o.org_key, at.place, 1) = '.'
        JOIN organisation a ON a.org_key = left(o.org_key, at.place) COLLATE "C" AND a.kind = ANY(:kinds))"""


def _summed(source: str, key: str, more: str = "") -> str:
    """Sums of `source` for every organisation above, each with its histogram."""
    extra = ", ".join(f"sum(s.{name}) AS {name}" for name in more.split())
    outer = ", ".join(f"CAST(sum(t.{name}) AS bigint) AS {name}" for name in more.split())
    return f"""
    WITH {_ABOVE}, own AS MATERIALIZED ({source}),
    summed AS (SELECT a.above_key, s.plan, s.month, {key}, s.days, sum(s.n) AS n{", " + extra if extra else ""} FROM own s
               JOIN above a ON a.org_key = s.org_key GROUP BY a.above_key, s.plan, s.month, {key}, s.days)
    SELECT t.above_key, t.plan, t.month, {key}, CAST(sum(t.n) AS bigint) AS n{", " + outer if outer else ""},
           CAST(sum(t.n * t.days) AS bigint) AS days, array_agg(t.days ORDER BY t.days) AS waits,
           array_agg(CAST(t.n AS int) ORDER BY t.days) AS counts
    FROM summed t GROUP BY t.above_key, t.plan, t.month, {key}"""


_PUT_MOVES = sa.text(f"""
    INSERT INTO move_tally (org_key, plan, month, from_place, to_place, n, days, waits, counts)
    SELECT m.* FROM ({_summed(MOVES, "from_place, to_place")}) m""")
_PUT_RETURNS = sa.text(f"""
    INSERT INTO rework_tally (org_key, plan, month, place, via, n, claims, days, waits, counts)
    SELECT m.* FROM ({_summed(RETURNS, "place, via", "claims")}) m""")
_PUT_ROADS = sa.text(f"""
    INSERT INTO variant_tally (org_key, plan, month, road, n, days, waits, counts)
    SELECT m.above_key, m.plan, m.month, m.road, m.n, m.days, m.waits, m.counts
    FROM ({_summed(ROADS, "road")}) m""")
# A claim taken up again has left its end: the month in which it had ended is counted anew.
_UNENDED = sa.text(f"""
    SELECT DISTINCT {_month("v.entered_at")} FROM stage_visit v
    WHERE v.stage IN ({_listed(ENDS)}) AND v.left_at >= :since AND v.entered_at < :since ORDER BY 1""")


def put(session: Session, *, since: datetime, until: datetime, first: date, root: str, whole: bool) -> int:
    """Months from `first` (that begins at `since`) anew in all three tables, `whole` ones emptied before. Gives the rows of moves."""
    bound = {**bounds(root), "since": since, "until": until, "kinds": list(ABOVE)}
    for table in ("move_tally", "rework_tally", "variant_tally"):
        session.execute(sa.text(f"DELETE FROM {table} WHERE month >= :first"), {"first": date.min if whole else first})
    written = session.execute(_PUT_MOVES, bound).rowcount  # type: ignore[attr-defined]
    session.execute(_PUT_RETURNS, bound)
    session.execute(_PUT_ROADS, bound)
    return int(written)


def put_roads(session: Session, *, since: datetime, until: datetime, month: date, root: str) -> None:
    """One month's roads anew."""
    session.execute(sa.text("DELETE FROM variant_tally WHERE month = :month"), {"month": month})
    session.execute(_PUT_ROADS, {**bounds(root), "since": since, "until": until, "kinds": list(ABOVE)})


def unended(session: Session, *, since: datetime) -> list[date]:
    """Months before `since` in which a claim had ended that was taken up again since."""
    return list(session.execute(_UNENDED, {"since": since}).scalars())


def bounds(org_key: str) -> dict[str, object]:
    """The organisation and all below it."""
    return {"low": org_key, "high": f"{org_key.rstrip('.')}/"}
