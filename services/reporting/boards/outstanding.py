"""What waits for somebody's word: amounts that no rule gives, readings that nobody confirmed, figures without a public source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session

from services.reporting.boards.area import IN_PART, OF_PLANS, PARTS, area
from services.reporting.boards.views import Cut, ManualRow, OpenReading, Outstanding, Unverified
from services.reporting.figures.tallies import MANUAL
from services.rulebook import readings, registry
from services.rulebook.loader import Document, Raw
from services.rulebook.shelf import Shelf, shelf

_TALLIED = sa.text(f"""
    SELECT t.side, t.plan, t.kind AS level, t.state AS role, sum(t.n) AS n FROM open_tally t
    WHERE t.org_key IN (SELECT unnest(CAST(:keys AS text[]))) AND t.org_key >= :low AND t.org_key < :high
      AND t.side IN ('claim', 'manual') AND {OF_PLANS.format("t")} GROUP BY 1, 2, 3, 4""")
_COUNTED = sa.text(f"""
    SELECT 'claim' AS side, c.plan, '' AS level, c.state AS role, count(*) AS n FROM {PARTS} p
    JOIN claim c ON {IN_PART.format("c")} AND c.state NOT IN ('closed', 'cancelled') AND {OF_PLANS.format("c")} GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT 'manual', c.plan, s.level, s.role, count(*) FROM {PARTS} p JOIN claim c ON {IN_PART.format("c")} AND {OF_PLANS.format("c")}
    JOIN review_step s ON s.claim_id = c.id AND s.round = c.round AND s.state = 'open' WHERE {MANUAL} GROUP BY 1, 2, 3, 4""")


def outstanding(session: Session, cut: Cut, *, now: datetime) -> Outstanding:
    """Sums and readings that wait for somebody's word. Plans in use are those with open claims in the cut."""
    found = area(session, cut, now)
    claims: Counter[str] = Counter()
    manual = []
    for row in session.execute(_TALLIED if found.has_tallies else _COUNTED, found.values(by_part=False)):
        if row.side == "claim":
            claims[row.plan] += int(row.n)
        else:
            manual.append(ManualRow(row.plan, row.level, _level(row.plan, row.level), row.role, int(row.n)))
    manual.sort(key=lambda row: (row.plan, row.level, row.role))
    return Outstanding(found.as_of, tuple(manual), _readings(claims), _unverified(claims))


def _level(plan: str, level: str) -> str:
    return next((one.name for one in registry.latest(plan).chain if one.level == level), level)


def _readings(claims: Mapping[str, int]) -> tuple[OpenReading, ...]:
    register, rows = readings.register(), []
    for name, plans in _resting(shelf()).items():
        reading, used = register.get(name), tuple(plan for plan in plans if claims.get(plan))
        if reading is not None and reading.state == "open" and used:
            rows.append(OpenReading(name, reading.question, reading.reading, reading.confidence, used, sum(claims[plan] for plan in used)))
    return tuple(rows)


def _unverified(claims: Mapping[str, int]) -> tuple[Unverified, ...]:
    return tuple(Unverified(plan, keys, claims[plan]) for plan, keys in _without_source(shelf()).items() if claims.get(plan))


@lru_cache(maxsize=4)
def _resting(_known: Shelf) -> dict[str, tuple[str, ...]]:
    """The plans whose newest wording rests on each reading. Asked once for the same released wordings."""
    return {name: tuple(sorted({rest.plan for rest in rests})) for name, rests in readings.resting(_newest()).items()}


@lru_cache(maxsize=4)
def _without_source(_known: Shelf) -> dict[str, tuple[str, ...]]:
    """Keys of each plan's newest wording whose origin is UNVERIFIED."""
    found = {str(document.tree["plan"]): tuple(_keys(document.tree, ())) for document in _newest()}
    return {plan: keys for plan, keys in sorted(found.items()) if keys}


def _newest() -> list[Document]:
    """Each plan's newest wording: they come by their first day."""
    return list({str(document.tree["plan"]): document for document in registry.documents()}.values())


def _keys(raw: Raw, at: tuple[str, ...]) -> Iterator[str]:
    if isinstance(raw, dict):
        if raw.get("origin") == "UNVERIFIED":
            yield ".".join(at)
        for key, value in raw.items():
            yield from _keys(value, (*at, str(key)))
    elif isinstance(raw, list):
        for place, value in enumerate(raw):
            yield from _keys(value, (*at, str(place)))
