"""Samples of decided claims, checked again by people who took no part in them.

A sample is the seed's choice, not a person's: decisions are ranked by the hash of seed and decision and the first ones
taken. Whoever has the seed and the period draws the same sample again; the population's digest shows whether the decisions
are still those it was drawn from.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import OFFICE, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import at_hour, business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotFound
from services.core.ids import uuidv7
from services.lifecycle.facts import bound, on_claimant_side
from services.models import QaItem, QaSample

LIMIT = 1000
OK, REMARK = "ok", "remark"
FINDINGS: dict[str, str] = {
    OK: "无误",
    REMARK: "有提示，不影响决定",
    "amount_wrong": "金额有误",
    "clause_wrong": "条款适用有误",
    "facts_wrong": "事实认定有误",
    "papers_insufficient": "材料不足以支持决定",
    "identity_wrong": "身份核对有误",
    "deadline_missed": "超过办理时限",
    "letter_wrong": "文书有误",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of the population."""

    id: uuid.UUID
    claim_id: uuid.UUID
    claim_no: str
    round: int
    org_key: str
    kind: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Checked:
    """An item as the result page shows it. `mine`: the one who looks took part in the claim and may not check it."""

    id: uuid.UUID
    position: int
    claim_no: str
    round: int
    kind: str
    amount_fen: int
    decided_at: datetime
    finding: str | None
    note: str | None
    checked_by: str | None
    checked_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A sample, its items and the count of each finding; `errors` are findings that are neither ok nor remark."""

    sample: QaSample
    items: tuple[Checked, ...]
    findings: Mapping[str, int]

    @property
    def checked(self) -> int:
        """Items with a finding."""
        return sum(self.findings.values())

    @property
    def errors(self) -> int:
        """Items with an error."""
        return self.checked - self.findings.get(OK, 0) - self.findings.get(REMARK, 0)


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A sample drawn once more from its stored seed: whether the decisions and the choice are the same."""

    population: int
    population_digest: str
    population_same: bool
    items_same: bool


def draw(session: Session, *, from_on: date, until_on: date, plan: str | None = None, size: int | None = None,
         share: Decimal | None = None, seed: str, actor: Actor, now: datetime) -> QaSample:
    """Draw from the office's decisions of past days (`until_on` included) in the actor's area: `size` of them, or `share`
    per cent rounded up. The seed comes from the caller and is stored.

    InputError: the period is not over or turned round, neither or both of size and share, nothing was decided.
    """
    actor.require(Role.SENIOR_REVIEWER, Role.HEAD, what="抽取质检样本")
    _check_period(from_on, until_on, now)
    if not seed.strip():
        raise InputError("seed_missing", "抽样须有种子", remedy="给出 seed", field="seed")
    found = _population(session, actor.org_key, from_on, until_on, plan)
    wanted = _size(len(found), size, share)
    sample = QaSample(
        id=uuidv7(), org_key=actor.org_key, plan=plan, from_on=from_on, until_on=until_on, seed=seed, size=wanted,
        share=str(share) if share is not None else None, population=len(found), population_digest=digest_of(found),
        drawn_by=actor.account_id, drawn_person=actor.person_id, drawn_at=now)
    session.add(sample)
    session.flush()
    known = {decided.id: decided for decided in found}
    session.add_all([QaItem(id=uuidv7(), org_key=actor.org_key, sample_id=sample.id, position=position, decision_id=chosen_id,
                            claim_id=known[chosen_id].claim_id, claim_no=known[chosen_id].claim_no, round=known[chosen_id].round)
                     for position, chosen_id in enumerate(chosen(seed, known, wanted), 1)])
    session.flush()
    return sample


def chosen(seed: str, decisions: Iterable[uuid.UUID], size: int) -> list[uuid.UUID]:
    """The `size` decisions whose hash with the seed comes first. The order they are given in does not matter. Pure."""
    return sorted(decisions, key=lambda decision: (hashlib.sha256(f"{seed}:{decision}".encode()).digest(), decision))[:size]


def digest_of(found: Sequence[Decided]) -> str:
    """SHA-256 over the decisions in the order of their ids: which they are, of what kind and amount. Pure."""
    lines = sorted(f"{d.id}:{d.claim_id}:{d.round}:{d.kind}:{d.amount_fen}" for d in found)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def redraw(session: Session, *, sample_id: uuid.UUID) -> Redrawn:
    """Draw again from the stored seed and period, and compare. Changes nothing."""
    sample = _sample(session, sample_id)
    found = _population(session, sample.org_key, sample.from_on, sample.until_on, sample.plan)
    drawn = list(session.exec(select(QaItem.decision_id).where(QaItem.sample_id == sample_id).order_by(sa.column("position"))))
    digest = digest_of(found)
    return Redrawn(len(found), digest, digest == sample.population_digest,
                   chosen(sample.seed, (decided.id for decided in found), sample.size) == drawn)


def record_finding(session: Session, *, item_id: uuid.UUID, finding: str, note: str | None = None, actor: Actor,
                   now: datetime) -> QaItem:
    """What a second look found; it goes on the claim's record. The one who found it may correct it, with the old kept there.

    GuardFailed: the actor (or one stood in for) took part in the claim or is on the claimant's side. Conflict: somebody else
    checked it. InputError: unknown finding, or anything but ok without a note.
    """
    actor.require(*sorted(OFFICE), what="质检")
    if finding not in FINDINGS:
        raise InputError("finding_unknown", f"没有质检结果“{finding}”", remedy=f"可用：{'、'.join(FINDINGS)}", field="finding")
    if finding != OK and not (note or "").strip():
        raise InputError("note_missing", "发现问题须写明内容", remedy="写明发现了什么", field="note")
    item = session.get(QaItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("item_missing", "没有这一质检项，或不在您的管辖范围内", remedy="核对编号")
    if item.checked_by is not None and item.checked_by != actor.account_id:
        raise Conflict("checked_by_another", "已由他人质检", remedy="有不同意见请与其核对")
    if _took_part(session, [item], actor):
        raise GuardFailed("own_decision", "办理过本案或与申请人有关的人不能质检本案", remedy="由未经办的人员质检", field="person")
    old = item.finding
    item.finding, item.note = finding, note
    item.checked_by, item.checked_person, item.checked_at = actor.account_id, actor.person_id, now
    session.add(item)
    session.flush()
    org_key = session.execute(sa.text("SELECT org_key FROM claim WHERE id = :id"), {"id": item.claim_id}).scalar_one()
    audit.append(session, [Entry(item.claim_id, org_key, "claim", item.claim_id, "qa_finding", reason=finding, details={
        "item": str(item.id), "old": old, "new": finding, "round": item.round})],
        account=actor.account_id, person=actor.person_id, at=now)
    return item


def result(session: Session, *, sample_id: uuid.UUID, actor: Actor) -> SampleResult:
    """A sample with what was found so far."""
    sample = _sample(session, sample_id)
    rows = session.execute(sa.text("""
        SELECT i.id, i.position, i.claim_no, i.round, d.kind, d.amount_fen, d.at AS decided_at, i.finding, i.note,
               a.name AS checked_by, i.checked_at
        FROM qa_item i JOIN decision d ON d.id = i.decision_id LEFT JOIN account a ON a.id = i.checked_by
        WHERE i.sample_id = :id ORDER BY i.position"""), {"id": sample_id}).all()
    stored = session.exec(select(QaItem).where(QaItem.sample_id == sample_id)).all()
    mine = _took_part(session, stored, actor)
    items = tuple(Checked(**row._mapping, mine=row.id in mine) for row in rows)
    return SampleResult(sample, items, Counter(item.finding for item in items if item.finding))


def samples(session: Session, *, after: uuid.UUID | None = None, limit: int = 50) -> list[QaSample]:
    """Samples of the caller's area, newest first."""
    query = select(QaSample).order_by(sa.column("id").desc()).limit(limit)
    return list(session.exec(query.where(sa.column("id") < after) if after else query))


def _check_period(from_on: date, until_on: date, now: datetime) -> None:
    if from_on > until_on:
        raise InputError("period_turned", "起日晚于止日", remedy="改正期间", field="from_on")
    if until_on >= business_day(now):
        raise InputError("period_open", "只能从已过去的日子抽样：当日还会有新的决定", remedy="止日最晚为昨日", field="until_on")


def _size(population: int, size: int | None, share: Decimal | None) -> int:
    """How many to draw; never more than there are."""
    if (size is None) == (share is None):
        raise InputError("size_or_share", "件数和比例须写其一", remedy="写 size 或 share", field="size")
    if share is not None and not 0 < share <= 100:
        raise InputError("share_range", "比例须大于 0、不超过 100", remedy="写百分数，如 5", field="share")
    if not population:
        raise InputError("nothing_decided", "这一期间没有办事处作出的决定", remedy="改正期间或计划", field="from_on")
    wanted = size if share is None else int((population * share / 100).to_integral_value(ROUND_CEILING))
    if not wanted or wanted < 1 or wanted > LIMIT:
        raise InputError("size_range", f"件数须为 1 到 {LIMIT}", remedy="改正件数或比例", field="size")
    return min(wanted, population)


def _population(session: Session, org_key: str, from_on: date, until_on: date, plan: str | None) -> list[Decided]:
    rows = session.execute(sa.text("""
        SELECT d.id, d.claim_id, c.claim_no, d.round, d.org_key, d.kind, d.amount_fen FROM decision d JOIN claim c ON c.id = d.claim_id
        WHERE d.source = 'office' AND d.at >= :low AND d.at < :high AND d.org_key >= :first AND d.org_key < :last
          AND (CAST(:plan AS text) IS NULL OR c.plan = :plan) ORDER BY d.id"""), {
        "low": at_hour(from_on, 0), "high": at_hour(until_on + timedelta(days=1), 0), "plan": plan, "first": org_key,
        "last": org_key.rstrip(".") + "/"})
    return [Decided(*row) for row in rows]


_TOOK_PART = sa.text(f"""
    SELECT i.id FROM unnest(CAST(:ids AS uuid[]), CAST(:claims AS uuid[]), CAST(:rounds AS int[])) AS i(id, claim_id, round)
    JOIN claim c ON c.id = i.claim_id
    WHERE EXISTS (SELECT 1 FROM deciding_person d WHERE d.claim_id = i.claim_id AND d.round = i.round
                  AND d.person_id = ANY(CAST(:persons AS uuid[])))
       OR EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = i.claim_id AND d.round = i.round
                  AND d.decided_person = ANY(CAST(:persons AS uuid[])))
       OR {bound(on_claimant_side("%(persons)s::uuid[]"))}""")


def _took_part(session: Session, items: Sequence[QaItem], actor: Actor) -> set[uuid.UUID]:
    """Items whose claim the actor, or one stood in for, decided, verified, paid, or is related to."""
    if not actor.persons:
        return set()
    rows = session.execute(_TOOK_PART, {
        "ids": [item.id for item in items], "claims": [item.claim_id for item in items],
        "rounds": [item.round for item in items], "persons": sorted(actor.persons)})
    return set(rows.scalars())


def _sample(session: Session, sample_id: uuid.UUID) -> QaSample:
    found = session.get(QaSample, sample_id, populate_existing=True)
    if found is None:
        raise NotFound("sample_missing", "没有这一样本，或不在您的管辖范围内", remedy="核对编号")
    return found
