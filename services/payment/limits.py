"""Limits of payment (付款限额): of one payment, of a run, of what an organisation releases on a day. Dated data, see limits.yaml.

A run above a limit is not released: it is split, or the head allows this very content, besides maker and checker.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlmodel import Session

from services.access import standing
from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import ConfigError, Conflict, GuardFailed, NotPermitted
from services.core.money import show, to_fen, to_yuan
from services.core.settings import settings
from services.core.texts import written
from services.lifecycle.apart import require_apart
from services.models import PaymentRun
from services.payment import settled
from statemachines.states import PaymentRunState

SHIPPED, OWN = Path(__file__).with_name("limits.yaml"), "payment_limits.yaml"
KINDS = {"payment": "单笔", "run": "单批", "day": "单日累计"}


class Limit(BaseModel):
    """One entry; yuan, none for no limit. `org` is an organisation's key and holds for all below it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    org: str = Field(pattern=r"^([a-z0-9]+\.)+$")
    begins: date = Field(alias="from")
    payment: Decimal | None = Field(gt=0)
    run: Decimal | None = Field(gt=0)
    day: Decimal | None = Field(gt=0)


@dataclass(frozen=True, slots=True)
class Measured:
    """One limit and what the run comes to against it; fen. `kind` is one of KINDS."""

    kind: str
    limit_fen: int
    fen: int
    claim_no: str | None = None

    @property
    def over(self) -> bool:
        """Above the limit: equal is allowed."""
        return self.fen > self.limit_fen

    @property
    def words(self) -> str:
        """`单笔限额 500000.00 元，案件 T1 为 600000.00 元`."""
        whose = f"案件 {self.claim_no} " if self.claim_no else ""
        return f"{KINDS[self.kind]}限额 {show(to_yuan(self.limit_fen))} 元，{whose}为 {show(to_yuan(self.fen))} 元"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The head's word on a run above its limits, for the content it had then."""

    person: str
    reason: str
    at: datetime
    persons: frozenset[uuid.UUID]


def limits() -> Sequence[Limit]:
    """The entries in force on this machine. ConfigError, naming the file, when it does not hold."""
    own = settings().data_dir / OWN
    path = own if own.exists() else SHIPPED
    try:
        return TypeAdapter(list[Limit]).validate_python(yaml.safe_load(path.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError("payment_limits", f"付款限额文件 {path.name} 不对：{error}",
                          remedy="按 services/payment/limits.yaml 的写法更正") from None


def in_force(org_key: str, on: date, entries: Sequence[Limit]) -> Limit | None:
    """The nearest organisation's entry that has begun, of it the latest."""
    fitting = [entry for entry in entries if org_key.startswith(entry.org) and entry.begins <= on]
    return max(fitting, key=lambda entry: (len(entry.org), entry.begins), default=None)


_LARGEST = sa.text("""
    SELECT p.amount_fen, c.claim_no FROM payment p JOIN claim c ON c.id = p.claim_id WHERE p.run_id = :run
    UNION ALL SELECT max(amount_fen), NULL FROM settlement_payment WHERE run_id = :run HAVING count(*) > 0
    ORDER BY amount_fen DESC, claim_no LIMIT 1""")
_TOTAL = sa.text("""
    SELECT ((SELECT coalesce(sum(amount_fen), 0) FROM payment WHERE run_id = :run)
        + (SELECT coalesce(sum(amount_fen), 0) FROM settlement_payment WHERE run_id = :run))::bigint""")
_OF_THE_DAY = sa.text("""
    SELECT coalesce(sum(total_fen), 0)::bigint FROM payment_run WHERE org_key = :org AND id <> :run AND released_at IS NOT NULL
    AND (released_at AT TIME ZONE 'Asia/Shanghai')::date = :day""")


def measured(session: Session, run: PaymentRun, *, now: datetime) -> list[Measured]:
    """The run against each limit of its organisation, as if it were released now."""
    day = business_day(now)
    limit = in_force(run.org_key, day, limits())
    largest = session.execute(_LARGEST, {"run": run.id}).first()
    if limit is None or largest is None:
        return []
    total = session.execute(_TOTAL, {"run": run.id}).scalar_one()
    before = session.execute(_OF_THE_DAY, {"org": run.org_key, "run": run.id, "day": day}).scalar_one()
    found = (("payment", limit.payment, largest.amount_fen, largest.claim_no), ("run", limit.run, total, None),
             ("day", limit.day, before + total, None))
    return [Measured(kind, to_fen(yuan), fen, whose) for kind, yuan, fen, whose in found if yuan is not None]


_ALLOWED = sa.text("""
    SELECT a.record->'details' AS details, a.at, q.name FROM audit_record a JOIN person q ON q.id = a.person_id
    WHERE a.chain_id = :run AND a.machine = 'payment_run' AND a.event = 'allow_over'
    AND a.record->'details'->>'digest' = :digest ORDER BY a.seq DESC LIMIT 1""")


def allowed(session: Session, run: PaymentRun) -> Allowed | None:
    """The head's word for what the run holds at present."""
    row = session.execute(_ALLOWED, {"run": run.id, "digest": run.digest or ""}).first()
    if row is None:
        return None
    return Allowed(row.name, row.details["reason"], row.at, frozenset(uuid.UUID(one) for one in row.details["persons"]))


def allow_over(session: Session, *, run: PaymentRun, reason: str, actor: Actor, now: datetime) -> PaymentRun:
    """The head allows a submitted run above its limits, as it stands: a third person beside its maker and its checker.

    Raises NotPermitted (another role; the claimants' side), Conflict when it is not submitted or above no limit, GuardFailed
    `maker_not_separate`.
    """
    actor.require(Role.HEAD, what="核准超限额付款")
    if run.state != PaymentRunState.SUBMITTED:
        raise Conflict("run_not_submitted", "付款批次不在待复核状态，不能核准超限额", remedy="由制单人提交后再核准")
    if actor.person_id is None:
        raise NotPermitted("head_unnamed", "核准人须为实名人员", remedy="请由办事处主任本人办理")
    if not standing.is_second(session, run.id, run.made_person, actor=actor):
        raise GuardFailed("maker_not_separate", "制单人不得核准自己的付款批次", remedy="请由另一人核准")
    claims = session.execute(sa.text("SELECT DISTINCT claim_id FROM payment WHERE run_id = :run"), {"run": run.id}).scalars().all()
    require_apart(session, claims, actor)
    settled.require_apart(session, run, actor)
    over = [one for one in measured(session, run, now=now) if one.over]
    if not over:
        raise Conflict("limit_kept", "这一批没有超过付款限额", remedy="无须核准，由复核人放行")
    audit.append(session, [Entry(run.id, run.org_key, "payment_run", run.id, "allow_over", details={
        "reason": written(reason, "reason"), "digest": run.digest, "persons": sorted(str(one) for one in actor.persons),
        "over": [{"kind": one.kind, "limit_fen": one.limit_fen, "fen": one.fen} for one in over]})],
        account=actor.account_id, person=actor.person_id, at=now)
    return run


def require_within(session: Session, run: PaymentRun, *, actor: Actor, now: datetime) -> None:
    """Conflict `limit_exceeded` for a run above a limit without the head's word; GuardFailed when that head releases it.

    Runs of one organisation that are released at the same time wait for one another, so that the day's sum is whole.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('payment day ' || :org, 0))"), {"org": run.org_key})
    over = [one for one in measured(session, run, now=now) if one.over]
    if not over:
        return
    word = allowed(session, run)
    if word is None:
        raise Conflict("limit_exceeded", f"超过付款限额：{'；'.join(one.words for one in over)}",
                       remedy="退回制单人拆分批次或改日放行，或请办事处主任核准这一批")
    if not actor.persons.isdisjoint(word.persons):
        raise GuardFailed("checker_not_separate", "核准超限额的人不得同时复核放行", remedy="请由另一人复核")
