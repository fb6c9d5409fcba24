"""How long things took: exact medians and upper parts from whole days."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.reporting.boards.area import AT_INSURER, IN_PART, OF_PLANS, PARTS, Area, area, insurers
from services.reporting.boards.views import WHOLE, Cut, Spread, TimeBy, TimeRow, Turnaround

_KEYS = {"stage": "l.stage", "level": "l.level", "plan": "l.plan", "org": "l.org", "insurer": "i.insurer"}
# Which lengths are meant: of all stays (stage), of visits at levels (level), or of stays in one stage.
_TALLY_OF = {"stage": "t.level = ''", "level": "t.level <> ''"}
_TALLY_OF_ONE = "t.level = '' AND t.stage = :stage"
_TALLIED = """
    SELECT t.org_key AS org, t.plan, t.stage, t.level, t.working, t.days, t.n FROM day_tally t
    WHERE t.org_key IN (SELECT unnest(CAST(:keys AS text[]))) AND t.org_key >= :low AND t.org_key < :high
      AND t.month >= :first_day AND t.month < :past_day AND {of} AND {plans}"""
_ROWS = """
    SELECT p.key AS org, v.plan, {stage} AS stage, {level} AS level, x.working, x.days, count(*) AS n FROM {parts} p
    JOIN stage_visit v ON {in_part} AND v.left_at >= :first AND v.left_at < :past AND v.{days} IS NOT NULL AND {plans} {of}
    CROSS JOIN LATERAL (VALUES (false, v.{days}), (true, v.{workdays})) AS x(working, days) WHERE x.days IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6"""
_SPREAD = """
    SELECT key, stage, working, max(total) AS n, min(days) FILTER (WHERE upto * 2 >= total) AS median,
           min(days) FILTER (WHERE upto * 10 >= total * 9) AS p90, min(days) FILTER (WHERE upto * 20 >= total * 19) AS p95
    FROM (SELECT key, stage, working, days, sum(n) OVER (PARTITION BY key, stage, working ORDER BY days) AS upto,
                 sum(n) OVER (PARTITION BY key, stage, working) AS total
          FROM (SELECT {key} AS key, l.stage, l.working, l.days, sum(l.n) AS n FROM ({lengths}) l {joined} GROUP BY 1, 2, 3, 4) s) w
    GROUP BY 1, 2, 3"""
_INSURERS = """JOIN unnest(CAST(:insured AS text[]), CAST(:insurers AS text[])) AS i(plan, insurer) ON i.plan = l.plan"""


def _rows(of: str, stage: str) -> str:
    """Lengths from visits: `whole`, `stay` or visit (``) columns."""
    kind = {"whole": "whole_", "stay": "stay_", "level": ""}[of]
    return _ROWS.format(parts=PARTS, in_part=IN_PART.format("v"), plans=OF_PLANS.format("v"), of=stage, days=f"{kind}days",
                        workdays=f"{kind}workdays", stage=f"'{WHOLE}'" if of == "whole" else "v.stage",
                        level="v.level" if of == "level" else "''")


def _queries(by: TimeBy) -> tuple[sa.TextClause, sa.TextClause, sa.TextClause]:
    """From tallies; from rows of any stage; from rows of the whole way."""
    whole = _rows("whole", "")
    rows = {"stage": f"{_rows('stay', '')} UNION ALL {whole}", "level": _rows("level", "AND v.level <> ''")}.get(
        by, _rows("stay", "AND v.stage = :stage"))
    tallied = _TALLIED.format(of=_TALLY_OF.get(by, _TALLY_OF_ONE), plans=OF_PLANS.format("t"))
    joined = _INSURERS if by == "insurer" else ""
    one, other, last = (sa.text(_SPREAD.format(key=_KEYS[by], lengths=lengths, joined=joined)) for lengths in (tallied, rows, whole))
    return one, other, last


_ALL: tuple[TimeBy, ...] = ("stage", "level", "plan", "org", "insurer")
_BY = {by: _queries(by) for by in _ALL}


def turnaround(session: Session, cut: Cut, *, by: TimeBy, stage: str = WHOLE, now: datetime) -> Turnaround:
    """How long stages took that ended in the cut's months. By stage (the whole way first) and by level (of the review): all of
    them; by plan, organisation or insurer: of one `stage`, which for an insurer is the time the file lies there unless another is said.
    """
    found = area(session, cut, now)
    if stage == WHOLE and (cut.insurer or by == "insurer"):
        stage = AT_INSURER
    insured = insurers()
    values = {**found.values(by_part=by == "org"), **found.months, "stage": stage, "insured": list(insured),
              "insurers": list(insured.values())}
    tallied, rows, whole = _BY[by]
    if stage == WHOLE and by not in ("stage", "level"):
        rows = whole
    pairs: dict[tuple[str, str], dict[bool, sa.Row[tuple[object, ...]]]] = {}
    for query, given in ((tallied, "keys"), (rows, "part_keys")):
        for row in session.execute(query, values) if values[given] else ():
            pairs.setdefault((row.key, row.stage), {})[row.working] = row
    shown = [_row(found, by, key, kept_in, both) for (key, kept_in), both in pairs.items()]
    if cut.insurer and by == "stage":
        shown = [row for row in shown if row.stage == AT_INSURER]
    return Turnaround(found.as_of, tuple(sorted(shown, key=lambda row: (row.stage != WHOLE, row.name, row.key))))


def _row(found: Area, by: TimeBy, key: str, stage: str, both: dict[bool, sa.Row[tuple[object, ...]]]) -> TimeRow:
    days = both[False]
    return TimeRow(key, found.label(key) if by == "org" else key, stage, int(days.n), _spread(days), _spread(both.get(True, days)))


def _spread(row: sa.Row[tuple[object, ...]]) -> Spread:
    return Spread(row.median, row.p90, row.p95)
