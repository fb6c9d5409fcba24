"""What settlements of whole quarters gave a claim's person under its plan, for the year that the claim is about."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.benefit.whole_year import Reckoned
from services.core.money import show, to_yuan
from services.rulebook import registry


def lying(kept: str) -> str:
    """Where bills and lines of a person (an expression) may lie, as `id` and `part`: under every record that was merged into it, and,
    once a number was corrected, in any partition.
    """
    return f"""(SELECT p.id, get_byte(p.id_number_index, 0) / 4 AS part FROM person p WHERE p.id = {kept}
        UNION SELECT p.id, get_byte(p.id_number_index, 0) / 4 FROM person p WHERE p.merged_into = {kept}
        UNION SELECT p.id, lot.part FROM person p JOIN person_change h ON h.person_id = p.id AND h.field = 'id_number'
        CROSS JOIN generate_series(0, 63) AS lot(part) WHERE p.id = {kept} OR p.merged_into = {kept})"""


# By the year, partition and person that lead the key of the lines; under every record that was merged into the person's.
# What a settlement planned and cancelled for good before anybody had it was never given.
_GIVEN = sa.text(f"""
    SELECT c.id, c.plan, l.year, g.place, sum(g.fen)::bigint AS fen
    FROM claim c
    CROSS JOIN LATERAL {lying("c.person_id")} w
    JOIN settlement_line l ON l.year = (c.event ->> 'year')::int AND l.part = w.part AND l.person_id = w.id
    JOIN cover v ON v.id = l.cover_id AND v.plan = c.plan
    CROSS JOIN LATERAL unnest(l.took) WITH ORDINALITY AS g(fen, place)
    WHERE c.id = ANY(CAST(:ids AS uuid[])) AND c.event ? 'year' AND g.fen <> 0
    AND NOT EXISTS (SELECT 1 FROM settlement_payment x WHERE x.settlement_id = l.settlement_id AND x.part = l.part
        AND x.person_id = l.person_id AND x.state = 'cancelled')
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 4""")

# The year as the newest settlement that touched it reckoned it. Settlements of a plan come one after the other, as their ids do.
_RECKONED = sa.text(f"""
    SELECT DISTINCT ON (c.id) c.id, c.plan, l.year, l.outpatient_own_1, l.stays_own_1, l.paid, l.took
    FROM claim c
    CROSS JOIN LATERAL {lying("c.person_id")} w
    JOIN settlement_line l ON l.year = (c.event ->> 'year')::int AND l.part = w.part AND l.person_id = w.id
    JOIN cover v ON v.id = l.cover_id AND v.plan = c.plan
    WHERE c.id = ANY(CAST(:ids AS uuid[])) AND c.event ? 'year' ORDER BY c.id, l.settlement_id DESC""")


@dataclass(frozen=True, slots=True)
class Given:
    """What one benefit of a claim's year was given, as another claim's taking would stand there."""

    id: uuid.UUID               # the claim that asks
    benefit: str
    amount_fen: int
    days: int = 0
    earlier: bool = False
    icd10: None = None


def given(session: Session, claim_ids: Iterable[uuid.UUID]) -> list[Given]:
    """For claims of plans that reckon the year so far; amounts may be below zero where a later quarter took some back."""
    rows = session.execute(_GIVEN, {"ids": list(claim_ids)}).all()
    return [Given(row.id, _benefits(row.plan, row.year)[row.place - 1], row.fen) for row in rows]


def reckoned(session: Session, claim_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Reckoned]:
    """The settled year of each claim; claims of years that no settlement touched are left out."""
    return {row.id: _reckoned(row) for row in session.execute(_RECKONED, {"ids": list(claim_ids)})}


def _reckoned(row: Any) -> Reckoned:
    names = _benefits(row.plan, row.year)
    stays = row.stays_own_1 or [0]
    return Reckoned(
        {"outpatient_own_1": show(to_yuan(row.outpatient_own_1 or 0)), "stays_own_1": [show(to_yuan(stay)) for stay in stays]},
        {name: paid + took for name, paid, took in zip(names, row.paid, row.took, strict=True)})


def _benefits(plan: str, year: int) -> list[str]:
    return list(registry.resolve(plan, date(year, 12, 31)).benefits)
