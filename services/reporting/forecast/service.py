"""The forecast brought up: histograms of what has passed, and the share of every open promise.

Histograms end with yesterday and what is left is counted in days, so that everything is made anew once a day, at the first refresh
after midnight. Later in the day only claims that moved are looked at; what is written is the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import business_day
from services.reporting.forecast import histograms
from services.reporting.forecast.rules import LATE, Like, Share, Tails, share, tails
from services.reporting.forecast.standing import NOW, NOW_OF_SOME

Case = tuple[Like, int, int]        # alike, elapsed, remaining

# Of two at once the later would not see what the earlier has just counted, and count it again.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('forecast', 0))")
_STAND = sa.text(f"CREATE TEMP TABLE forecast_open ON COMMIT DROP AS {NOW}")
_STAND_SOME = sa.text(f"CREATE TEMP TABLE forecast_open ON COMMIT DROP AS {NOW_OF_SOME}")
_DAY = sa.text("SELECT as_of FROM figures_refresh WHERE name = 'forecast'")
_DONE = sa.text("""
    INSERT INTO figures_refresh (name, as_of, basis) VALUES ('forecast', :now, '')
    ON CONFLICT (name) DO UPDATE SET as_of = excluded.as_of""")
# A promise that was open at the last look, and has ended on a day that is counted already. (Of an earlier round there may be another.)
_LATER_TOLD = sa.text("""
    SELECT EXISTS (SELECT FROM claim_risk r WHERE r.claim_id IN (SELECT unnest(CAST(:claims AS uuid[])))
        AND (SELECT bool_and(k.state = 'stopped') AND max(k.stopped_on) < CAST(:today AS date) FROM sla_clock k
             WHERE k.claim_id = r.claim_id AND k.kind = r.promise AND k.subject = ''))""")
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
_GONE = """
    DELETE FROM claim_risk r WHERE {0} NOT EXISTS (SELECT 1 FROM forecast_open o WHERE o.claim_id = r.claim_id AND o.promise = r.promise)"""
_GONE_ALL = sa.text(_GONE.format(""))
_GONE_SOME = sa.text(_GONE.format("r.claim_id IN (SELECT unnest(CAST(:claims AS uuid[]))) AND"))


def refresh(session: Session, now: datetime, *, whole: bool = False, claims: Sequence[uuid.UUID] | None = None) -> int:
    """Histograms and shares as of now; gives how many open promises were looked at. In the root's scope, after the stays.

    `whole`: the calendars or the tree have changed, every month is counted anew. `claims`: nothing but these moved since the last
    time, and the day is enough of a reason to look at the others; None: nobody knows what moved.
    """
    session.execute(_LOCK)
    today = business_day(now)
    last = session.execute(_DAY).scalar()
    same_day = not whole and claims is not None and last is not None and business_day(last) == today
    if same_day and not claims:
        return 0
    if not same_day or session.execute(_LATER_TOLD, {"today": today, "claims": claims}).scalar_one():
        histograms.refresh(session, today=today, whole=whole)
        session.execute(_DONE, {"now": now})
        return _look(session, today, None)
    histograms.prepare(session)
    return _look(session, today, claims)


def _look(session: Session, today: date, claims: Sequence[uuid.UUID] | None) -> int:
    """Write the shares of these claims' open promises, of all of them when None; how many there are."""
    some = {} if claims is None else {"claims": claims}
    session.execute(sa.text("DROP TABLE IF EXISTS pg_temp.forecast_open"))
    session.execute(_STAND if claims is None else _STAND_SOME,
                    {"today": today, "promises": list(histograms.PROMISES), "stages": list(histograms.STAGES), **some})
    session.connection().exec_driver_sql("CREATE INDEX ON forecast_open (claim_id, promise); ANALYZE forecast_open")
    cases = [(Like(*row[:5]), row[5], row[6]) for row in session.execute(_CASES)]
    session.execute(_WRITE, {"today": today, "late": LATE, **_columns(cases, tails(histograms.read(session, today=today)))})
    session.execute(_GONE_ALL if claims is None else _GONE_SOME, some)
    return int(session.execute(sa.text("SELECT count(*) FROM forecast_open")).scalar_one())


def _columns(cases: list[Case], known: Tails) -> dict[str, object]:
    """Every different case once, with its share."""
    shares: list[Share] = [share(known, *case) for case in cases]
    likes = [case[0] for case in cases]
    return {"promises": [one.promise for one in likes], "offices": [one.office for one in likes], "plans": [one.plan for one in likes],
            "stages": [one.stage for one in likes], "levels": [one.level for one in likes], "elapsed": [case[1] for case in cases],
            "remaining": [case[2] for case in cases], "ranks": [one.rank for one in shares], "widths": [one.width for one in shares],
            "compared": [one.compared for one in shares], "longer": [one.longer for one in shares]}
