"""The level in front of the actor: whether it is theirs to act on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, role_words
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, NotFound, NotPermitted
from services.lifecycle.facts import able, bound
from services.review.chain import Routable, Step, locked, steps_of
from statemachines.words import state_words

IN_REVIEW = "in_review"


@dataclass(frozen=True, slots=True)
class Desk:
    """A locked claim, its open level and all levels of the round."""

    claim: Routable
    step: Step
    steps: list[Step]

    @property
    def last(self) -> bool:
        """Nothing but this level is left to pass."""
        return all(step.state == "passed" or step.id == self.step.id for step in self.steps)


def claim_in_review(session: Session, claim_id: uuid.UUID, version: int | None) -> Routable:
    """Lock the claim. NotFound, Conflict (stale version, not in review), GuardFailed (on hold)."""
    found = locked(session, [claim_id])
    if not found:
        raise NotFound("claim_missing", "没有这一案件，或不在您的管辖范围内", remedy="核对案件编号")
    [claim] = found
    seen = session.execute(sa.text("SELECT version FROM claim WHERE id = :id"), {"id": claim_id}).scalar_one()
    if version is not None and version != seen:
        raise Conflict("stale_version", f"记录已被他人更新（您看到第{version}版，现为第{seen}版）",
                       remedy="刷新后核对变动，再办理")
    if claim.state != IN_REVIEW:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不在审核中", remedy="刷新后核对案件状态")
    if claim.held:
        raise GuardFailed("on_hold", "案件已暂停办理", remedy="先解除暂停", field="held")
    return claim


def sit_down(session: Session, *, claim_id: uuid.UUID, version: int | None, shown: uuid.UUID | str | None = None,
             actor: Actor, now: datetime) -> Desk:
    """The open level, which must be the actor's: role and organisation match, and nobody else has taken it.

    `shown`: the level that the actor was shown, where that is known (see `check_shown`).
    """
    claim = claim_in_review(session, claim_id, version)
    step, steps = open_step(session, claim_id)
    if actor.person_id is None:
        raise NotPermitted("person_unknown", f"{actor.name} 的账户没有关联到人员，不能审核", remedy="请管理员关联人员")
    if not actor.has(step.role) or not step.duty_key.startswith(actor.org_key):
        raise NotPermitted("not_your_level", f"现在由{role_words([step.role])}办理，不由 {actor.name} 办理",
                           remedy=f"请该组织的{role_words([step.role])}办理")
    check_shown(step, shown)
    held = holder(session, step.id, business_day(now))
    if held is not None and not held.is_one_of(actor):
        raise Conflict("taken_by_another", f"{held.name} 已领取这一任务", remedy="请其退回或转交；组织负责人可写明理由收回")
    return Desk(claim, step, steps)


def check_shown(step: Step, shown: uuid.UUID | str | None) -> None:
    """Conflict when another level is open than the actor was shown: a pass moves neither the claim's version nor its digest, and
    whoever stands at two levels would pass the second unseen.
    """
    if shown and str(shown) != str(step.id):
        raise Conflict("level_moved", "您打开的那一级已办理，现在待办的是另一级", remedy="刷新后核对本级所见，再办理")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who took a level."""

    account_id: uuid.UUID
    person_id: uuid.UUID | None
    name: str

    def is_one_of(self, actor: Actor) -> bool:
        """The actor's own, or that of an absent colleague whose substitute the actor is."""
        return self.account_id == actor.account_id or self.person_id in actor.persons


_HOLDER = sa.text(bound(f"""
    SELECT a.id, a.person_id, a.name FROM review_step s JOIN claim c ON c.id = s.claim_id JOIN account a ON a.id = s.taken_by
    WHERE s.id = :id AND starts_with(s.duty_key, a.org_key) AND {able("s")}"""))


def holder(session: Session, step_id: uuid.UUID, on: date) -> Holder | None:
    """The account at a level; None while nobody has taken it, or whoever did may not act there (any more): the leave is over,
    the role or the account gone, a relation to the claimant known since.
    """
    row = session.execute(_HOLDER, {"id": step_id, "today": on}).first()
    return Holder(*row) if row else None


def open_step(session: Session, claim_id: uuid.UUID) -> tuple[Step, list[Step]]:
    """The open level and all of the round. Conflict when none is open."""
    steps = steps_of(session, [claim_id])[claim_id]
    step = next((step for step in steps if step.state == "open"), None)
    if step is None:
        raise Conflict("no_open_level", "没有待办的审核层级", remedy="刷新后核对审核进度")
    return step, steps


_SIGN = sa.text("""
    UPDATE review_step SET seen_digest = :seen, recommends = :recommends, reason = :reason, done_by = :account,
        done_person = :person, done_at = :now, taken_by = NULL WHERE id = :id""")


def sign(session: Session, step_id: uuid.UUID, values: Mapping[str, object]) -> None:
    """Write who acted on the level and what they were shown; the guards of the move read it."""
    session.execute(_SIGN, {"id": step_id, **values})


def set_taker(session: Session, step_id: uuid.UUID, account: uuid.UUID | None) -> None:
    """Write who is at a level; nobody when it is given back."""
    session.execute(sa.text("UPDATE review_step SET taken_by = CAST(:account AS uuid) WHERE id = :id"),
                    {"account": account, "id": step_id})
