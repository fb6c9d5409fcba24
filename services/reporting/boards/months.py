"""Month by month: promises kept, how files come in and go out, what was paid; beside last month and the same month last year."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.core.months import months_on
from services.reporting.boards.area import IN_PART, OF_KINDS, OF_PLANS, PARTS, Area, area, span
from services.reporting.boards.views import Compared, Cut, Kept, KeptRow, Quality, Rates
from services.reporting.figures.tallies import OF_VISIT, STOPPED

_TALLIED = """
    SELECT t.month, t.what, t.kind, sum(t.n) AS n FROM month_tally t
    WHERE t.org_key IN (SELECT unnest(CAST(:keys AS text[]))) AND t.org_key >= :low AND t.org_key < :high
      AND t.month >= :first_day AND t.month < :past_day AND {0} AND {1} GROUP BY 1, 2, 3"""
_VERDICTS = "t.what IN ('kept', 'missed')"
_KEPT_TALLIED = sa.text(_TALLIED.format(_VERDICTS, f"{OF_PLANS.format('t')} AND {OF_KINDS.format('t')}"))
_KEPT_COUNTED = sa.text(f"""
    SELECT date_trunc('month', k.stopped_on)::date AS month, CASE WHEN k.kept THEN 'kept' ELSE 'missed' END AS what, k.kind, count(*) AS n
    FROM {PARTS} p JOIN claim c ON {IN_PART.format("c")} JOIN sla_clock k ON k.claim_id = c.id AND {STOPPED}
        AND k.stopped_on >= :first_day AND k.stopped_on < :past_day AND k.org_key >= :rows_low AND k.org_key < :rows_high
    WHERE {OF_PLANS.format("c")} AND {OF_KINDS.format("k")} GROUP BY 1, 2, 3""")
_RATES_TALLIED = sa.text(_TALLIED.format(f"NOT {_VERDICTS}", OF_PLANS.format("t")))
_RATES_COUNTED = sa.text(f"""
    SELECT date_trunc('month', r.at AT TIME ZONE 'Asia/Shanghai')::date AS month, r.what, '' AS kind, sum(r.n) AS n FROM (
        SELECT v.left_at AS at, x.what, x.n FROM {PARTS} p
        JOIN stage_visit v ON {IN_PART.format("v")} AND v.left_at >= :first AND v.left_at < :past AND {OF_PLANS.format("v")}
        CROSS JOIN LATERAL {OF_VISIT} AS x(what, n) WHERE x.n <> 0
        UNION ALL
        SELECT y.credited_at, 'paid_fen', y.amount_fen FROM {PARTS} p JOIN claim c ON {IN_PART.format("c")} AND {OF_PLANS.format("c")}
        JOIN payment y ON y.claim_id = c.id AND y.state = 'credited' AND y.credited_at >= :first AND y.credited_at < :past
             AND y.org_key >= :rows_low AND y.org_key < :rows_high) r
    GROUP BY 1, 2""")
_Counts = Counter[tuple[date, str, str]]


def kept(session: Session, cut: Cut, *, now: datetime) -> Kept:
    """Promises kept and missed by the month in which their clocks stopped; a clock that still runs has no verdict yet."""
    found = area(session, cut, now)
    counts = _ask(session, found, _KEPT_TALLIED, _KEPT_COUNTED)
    kinds = sorted({kind for _, _, kind in counts})

    def row(month: date, *of: str) -> KeptRow:
        verdicts = [sum(counts[month, what, kind] for kind in of) for what in ("kept", "missed")]
        return KeptRow(month, of[0] if len(of) == 1 else "", verdicts[0], verdicts[1])

    def compared(*of: str) -> Compared:
        return Compared(row(found.month, *of), row(months_on(found.month, -1), *of), row(months_on(found.month, -12), *of))

    def all_kinds(month: date) -> KeptRow:
        one = row(month, *kinds)
        return KeptRow(month, "", one.kept, one.missed)

    total = Compared(all_kinds(found.month), all_kinds(months_on(found.month, -1)), all_kinds(months_on(found.month, -12)))
    return Kept(found.as_of, tuple(all_kinds(month) for month in _twelve(found)), tuple(compared(kind) for kind in kinds), total)


def quality(session: Session, cut: Cut, *, now: datetime) -> Quality:
    """How files come in and go out, and what was paid."""
    found = area(session, cut, now)
    counts = _ask(session, found, _RATES_TALLIED, _RATES_COUNTED)
    months = tuple(_rates(counts, month) for month in _twelve(found))
    whole = months[-1] if cut.month else _added(months)
    return Quality(found.as_of, months, months[-1], months[-2], _rates(counts, months_on(found.month, -12)), whole)


def _ask(session: Session, found: Area, tallied: sa.TextClause, counted: sa.TextClause) -> _Counts:
    values = {**found.values(by_part=False), **span(months_on(found.month, -12), found.month)}
    counts: _Counts = Counter()
    for row in session.execute(tallied if found.has_tallies else counted, values):
        counts[row.month, row.what, row.kind] += int(row.n)
    return counts


def _twelve(found: Area) -> list[date]:
    return [months_on(found.month, -back) for back in range(11, -1, -1)]


def _rates(counts: _Counts, month: date) -> Rates:
    def of(what: str) -> int:
        return counts[month, what, ""]

    return Rates(month, of("verified"), of("complete"), of("decided"), of("asked"), of("rounds"), of("returned"), of("refused"), of("paid"),
                 of("paid_fen"))


def _added(rows: tuple[Rates, ...]) -> Rates:
    return Rates(rows[0].month, *(sum(getattr(row, name) for row in rows) for name in (
        "verified", "complete", "decided", "asked", "rounds", "returned", "refused", "paid", "paid_fen")))
