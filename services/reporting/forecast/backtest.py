"""The forecast held against what came after: what would have been said on a past day, and what became of each promise.

On such a day (the first of a month) only promises that had ended before it are likes, and every open one stands as it stood then:
its stage, its pauses, its due day. What came later says only whether it was kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

import sqlalchemy as sa
from sqlmodel import Session

from services.reporting.forecast import histograms
from services.reporting.forecast.rules import OUTLASTS, WHOLE, Like, share, tails
from services.reporting.forecast.standing import standing
from services.workdays.calendar import DAY

_START = "(CAST(:today AS timestamp) AT TIME ZONE 'Asia/Shanghai')"
# kept: true or false once the promise ended or its day went by; empty while neither has happened, or when it was withdrawn.
_THEN = sa.text(f"""
    SELECT z.claim_id, z.promise, z.office, z.plan, z.stage, z.level, z.elapsed, z.remaining, c.created_at::date AS reported_on,
           CASE WHEN k.state = 'stopped' THEN k.kept WHEN k.state = 'running' AND k.due_on < CAST(:known AS date) THEN false END AS kept
    FROM ({standing(f'''k.start_on < CAST(:today AS date) AND (k.stopped_on IS NULL OR k.stopped_on >= CAST(:today AS date))
        AND v.entered_at < {_START} AND (v.left_at IS NULL OR v.left_at >= {_START})''')}) z
    JOIN sla_clock k ON k.id = z.clock_id JOIN claim c ON c.id = z.claim_id
    WHERE NOT z.late AND z.promise = :promise""")


@dataclass(frozen=True, slots=True)
class Then:
    """An open promise as it stood on a past day, what was forecast of it, and whether it then became late."""

    claim_id: uuid.UUID
    office: str
    rank: int
    remaining: int
    reported_on: date
    late: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Of `late` promises that became late, how many (expected, ties drawn by lot) an order had in its first tenth."""

    late: int
    found: float


Order = Callable[[Then], int]
ORDERS: dict[str, Order] = {"forecast": lambda one: -one.rank, "fewest days left first": lambda one: one.remaining,
                            "oldest first": lambda one: one.reported_on.toordinal()}
# From a share to below the next, in ten-thousandths.
BANDS = (0, 1, 100, 500, 1_000, 2_500, 5_000, WHOLE + 1)


def then(session: Session, *, day: date, known: date, promise: str = "pay") -> list[Then]:
    """What was open at the beginning of a day, the first of a month, and not late. `known`: the last day of which all is known.

    Reads the histograms of the months before; a promise of which nothing is known yet is left out.
    """
    histograms.prepare(session)
    likes = tails(histograms.read(session, today=day - DAY))
    rows = session.execute(_THEN, {"today": day, "known": known, "promise": promise, "promises": [promise],
                                   "stages": list(histograms.STAGES)}).all()
    return [Then(row.claim_id, row.office, share(likes, Like(promise, row.office, row.plan, row.stage, row.level), row.elapsed,
                                                 row.remaining).rank, row.remaining, row.reported_on, not row.kept)
            for row in rows if row.kept is not None]


def in_first_tenth(ones: Sequence[Then], order: Order) -> Found:
    """How many late ones stand in the first tenth of an order. Of equals at its edge each is as likely to be in it."""
    left, found = len(ones) / 10, 0.0
    for _, group in groupby(sorted(ones, key=order), key=order):
        equals = list(group)
        taken = min(1.0, left / len(equals))
        found += taken * sum(one.late for one in equals)
        left -= taken * len(equals)
        if left <= 0:
            break
    return Found(sum(one.late for one in ones), found)


@dataclass(frozen=True, slots=True)
class Band:
    """Promises whose share lay from `low` to below `high`: how many, what was forecast on average, what share became late."""

    low: int
    high: int
    n: int
    forecast: float
    late: float


def calibration(ones: Iterable[Then]) -> list[Band]:
    """Share forecast against share that became late, by band; the last: those that outlasted every like claim."""
    told = list(ones)
    edges = [*pairwise(BANDS), (OUTLASTS, OUTLASTS + 1)]
    bands = []
    for low, high in edges:
        own = [one for one in told if low <= one.rank < high]
        if own:
            forecast, late = sum(one.rank for one in own) / WHOLE, sum(one.late for one in own)
            bands.append(Band(low, high, len(own), forecast / len(own), late / len(own)))
    return bands
