"""What a claim's computation is made of, and the worksheets that came out."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from services.benefit import settled, whole_year
from services.benefit.rules import PREMIUM_REFUND, given_words, set_off
from services.core.errors import NotFound
from services.core.money import show, to_yuan
from services.engine.one import compute
from services.models import Worksheet
from services.rulebook import registry
from services.rulebook.computation import Computation
from services.rulebook.results import Line
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse


@dataclass(frozen=True, slots=True)
class Basis:
    """One claim ready to compute: `words` is the computation in plain JSON, kept on the worksheet.

    `before`: where the plan reckons the year so far, the fen by benefit that others took of the claim's year. Below zero where one of
    them paid that much less under its other benefits; `words` has it set off there.
    """

    claim_id: uuid.UUID
    org_key: str
    cover_id: uuid.UUID
    round: int
    digest: str
    book: RuleBook
    words: dict[str, object]
    report_due: date
    before: Mapping[str, int] = field(default_factory=dict)

    @property
    def computation(self) -> Computation:
        """The same, checked."""
        return parse(self.words)


# A premium given back for a disease of the waiting period ends the cover with that disease, and a renewal of it is none; both
# stand only as long as that claim's decision does.
_CLAIMS = sa.text("""
    SELECT c.id, c.org_key, c.round, c.plan, c.plan_from, c.cover_id, c.event, c.inputs, c.digest, v.effective,
           least(v.until, v.ended_on, (
               SELECT min(greatest(v.effective, coalesce(CAST(o.event ->> 'specimen_on' AS date), q.diagnosed_on)))
               FROM reservation r JOIN claim o ON o.id = r.claim_id JOIN case_file q ON q.id = o.case_id
               WHERE r.cover_id = v.id AND r.claim_id <> c.id AND r.benefit = 'premium_refund'
                   AND r.state IN ('reserved', 'paid'))) AS until,
           v.renewal AND NOT EXISTS (SELECT FROM premium_given_back(ARRAY[v.person_id], v.plan, v.effective)) AS renewal,
           v.shares, v.tier, v.high_risk_work, v.relation, v.premium_fen,
           CASE WHEN premium_entered(c.plan) THEN (SELECT coalesce(sum(e.amount_fen), v.premium_fen) FROM ledger_entry e
               WHERE e.cover_id = v.id AND e.account IN ('receivable', 'memo_receivable')) ELSE 0 END AS open_fen,
           person_category_on(p.id, k.diagnosed_on, p.category) AS category, p.born, p.sex, k.reported_on, k.last_timely_day
    FROM claim c JOIN cover v ON v.id = c.cover_id JOIN person p ON p.id = c.person_id JOIN case_file k ON k.id = c.case_id
    WHERE c.id = ANY(CAST(:ids AS uuid[]))""")
# What other claims and hospitals' windows took from this person's covers of the plan; a former period's counts only for caps for life.
# The period of a claim about a medical year is that year: two covers may lie in it, or a cover in two years.
_TAKEN = sa.text("""
    SELECT c.id, r.benefit, r.amount_fen, r.days,
           CASE WHEN c.event ->> 'kind' = 'medical_year' THEN (o.event ->> 'year') IS DISTINCT FROM (c.event ->> 'year')
               ELSE r.cover_id <> c.cover_id END AS earlier,
           o.event ->> 'icd10' AS icd10, r.made_at, r.claim_id AS source
    FROM claim c JOIN cover w ON w.person_id = c.person_id AND w.plan = c.plan JOIN reservation r ON r.cover_id = w.id
    JOIN claim o ON o.id = r.claim_id
    WHERE c.id = ANY(CAST(:ids AS uuid[])) AND r.claim_id <> c.id AND r.state IN ('reserved', 'paid')
    UNION ALL
    SELECT c.id, t.benefit, t.fen, 0, b.cover_id <> c.cover_id, NULL, b.settled_at, b.id
    FROM claim c JOIN cover w ON w.person_id = c.person_id AND w.plan = c.plan
    JOIN window_bill b ON b.cover_id = w.id AND b.state = 'standing' CROSS JOIN LATERAL unnest(b.benefits, b.amounts) AS t(benefit, fen)
    WHERE c.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY made_at, source, benefit""")
_OTHERS = sa.text("""
    SELECT c.id, w.plan, w.effective, least(w.until, w.ended_on) AS until FROM claim c
    JOIN cover w ON w.person_id = c.person_id AND w.plan <> c.plan WHERE c.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY w.plan, w.effective""")


def bases(session: Session, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Basis]:
    """Three selects for any number of claims, five where settlements count. NotFound when one is missing or out of sight."""
    ids = {"ids": list(claim_ids)}
    rows = session.execute(_CLAIMS, ids).all()
    if len(rows) != len(set(claim_ids)):
        raise NotFound("claim_missing", "没有这一案件，或不在您的管辖范围内", remedy="核对案件编号")
    yearly = [row.id for row in rows if registry.version(row.plan, row.plan_from).mode == "year_to_date"]
    taken = _grouped(session.execute(_TAKEN, ids).all())
    years = _years(yearly, taken, settled.given(session, yearly) if yearly else [])
    reckoned = settled.reckoned(session, yearly) if yearly else {}
    others = _grouped(session.execute(_OTHERS, ids).all())
    found = dict[uuid.UUID, Basis]()
    for row in rows:
        book, year = registry.version(row.plan, row.plan_from), years.get(row.id)
        event = row.event if year is None else whole_year.completed(book, row.event, _standing(year), reckoned.get(row.id))
        found[row.id] = Basis(row.id, row.org_key, row.cover_id, row.round, row.digest, book,
                              _words(row, event, _shown(row.id, taken.get(row.id, []), year), others.get(row.id, [])),
                              row.last_timely_day, year or {})
    return found


def _years(claim_ids: Iterable[uuid.UUID], taken: Mapping[uuid.UUID, list[Any]], given: Iterable[settled.Given],
           ) -> dict[uuid.UUID, dict[str, int]]:
    """Fen by benefit of each claim's year: what other claims took and settlements gave."""
    years: dict[uuid.UUID, dict[str, int]] = {claim_id: {} for claim_id in claim_ids}
    others = [item for claim_id in years for item in taken.get(claim_id, []) if not item.earlier]
    for item in [*others, *given]:
        years[item.id][item.benefit] = years[item.id].get(item.benefit, 0) + item.amount_fen
    return years


def _shown(claim_id: uuid.UUID, taken: list[Any], year: Mapping[str, int] | None) -> list[Any]:
    """What was taken as the computation reads it: a year that is reckoned whole once a benefit, none below zero."""
    if year is None:
        return taken
    return [*(item for item in taken if item.earlier),
            *(settled.Given(claim_id, name, fen) for name, fen in _standing(year).items() if fen)]


def _standing(year: Mapping[str, int]) -> dict[str, int]:
    """The year's fen by benefit with what is below zero set off."""
    return dict(zip(year, set_off(list(year.values())), strict=True))


def computation(session: Session, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Computation]:
    """The computation of each claim as its facts and its cover stand now."""
    return {claim_id: basis.computation for claim_id, basis in bases(session, claim_ids).items()}


def waiting_lines(basis: Basis) -> list[Line]:
    """The lines whose amount a reviewer sets, as if none were set: each with the ceiling that stands now."""
    bare = basis.computation.model_copy(update={"manual": {}})
    return [line for line in compute(basis.book, bare).lines if line.manual]


def latest(session: Session, claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Worksheet]:
    """The newest worksheet of each claim's present round; claims without one are left out."""
    newest = sa.text("""SELECT DISTINCT ON (w.claim_id) w.id FROM worksheet w JOIN claim c ON c.id = w.claim_id
        AND c.round = w.round WHERE c.id = ANY(CAST(:ids AS uuid[])) ORDER BY w.claim_id, w.seq DESC""")
    ids = session.execute(newest, {"ids": list(claim_ids)}).scalars().all()
    found = session.exec(select(Worksheet).where(sa.column("id").in_(ids)).execution_options(populate_existing=True))
    return {worksheet.claim_id: worksheet for worksheet in found}


def worksheets(session: Session, claim_id: uuid.UUID) -> list[Worksheet]:
    """Every worksheet of a claim, oldest first."""
    return list(session.exec(select(Worksheet).where(Worksheet.claim_id == claim_id)
                             .order_by(sa.column("round"), sa.column("seq"))))


def decided_before(session: Session, claim_id: uuid.UUID) -> int:
    """Fen that earlier rounds of this claim gave: a new round pays the difference only.

    What lapsed unpaid when the claim was reopened, and what is asked back, the earlier rounds no longer give. An advance
    asked back was never theirs; given up, it was given after all.
    """
    return int(session.execute(sa.text("""
        SELECT (SELECT coalesce(sum(d.amount_fen), 0) FROM decision d WHERE d.claim_id = c.id AND d.round < c.round)
            - (SELECT coalesce(sum(q.lapsed_fen), 0) FROM reopening q WHERE q.claim_id = c.id)
            - (SELECT coalesce(sum(CASE WHEN v.state = 'written_off' THEN v.received_fen ELSE v.amount_fen END
                - CASE WHEN v.why = 'advance' THEN v.amount_fen ELSE 0 END), 0) FROM receivable v WHERE v.claim_id = c.id)
        FROM claim c WHERE c.id = :claim"""), {"claim": claim_id}).scalar_one())


def _grouped(rows: Iterable[Any]) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    return found


def _words(row: sa.Row[tuple[object, ...]], event: Mapping[str, object], taken: list[Any],
           others: list[sa.Row[tuple[object, ...]]]) -> dict[str, object]:
    """The computation in the vocabulary's words.

    `premium_paid` is what came in of the premium and was not given back yet. Where no receipt of the plan was ever entered,
    what came in is not known and the premium due stands for it (infra/decisions/0009).
    """
    returned = sum(item.amount_fen for item in taken if item.benefit == PREMIUM_REFUND and not item.earlier)
    words: dict[str, object] = {
        "plan": row.plan,
        "cover": {"effective": row.effective.isoformat(), "until": row.until.isoformat(), "renewal": row.renewal,
                  "shares": row.shares, "premium_paid": show(to_yuan(max(0, row.premium_fen - row.open_fen - returned))),
                  **({"tier": row.tier} if row.tier else {})},
        "person": {"category": row.category, "born": row.born.isoformat(), "sex": row.sex, "relation": row.relation,
                   **({"high_risk_work": True} if row.high_risk_work else {})},
        "event": dict(event),
        "paid": [_paid(item) for item in taken if item.benefit != PREMIUM_REFUND],
        "reported_on": row.reported_on.isoformat()}
    words |= given_words(row.inputs, row.round)
    if others:
        words["covers"] = [{"plan": item.plan, "effective": item.effective.isoformat(), "until": item.until.isoformat()}
                           for item in others]
    return words


def _paid(item: Any) -> dict[str, object]:
    paid: dict[str, object] = {"benefit": item.benefit, "amount": show(to_yuan(item.amount_fen)), "days": item.days}
    if item.icd10:
        paid["icd10"] = item.icd10
    if item.earlier:
        paid["earlier"] = True
    return paid
