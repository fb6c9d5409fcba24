"""未决赔款准备: what open claims may still cost, by plan and age: our computed amount, and what the insurer said where it has decided.

Reported claims only (已发生已报案): for what has happened and nobody has reported yet the rule-books give no basis, so nothing is put down.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour

# Days since the claim was reported, upper bounds inclusive.
BANDS: tuple[tuple[str, int | None], ...] = (("0-15", 15), ("16-30", 30), ("31-60", 60), ("61-180", 180), ("181-", None))


@dataclass(frozen=True, slots=True)
class Reserve:
    """Open claims of one plan and age. Sums are fen.

    `uncomputed`: without a worksheet yet, or with a line that waits for a person's amount: their reserve is not known. `said`: decided
    by the insurer and not yet paid, `said_fen` what of it is not. `reserve_fen`: what the insurer said where it decided, otherwise our
    computed amount.
    """

    plan: str
    band: str
    count: int
    uncomputed: int
    computed_fen: int
    said: int
    said_fen: int
    reserve_fen: int


# A claim that moved after the day is read at its last record up to the day; the worksheet and the decision likewise. What was
# decided by an office counts with its decided amount, as it counts with its worksheet before.
_RESERVES = sa.text("""
    WITH known AS (
        SELECT c.id, c.plan, c.created_at, CASE WHEN c.updated_at < :over THEN c.state ELSE coalesce((
            SELECT a.record ->> 'to' FROM audit_record a WHERE a.chain_id = c.id AND a.machine = 'claim' AND a.at < :over
            AND a.record ->> 'to' IS NOT NULL ORDER BY a.seq DESC LIMIT 1), 'reported') END AS state
        FROM claim c WHERE c.created_at < :over AND (c.state NOT IN ('closed', 'cancelled') OR c.updated_at >= :over)
        AND (CAST(:plans AS text[]) IS NULL OR c.plan = ANY(CAST(:plans AS text[])))),
    open AS (
        SELECT k.plan, (CAST(:last AS date) - (k.created_at AT TIME ZONE 'Asia/Shanghai')::date) AS days,
               w.outcome, w.fen AS computed, d.source, d.fen AS decided, coalesce(p.fen, 0) AS paid
        FROM known k
        LEFT JOIN LATERAL (SELECT w.outcome, w.total_fen + w.refund_fen AS fen FROM worksheet w WHERE w.claim_id = k.id
            AND w.made_at < :over ORDER BY w.round DESC, w.seq DESC LIMIT 1) w ON true
        LEFT JOIN LATERAL (SELECT d.source, d.amount_fen AS fen, d.round FROM decision d WHERE d.claim_id = k.id AND d.at < :over
            AND k.state = 'payable' ORDER BY d.round DESC LIMIT 1) d ON true
        LEFT JOIN LATERAL (SELECT sum(p.amount_fen) AS fen FROM payment p WHERE p.claim_id = k.id AND p.state = 'credited'
            AND p.credited_at < :over AND (d.round IS NULL OR p.round = d.round)) p ON true
        WHERE k.state IN ('reported', 'supplementing', 'verified', 'in_review', 'with_insurer', 'payable')),
    banded AS (SELECT o.*, (SELECT b.name FROM unnest(CAST(:names AS text[]), CAST(:most AS int[])) AS b(name, most)
                            WHERE o.days <= b.most ORDER BY b.most LIMIT 1) AS band,
                      decided IS NULL AND (computed IS NULL OR outcome = 'manual') AS unknown FROM open o)
    SELECT plan, band, count(*) AS count, count(*) FILTER (WHERE unknown) AS uncomputed,
           coalesce(sum(computed) FILTER (WHERE NOT unknown), 0)::bigint AS computed_fen,
           count(*) FILTER (WHERE source = 'insurer') AS said,
           coalesce(sum(greatest(decided - paid, 0)) FILTER (WHERE source = 'insurer'), 0)::bigint AS said_fen,
           coalesce(sum(greatest(coalesce(decided, computed) - paid, 0)) FILTER (WHERE NOT unknown), 0)::bigint AS reserve_fen
    FROM banded GROUP BY plan, band ORDER BY plan, min(days)""")
_FOREVER = 10_000_000


def reserves(session: Session, *, on: date, plans: Collection[str] | None = None) -> list[Reserve]:
    """The reserves at the end of a day in China, of these plans or of all, in the caller's sight; youngest claims first."""
    rows = session.execute(_RESERVES, {
        "over": at_hour(on + timedelta(days=1), 0), "last": on, "plans": None if plans is None else sorted(plans),
        "names": [name for name, _ in BANDS], "most": [_FOREVER if most is None else most for _, most in BANDS]})
    return [Reserve(*row) for row in rows]
