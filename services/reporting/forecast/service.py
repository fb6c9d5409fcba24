"""The forecast made anew: histograms of what has passed, and the share of every open promise."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.reporting.forecast import histograms
from services.reporting.forecast.rules import LATE, Like, Share, Tails, share, tails
from services.reporting.forecast.standing import NOW

Case = tuple[Like, int, int]        # alike, elapsed, remaining

# Of two at once the later would not see what the earlier has just counted, and count it again.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('forecast', 0))")
_STAND = sa.text(f"CREATE TEMP TABLE forecast_open ON COMMIT DROP AS {NOW}")
_CASES = sa.text("SELECT DISTINCT promise, office, plan, stage, level, elapsed, remaining FROM forecast_open WHERE NOT late")
_WRITE = sa.text("""
    INSERT INTO claim_risk (claim_id, promise, org_key, rank, width, compared, longer, stage, level, left_days, as_of)
    SELECT o.claim_id, o.promise, o.org_key, coalesce(s.rank, :late), coalesce(s.width, ''), coalesce(s.compared, 0),
           coalesce(s.longer, 0), o.stage, o.level, o.left_days, CAST(:today AS date)
    FROM forecast_open o LEFT JOIN unnest(CAST(:promises AS text[]), CAST(:offices AS text[]), CAST(:plans AS text[]),
        CAST(:stages AS text[]), CAST(:levels AS text[]), CAST(:elapsed AS int[]), CAST(:remaining AS int[]), CAST(:ranks AS int[]),
        CAST(:widths AS text[]), CAST(:compared AS int[]), CAST(:longer AS int[]))
        AS s(promise, office, plan, stage, level, elapsed, remaining, rank, width, compared, longer)
      ON NOT o.late AND s.promise = o.promise AND s.office = o.office AND s.plan = o.plan AND s.stage = o.stage AND s.level = o.level
         AND s.elapsed = o.elapsed AND s.remaining = o.remaining
    ON CONFLICT (claim_id, promise) DO UPDATE SET org_key = excluded.org_key, rank = excluded.rank, width = excluded.width,
        compared = excluded.compared, longer = excluded.longer, stage = excluded.stage, level = excluded.level,
        left_days = excluded.left_days, as_of = excluded.as_of
    WHERE (claim_risk.rank, claim_risk.width, claim_risk.compared, claim_risk.longer, claim_risk.stage, claim_risk.level,
           claim_risk.left_days, claim_risk.as_of, claim_risk.org_key) IS DISTINCT FROM (excluded.rank, excluded.width,
           excluded.compared, excluded.longer, excluded.stage, excluded.level, excluded.left_days, excluded.as_of, excluded.org_key)""")
_GONE = sa.text("""
    DELETE FROM claim_risk r WHERE NOT EXISTS (SELECT 1 FROM forecast_open o WHERE o.claim_id = r.claim_id AND o.promise = r.promise)""")


def refresh(session: Session, now: datetime, *, whole: bool = False) -> int:
    """Histograms and shares as of now; gives how many open promises stand in `claim_risk`. In the root's scope, after the stays.

    `whole`: the calendars or the tree have changed, every month is counted anew.
    """
    session.execute(_LOCK)
    today = business_day(now)
    histograms.refresh(session, today=today, whole=whole)
    session.execute(sa.text("DROP TABLE IF EXISTS pg_temp.forecast_open"))
    session.execute(_STAND, {"today": today, "promises": list(histograms.PROMISES), "stages": list(histograms.STAGES)})
    session.connection().exec_driver_sql("CREATE INDEX ON forecast_open (claim_id, promise); ANALYZE forecast_open")
    cases = [(Like(*row[:5]), row[5], row[6]) for row in session.execute(_CASES)]
    session.execute(_WRITE, {"today": today, "late": LATE, **_columns(cases, tails(histograms.read(session, today=today)))})
    session.execute(_GONE)
    return int(session.execute(sa.text("SELECT count(*) FROM forecast_open")).scalar_one())


def _columns(cases: list[Case], known: Tails) -> dict[str, object]:
    """Every different case once, with its share."""
    shares: list[Share] = [share(known, *case) for case in cases]
    likes = [case[0] for case in cases]
    return {"promises": [one.promise for one in likes], "offices": [one.office for one in likes], "plans": [one.plan for one in likes],
            "stages": [one.stage for one in likes], "levels": [one.level for one in likes], "elapsed": [case[1] for case in cases],
            "remaining": [case[2] for case in cases], "ranks": [one.rank for one in shares], "widths": [one.width for one in shares],
            "compared": [one.compared for one in shares], "longer": [one.longer for one in shares]}
