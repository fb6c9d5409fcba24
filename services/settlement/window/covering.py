"""Who a bill is of, which cover answers for it, and what that cover has given already: read under the covers' locks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from services.core.money import show, to_yuan
from services.engine.ceiling import PREMIUM_REFUND
from services.enrolment import people
from services.rulebook.schema import RuleBook
from services.settlement.window.rules import INPATIENT, Bill

Words = dict[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """The person and the covers of one plan, locked until the transaction ends; `cover_id` answers, or `reason` says why none does."""

    person_id: uuid.UUID | None
    org_key: str | None
    cover_id: uuid.UUID | None
    reason: str | None


_PERSON = sa.text("""
    SELECT k.id, k.name FROM person p JOIN person k ON k.id = coalesce(p.merged_into, p.id) WHERE p.id_number_index = :index""")
# As claims lock them: every cover of the person under the plan, in the order of their ids. An insert or an end waits or is seen.
_COVERS = sa.text("""
    SELECT v.id, v.org_key, v.effective, least(v.until, v.ended_on) AS until FROM cover v
    WHERE v.person_id = :person AND v.plan = :plan ORDER BY v.id FOR UPDATE""")
# By their ids: a merger that ends while this waits gives the covers another owner.
_SAME = sa.text("""
    SELECT v.id FROM cover v WHERE v.id IN (SELECT o.id FROM cover w JOIN cover o ON o.person_id = w.person_id AND o.plan = w.plan
        WHERE w.id = :cover) ORDER BY v.id FOR UPDATE""")


def placed(session: Session, bill: Bill, plan: str) -> Place:
    """Find the person by number and name, lock the covers, pick the one of the settlement's day."""
    person = session.execute(_PERSON, {"index": people.index_of(bill.number)}).one_or_none()
    if person is None:
        return Place(None, None, None, "not_member")
    covers = session.execute(_COVERS, {"person": person.id, "plan": plan}).all()
    fitting = next((cover for cover in covers if cover.effective <= bill.settled_on <= cover.until), None)
    if not covers:
        return Place(person.id, None, None, "cover_missing")
    if person.name != bill.name:
        return Place(person.id, covers[0].org_key, None, "name_differs")
    if fitting is None:
        coming = any(cover.effective > bill.settled_on and cover.until >= cover.effective for cover in covers)
        return Place(person.id, covers[0].org_key, None, "cover_waiting" if coming else "cover_ended")
    if bill.med_type not in INPATIENT:
        return Place(person.id, fitting.org_key, None, "not_inpatient")
    return Place(person.id, fitting.org_key, fitting.id, None)


def lock(session: Session, cover_id: uuid.UUID) -> None:
    """The covers of a bill that is known already, whoever's they became by a merger."""
    session.execute(_SAME, {"cover": cover_id})


@dataclass(frozen=True, slots=True)
class Ground:
    """What every bill of one cover is computed on: cover, other plans, and what claims and former periods took of the plan."""

    cover: Words
    person: Words
    covers: list[Words]
    paid: list[Words]


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing bill of the cover as it is. `fixed`: its day is agreed with its hospital, so its share stands."""

    id: uuid.UUID
    org_key: str
    hospital_id: uuid.UUID
    setl_id: str
    key: tuple[object, ...]
    settled_on: date
    counts_on: date
    pool_paid_fen: int
    pool_own_fen: int
    large_own_fen: int
    out_of_region: bool
    category: str
    correction_no: int
    digest: bytes
    flags: tuple[str, ...]
    benefits: list[str]
    amounts: list[int]
    share_fen: int
    version: int
    fixed: bool

    @property
    def taken(self) -> dict[str, int]:
        """Fen by benefit."""
        return dict(zip(self.benefits, self.amounts, strict=True))

    @property
    def event(self) -> Words:
        """The settlement in the vocabulary's words."""
        return {"kind": "settlement", "settled_on": self.settled_on.isoformat(), "pool_fund_paid": show(to_yuan(self.pool_paid_fen)),
                "pool_own": show(to_yuan(self.pool_own_fen)), "large_own": show(to_yuan(self.large_own_fen)),
                "out_of_region": self.out_of_region}


# With what claims and the bills of other covers took, in one round trip.
_GROUND = sa.text("""
    SELECT v.effective, least(v.until, v.ended_on) AS until, v.renewal, v.shares, v.tier, v.high_risk_work, v.relation, v.person_id,
           v.plan, p.born, p.sex, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('benefit', t.benefit, 'fen', t.fen, 'days', t.days, 'earlier', t.earlier)), '[]')
        FROM (SELECT r.benefit, r.amount_fen AS fen, r.days, r.cover_id <> v.id AS earlier
                FROM cover w JOIN reservation r ON r.cover_id = w.id
                WHERE w.person_id = v.person_id AND w.plan = v.plan AND r.state IN ('reserved', 'paid') AND r.benefit <> :refund
              UNION ALL
              SELECT u.benefit, u.fen, 0, true FROM cover w JOIN window_bill b ON b.cover_id = w.id AND b.state = 'standing'
                CROSS JOIN LATERAL unnest(b.benefits, b.amounts) AS u(benefit, fen)
                WHERE w.person_id = v.person_id AND w.plan = v.plan AND w.id <> v.id) t) AS taken
    FROM cover v JOIN person p ON p.id = v.person_id WHERE v.id = :cover""")
_OTHERS = sa.text("""
    SELECT w.plan, w.effective, least(w.until, w.ended_on) AS until FROM cover w WHERE w.person_id = :person AND w.plan <> :plan
    ORDER BY w.plan, w.effective""")


def ground(session: Session, cover_id: uuid.UUID, book: RuleBook) -> Ground:
    """Read once for all bills of the cover."""
    row = session.execute(_GROUND, {"cover": cover_id, "refund": PREMIUM_REFUND}).one()
    others = session.execute(_OTHERS, {"person": row.person_id, "plan": row.plan}).all() if book.requires else []
    return Ground(
        {"effective": row.effective.isoformat(), "until": row.until.isoformat(), "renewal": row.renewal, "shares": row.shares,
         **({"tier": row.tier} if row.tier else {})},
        {"born": row.born.isoformat(), "sex": row.sex, "relation": row.relation,
         **({"high_risk_work": True} if row.high_risk_work else {})},
        [{"plan": one.plan, "effective": one.effective.isoformat(), "until": one.until.isoformat()} for one in others],
        [paid(one["benefit"], one["fen"], days=one["days"], earlier=one["earlier"]) for one in row.taken])


def paid(benefit: str, fen: int, *, days: int = 0, earlier: bool = False) -> Words:
    """One line of what was given before, in the vocabulary's words."""
    return {"benefit": benefit, "amount": show(to_yuan(fen)), "days": days, **({"earlier": True} if earlier else {})}


_STANDING = sa.text("""
    SELECT b.id, b.org_key, b.hospital_id, b.setl_id, b.settled_at, b.settled_on, b.pool_paid_fen, b.pool_own_fen, b.large_own_fen,
           b.out_of_region, b.correction_no, b.digest, b.flags, b.benefits, b.amounts, b.share_fen, b.version,
           d.id IS NOT NULL AS fixed, CASE WHEN d.id IS NULL THEN b.settled_on ELSE CAST(:today AS date) END AS counts_on,
           person_category_on(p.id, b.settled_on, p.category) AS category
    FROM window_bill b JOIN person p ON p.id = b.person_id
    LEFT JOIN window_day d ON d.hospital_id = b.hospital_id AND d.day = b.settled_on AND d.state <> 'differs'
    WHERE b.cover_id = :cover AND b.state = 'standing'""")


def standing(session: Session, cover_id: uuid.UUID, today: date) -> list[Standing]:
    """The bills that stand on a cover, in the order in which they use its limits: by time of settlement, then by number."""
    session.flush()
    rows = [_standing(row) for row in session.execute(_STANDING, {"cover": cover_id, "today": today})]
    return sorted(rows, key=lambda one: one.key)    # in Python: what orders must not hang on the database's collation


def order_key(row: sa.Row[tuple[object, ...]]) -> tuple[object, ...]:
    """Two hospitals may use one number in one second: their ids decide."""
    return row.settled_at, row.setl_id, str(row.hospital_id)


def _standing(row: sa.Row[tuple[object, ...]]) -> Standing:
    return Standing(row.id, row.org_key, row.hospital_id, row.setl_id, order_key(row), row.settled_on, row.counts_on, row.pool_paid_fen,
                    row.pool_own_fen, row.large_own_fen, row.out_of_region, row.category, row.correction_no, bytes(row.digest),
                    tuple(row.flags), list(row.benefits), list(row.amounts), row.share_fen, row.version, row.fixed)


def words(base: Ground, one: Standing, plan: str, before: Mapping[str, int]) -> Words:
    """The computation of one bill: the cover's ground, and what the bills before it took, fen by benefit."""
    found: Words = {"plan": plan, "cover": base.cover, "person": {**base.person, "category": one.category}, "event": one.event,
                    "paid": [*base.paid, *(paid(name, fen) for name, fen in sorted(before.items()) if fen)]}
    if base.covers:
        found["covers"] = base.covers
    return found
