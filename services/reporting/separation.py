"""The proof of separation of persons: one query over a year's decided claims, every comparison counted.

Who acted comes from the view `deciding_person`, which all checks read (a substitute stands in it as both persons), from the
decision itself, and for rounds before the present one from the record of the verification. A deciding step without a
person breaks the promise as well: what cannot be compared is not proved.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.clock import at_hour

KINDS: dict[str, str] = {
    "claimant": "申请人、领款人、监护人本人与各办理人",
    "family": "申请人、领款人的家属与各办理人",
    "verifier": "核验人与各审核级、决定人",
    "levels": "各审核级之间、决定人",
    "judged": "核定金额或改定等级的人与决定人",
    "maker": "制单人与核验、审核、决定、核定",
    "checker": "复核放行人与核验、审核、决定、核定",
    "payers": "制单人与复核放行人",
    "named": "每个决定环节都记有办理人，且前后一致",
}
ACTS: dict[str, str] = {"verify": "核验", "review": "审核", "amount": "核定金额", "regrade": "改定等级", "make": "制单",
                        "check": "复核放行"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of comparison over the year."""

    kind: str
    words: str
    comparisons: int
    violations: int


@dataclass(frozen=True, slots=True)
class Violation:
    """One person where two should have been (or none). `steps`: the steps in words; `through`: who acted for the person."""

    kind: str
    words: str
    claim_no: str
    round: int
    person: str | None
    steps: tuple[str, ...]
    through: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A year's decided claims (one a round), what was compared, and what broke the rule. `substitutions`: acts done for
    an absent colleague, compared as both.
    """

    year: int
    claims: int
    substitutions: int
    kinds: tuple[Compared, ...]
    violations: tuple[Violation, ...]

    @property
    def comparisons(self) -> int:
        """Of all kinds."""
        return sum(kind.comparisons for kind in self.kinds)

    @property
    def holds(self) -> bool:
        """Nobody acted twice, nobody for himself or his family."""
        return not self.violations


# Which acts may not be one person's. `deciding`: only where the second one is the deciding level's.
_RULES = """
    rules(first, second, kind, deciding) AS (VALUES
        ('verify', 'review', 'verifier', false), ('review', 'review', 'levels', false),
        ('amount', 'review', 'judged', true), ('regrade', 'review', 'judged', true),
        ('make', 'verify', 'maker', false), ('make', 'review', 'maker', false), ('make', 'amount', 'maker', false),
        ('make', 'regrade', 'maker', false), ('check', 'verify', 'checker', false), ('check', 'review', 'checker', false),
        ('check', 'amount', 'checker', false), ('check', 'regrade', 'checker', false), ('make', 'check', 'payers', false))"""
# A substitute counts as the absent one through all of these days, until somebody ends it.
_LEAVE = """(s.done_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN u.from_on AND u.until_on AND u.made_at <= s.done_at
                AND (u.ended_at IS NULL OR u.ended_at > s.done_at)"""
_ACTS = f"""
    decided AS MATERIALIZED (
        SELECT d.claim_id, d.round, d.source, d.decided_person, d.at, c.claim_no, c.round AS present, c.route, s.id AS step,
               s.done_person AS passed_by
        FROM decision d JOIN claim c ON c.id = d.claim_id LEFT JOIN LATERAL (SELECT s.id, s.done_person FROM review_step s
            WHERE s.claim_id = d.claim_id AND s.round = d.round AND s.decides ORDER BY s.ordinal DESC LIMIT 1) s ON true
        WHERE d.at >= :low AND d.at < :high),
    acts AS MATERIALIZED (
        SELECT p.claim_id, p.round, p.act, p.subject_id, p.person_id, p.through, p.subject_id IS NOT DISTINCT FROM d.step AS deciding
            FROM decided d JOIN deciding_person p ON p.claim_id = d.claim_id AND p.round = d.round
        UNION SELECT d.claim_id, d.round, 'review', coalesce(d.step, d.claim_id), d.decided_person, NULL, true FROM decided d
            WHERE d.source = 'office' AND d.decided_person IS NOT NULL
        UNION SELECT d.claim_id, d.round, 'verify', d.claim_id, v.person_id, NULL, false FROM decided d
            CROSS JOIN LATERAL (SELECT a.person_id FROM audit_record a WHERE a.chain_id = d.claim_id AND a.machine = 'claim'
                AND a.event = 'verify' AND a.at <= d.at ORDER BY a.seq DESC LIMIT 1) v
            WHERE d.round < d.present AND v.person_id IS NOT NULL
        -- Whoever was away while a substitute acted, by the leaves themselves: also where no row says whose place it was.
        UNION SELECT d.claim_id, d.round, 'review', s.id, b.person_id, s.done_person, s.id IS NOT DISTINCT FROM d.step FROM decided d
            JOIN review_step s ON s.claim_id = d.claim_id AND s.round = d.round AND s.act = 'review' AND s.state IN ('passed', 'refused')
            JOIN substitute u ON u.account_id = s.done_by AND {_LEAVE} JOIN account b ON b.id = u.absent_id WHERE b.person_id IS NOT NULL
        UNION SELECT d.claim_id, d.round, s.act, n.id, b.person_id, s.person, false FROM decided d
            JOIN payment p ON p.claim_id = d.claim_id AND p.round = d.round JOIN payment_run n ON n.id = p.run_id
            CROSS JOIN LATERAL (VALUES ('make', n.made_by, n.made_person, n.made_at), ('check', n.checked_by, n.checked_person,
                n.released_at)) s(act, by, person, done_at)
            JOIN substitute u ON u.account_id = s.by AND {_LEAVE} JOIN account b ON b.id = u.absent_id WHERE b.person_id IS NOT NULL)"""
_SIDES = """
    side AS (
        SELECT c.id AS claim_id, c.person_id FROM claim c WHERE c.id IN (SELECT claim_id FROM decided)
        UNION SELECT y.claim_id, x.person_id FROM payee y CROSS JOIN LATERAL (VALUES (y.person_id), (y.guardian_id)) x(person_id)
            WHERE y.active AND x.person_id IS NOT NULL AND y.claim_id IN (SELECT claim_id FROM decided)),
    family AS (SELECT DISTINCT s.claim_id, t.relative_id AS person_id FROM side s JOIN family_tie t ON t.person_id = s.person_id)"""
# What was compared: the kind, the two acts (the second empty for a comparison with the claimant's side), whether it broke.
_COMPARED = """
    compared AS (
        SELECT r.kind, a.claim_id, a.round, a.person_id, a.act AS act, a.subject_id AS subject, b.act AS act_b,
               b.subject_id AS subject_b, coalesce(a.through, b.through) AS through, a.person_id = b.person_id AS broken
        FROM acts a JOIN acts b ON b.claim_id = a.claim_id AND b.round = a.round
        JOIN rules r ON r.first = a.act AND r.second = b.act AND (NOT r.deciding OR b.deciding)
        WHERE a.act <> b.act OR a.subject_id < b.subject_id
        UNION ALL
        SELECT 'claimant', a.claim_id, a.round, a.person_id, a.act, a.subject_id, NULL, NULL, a.through, a.person_id = s.person_id
        FROM acts a JOIN side s ON s.claim_id = a.claim_id
        UNION ALL
        SELECT 'family', a.claim_id, a.round, a.person_id, a.act, a.subject_id, NULL, NULL, a.through, a.person_id = f.person_id
        FROM acts a JOIN family f ON f.claim_id = a.claim_id
        UNION ALL
        SELECT 'named', s.claim_id, s.round, NULL, 'review', s.id, NULL, NULL, NULL,
               s.done_person IS NULL OR s.state NOT IN ('passed', 'refused')
        FROM review_step s JOIN decided d ON d.claim_id = s.claim_id AND d.round = s.round
        WHERE s.act = 'review' AND (d.source = 'office' OR s.state IN ('passed', 'refused'))
        UNION ALL
        SELECT 'named', d.claim_id, d.round, NULL, 'review', d.step, NULL, NULL, NULL,
               d.decided_person IS NULL OR d.step IS NULL OR d.passed_by IS NOT NULL AND d.passed_by <> d.decided_person
        FROM decided d WHERE d.source = 'office'
        UNION ALL
        SELECT 'named', d.claim_id, d.round, NULL, 'verify', d.claim_id, NULL, NULL, NULL, NOT EXISTS (SELECT 1 FROM acts a
            WHERE a.claim_id = d.claim_id AND a.round = d.round AND a.act = 'verify')
        FROM decided d WHERE d.route = 'office' AND d.round = 1     -- a reopened claim is verified already
        UNION ALL
        SELECT DISTINCT 'named', p.claim_id, p.round, NULL::uuid, 'check', n.id, NULL, NULL::uuid, NULL::uuid, n.checked_person IS NULL
        FROM payment p JOIN decided d ON d.claim_id = p.claim_id AND d.round = p.round LEFT JOIN payment_run n ON n.id = p.run_id
        WHERE p.channel = 'bank' AND p.state IN ('released', 'sent', 'credited'))"""
_PROOF = sa.text(f"""
    WITH {_RULES}, {_ACTS}, {_SIDES}, {_COMPARED}
    SELECT k.kind, count(*) AS comparisons, coalesce(jsonb_agg(jsonb_build_object(
        'claim_no', (SELECT c.claim_no FROM claim c WHERE c.id = k.claim_id), 'round', k.round,
        'person', (SELECT p.name FROM person p WHERE p.id = k.person_id),
        'through', (SELECT p.name FROM person p WHERE p.id = k.through),
        'acts', jsonb_build_array(k.act, k.act_b),
        'levels', jsonb_build_array((SELECT s.name FROM review_step s WHERE s.id = k.subject),
                                    (SELECT s.name FROM review_step s WHERE s.id = k.subject_b))))
        FILTER (WHERE k.broken), '[]') AS broken
    FROM compared k GROUP BY k.kind
    UNION ALL SELECT 'claims', count(DISTINCT (claim_id, round)), '[]' FROM decided
    UNION ALL SELECT 'substitutions', count(*), '[]' FROM acts WHERE through IS NOT NULL""")


def proof(session: Session, year: int) -> Proof:
    """Compare everybody with everybody whom the rule keeps apart, over the claims decided in `year` (China's calendar) in
    the session's scope. One query.
    """
    rows = {row.kind: row for row in session.execute(_PROOF, {
        "low": at_hour(date(year, 1, 1), 0), "high": at_hour(date(year + 1, 1, 1), 0)})}
    found = sorted((_violation(kind, broken) for kind in KINDS if kind in rows for broken in rows[kind].broken),
                   key=lambda violation: (violation.claim_no, violation.round, violation.kind, violation.steps))
    kinds = tuple(Compared(kind, words, rows[kind].comparisons if kind in rows else 0,
                           sum(violation.kind == kind for violation in found)) for kind, words in KINDS.items())
    return Proof(year, rows["claims"].comparisons, rows["substitutions"].comparisons, kinds, tuple(found))


# The same of some claims, whenever they were decided: each kind with how often it was compared, and how often broken.
_OF_CLAIMS = sa.text(f"""
    WITH {_RULES}, {_ACTS.replace("d.at >= :low AND d.at < :high", "d.claim_id IN (SELECT unnest(CAST(:claims AS uuid[])))")},
    {_SIDES}, {_COMPARED}
    SELECT claim_id, round, kind, count(*) AS comparisons, count(*) FILTER (WHERE broken) AS violations
    FROM compared GROUP BY claim_id, round, kind ORDER BY claim_id, round, kind""")


def of_claims(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[tuple[int, Compared]]]:
    """By claim, for each of its decided rounds: what was compared. One query."""
    found: dict[uuid.UUID, list[tuple[int, Compared]]] = {}
    for row in session.execute(_OF_CLAIMS, {"claims": list(claim_ids)}):
        found.setdefault(row.claim_id, []).append((row.round, Compared(row.kind, KINDS[row.kind], row.comparisons, row.violations)))
    return found


def _violation(kind: str, broken: dict[str, object]) -> Violation:
    acts, levels = broken["acts"], broken["levels"]
    assert isinstance(acts, list) and isinstance(levels, list)
    steps = tuple(level or ACTS[act] for act, level in zip(acts, levels, strict=True) if act)
    person, through = broken["person"], broken["through"]
    return Violation(kind, KINDS[kind], str(broken["claim_no"]), int(str(broken["round"])), str(person) if person else None,
                     steps, str(through) if through else None)
