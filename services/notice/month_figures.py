"""The figures of an organisation's month: what its claims did, where they stood when it ended, which promised days were kept.

Each part is one statement over everything beneath the organisation. What happened is counted in the month in which it happened, so a
claim decided in April counts as reported in March and as decided in April. States are read from the record as they were at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour

OUTCOMES: Mapping[str, str] = {"pay": "给付", "part": "部分给付", "refund": "退还费用", "nothing": "不予给付"}
# States that a claim has not ended with, in their order, as a report calls them.
STAGES: Mapping[str, str] = {
    "reported": "待核验材料", "supplementing": "待补充材料", "verified": "已核验待分派", "in_review": "审核中",
    "with_insurer": "保险公司办理中", "payable": "已决定待付款", "refused": "不予给付待结案", "paid": "已付款待结案"}
# Promised to the member, in order; what the member owes herself (reporting, supplementing) is no promise of ours.
PROMISES: Mapping[str, str] = {
    "first_notice": "报案当日通知保险公司", "verification": "材料核验", "pay": "作出决定并给付", "agreement": "达成协议后给付",
    "assessment": "保险公司核定", "insurer_pay": "保险公司给付", "advance": "先予支付", "refusal_letter": "送达不予给付通知"}

# Each thing that happened in the month, once, with its sum, by the organisation of its claim.
_DID = sa.text("""
    WITH c AS (SELECT id, case_id, org_key FROM claim WHERE org_key ^@ :key),
    did AS (
        SELECT c.org_key, 'reported' AS what, 0::bigint AS fen FROM c JOIN case_file k ON k.id = c.case_id
            WHERE k.reported_on BETWEEN :first AND :last
        UNION ALL SELECT c.org_key, 'asked', 0 FROM c JOIN supplement s ON s.claim_id = c.id
            WHERE s.asked_at >= :start AND s.asked_at < :over
        UNION ALL SELECT c.org_key, d.kind, d.amount_fen FROM c JOIN decision d ON d.claim_id = c.id WHERE d.at >= :start AND d.at < :over
        UNION ALL SELECT c.org_key, 'manual', d.amount_fen FROM c JOIN decision d ON d.claim_id = c.id WHERE d.at >= :start AND d.at < :over
            AND EXISTS (SELECT 1 FROM deciding_act a WHERE a.claim_id = d.claim_id AND a.round = d.round AND a.act = 'amount')
        UNION ALL SELECT c.org_key, 'credited', p.amount_fen FROM c JOIN payment p ON p.claim_id = c.id
            WHERE p.state = 'credited' AND p.credited_at >= :start AND p.credited_at < :over)
    SELECT org_key, what, count(*) AS n, coalesce(sum(fen), 0)::bigint AS fen FROM did GROUP BY 1, 2 ORDER BY 1, 2""")

_STOOD = sa.text("""
    SELECT s.org_key, s.state, count(*) AS n FROM (
        SELECT c.org_key, coalesce((SELECT a.record ->> 'to' FROM audit_record a WHERE a.chain_id = c.id AND a.machine = 'claim'
            AND a.subject_id = c.id AND a.at < :over AND a.record ->> 'to' IS NOT NULL ORDER BY a.seq DESC LIMIT 1), 'reported') AS state
        FROM claim c WHERE c.org_key ^@ :key AND c.created_at < :over) s
    WHERE s.state NOT IN ('closed', 'cancelled') GROUP BY 1, 2 ORDER BY 1, 2""")

# A clock that ran out while it was paused is not late; nor one that stopped because nothing was owed any more.
_PROMISED = sa.text("""
    SELECT k.org_key, k.kind, count(*) FILTER (WHERE NOT k.running AND k.kept) AS kept, count(*) FILTER (WHERE NOT k.running AND NOT k.kept)
           AS missed, count(*) FILTER (WHERE k.running) AS late
    FROM (SELECT c.org_key, k.kind, k.kept, k.stopped_on IS NULL OR k.stopped_on > :last AS running FROM sla_clock k
          JOIN claim c ON c.id = k.claim_id WHERE c.org_key ^@ :key AND k.kind = ANY(CAST(:kinds AS text[]))
          AND ((k.stopped_on BETWEEN :first AND :last AND k.kept IS NOT NULL)
               OR (k.due_on <= :last AND k.start_on <= :last AND (k.stopped_on IS NULL OR k.stopped_on > :last)
                   AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(k.pauses) p WHERE CAST(p ->> 0 AS date) <= :last
                                   AND (p ->> 1 IS NULL OR CAST(p ->> 1 AS date) > :last))))) k
    GROUP BY 1, 2 ORDER BY 1, 2""")

_ORGS = sa.text("""
    SELECT org_key, name, kind FROM organisation WHERE org_key ^@ :key AND org_key <> :key
    AND kind NOT IN ('insurer', 'agency') AND (closed_on IS NULL OR closed_on > :last) ORDER BY org_key""")


@dataclass(slots=True)
class Tally:
    """The figures of one organisation with all beneath it. Sums are fen; `promised`: kind -> kept, missed, late at the end."""

    org_key: str
    name: str
    counts: dict[str, int] = field(default_factory=dict)
    fen: dict[str, int] = field(default_factory=dict)
    stages: dict[str, int] = field(default_factory=dict)
    promised: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def n(self, what: str) -> int:
        """How often something happened."""
        return self.counts.get(what, 0)

    @property
    def decided(self) -> int:
        """Decisions of every outcome."""
        return sum(self.n(kind) for kind in OUTCOMES)

    @property
    def benefit_fen(self) -> int:
        """Decided to be paid, refunds apart."""
        return self.fen.get("pay", 0) + self.fen.get("part", 0)

    @property
    def open(self) -> int:
        """Claims under way when the month ended."""
        return sum(self.stages.values())

    @property
    def broken(self) -> int:
        """Promised days missed, or over and still owed."""
        return sum(missed + late for _, missed, late in self.promised.values())

    @property
    def empty(self) -> bool:
        """Nothing happened and nothing is under way."""
        return not (self.counts or self.stages or self.promised)

    def add(self, other: Tally) -> None:
        """The other's figures besides."""
        for mine, more in ((self.counts, other.counts), (self.fen, other.fen), (self.stages, other.stages)):
            for key, value in more.items():
                mine[key] = mine.get(key, 0) + value
        for kind, (kept, missed, late) in other.promised.items():
            was = self.promised.get(kind, (0, 0, 0))
            self.promised[kind] = (was[0] + kept, was[1] + missed, was[2] + late)


@dataclass(frozen=True, slots=True)
class Month:
    """The whole, those directly beneath (`children`, empty ones too), and every organisation that has claims (`units`)."""

    whole: Tally
    children: tuple[Tally, ...]
    units: tuple[Tally, ...]


def figures(session: Session, *, org_key: str, name: str, first: date, last: date) -> Month:
    """The month of an organisation and everything beneath it, in the reader's sight."""
    asked = {"key": org_key, "first": first, "last": last, "start": at_hour(first, 0), "over": at_hour(last + timedelta(days=1), 0),
             "kinds": list(PROMISES)}
    session.flush()
    names = {row.org_key: row.name for row in session.execute(_ORGS, asked)} | {org_key: name}
    own: dict[str, Tally] = {}

    def at(key: str) -> Tally:
        return own.setdefault(key, Tally(key, names.get(key, key)))
    for row in session.execute(_DID, asked):
        at(row.org_key).counts[row.what], at(row.org_key).fen[row.what] = row.n, row.fen
    for row in session.execute(_STOOD, asked):
        at(row.org_key).stages[row.state] = row.n
    for row in session.execute(_PROMISED, asked):
        at(row.org_key).promised[row.kind] = (row.kept, row.missed, row.late)
    units = tuple(own[key] for key in sorted(own))
    whole = Tally(org_key, name)
    for one in units:
        whole.add(one)
    return Month(whole, _children(org_key, names, units), units)


def _children(org_key: str, names: Mapping[str, str], units: Sequence[Tally]) -> tuple[Tally, ...]:
    """What stands directly beneath, each with all of its own; one that was closed since counts under its key."""
    depth = org_key.count(".") + 1
    found = {key: Tally(key, name) for key, name in names.items() if key.count(".") == depth}
    for one in units:
        if one.org_key != org_key:
            key = ".".join(one.org_key.split(".")[:depth]) + "."
            found.setdefault(key, Tally(key, names.get(key, key))).add(one)
    return tuple(found[key] for key in sorted(found))
