"""Who is at a level: taken, given back, handed to a named colleague, taken over by the head."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlmodel import Session

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import GuardFailed, InputError, NotPermitted
from services.lifecycle.apart import require_apart
from services.lifecycle.service import Move, fire
from services.review import staffing
from services.review.chain import Routable, Step
from services.review.desk import claim_in_review, holder, open_step, set_taker, sit_down
from services.review.ladder import Post
from services.review.queries import colleagues


def take(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> None:
    """Take the open level, so that colleagues see who is at it; a substitute may take it from the absent colleague.

    GuardFailed when separation forbids it, Conflict when somebody else has it.
    """
    desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    fire(session, "review_step", "take", [Move(desk.step.id)], actor=actor, now=now)
    set_taker(session, desk.step.id, actor.account_id)


def drop(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> None:
    """Give a taken level back."""
    desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    fire(session, "review_step", "drop", [Move(desk.step.id)], actor=actor, now=now)
    set_taker(session, desk.step.id, None)


def delegate(session: Session, *, claim_id: uuid.UUID, version: int | None = None, to_account: uuid.UUID, reason: str,
             actor: Actor, now: datetime) -> None:
    """Hand the open level to a colleague of its duty organisation, by whoever has taken it or by the head there.

    Errors: NotPermitted (neither holder nor head), InputError (no reason; not one of `queries.colleagues`), Conflict,
    GuardFailed (on hold).
    """
    why = _reason(reason, "转交")
    claim = claim_in_review(session, claim_id, version)
    step, _ = open_step(session, claim_id)
    require_apart(session, [claim_id], actor)
    held = holder(session, step.id, business_day(now))
    if not (held is not None and held.is_one_of(actor)) and not _is_head(actor, step):
        raise NotPermitted("not_the_holder", "只有领取人本人、其代理人或该组织负责人可以转交", remedy="先领取任务，或请负责人转交")
    if held is not None and held.account_id == to_account:
        raise InputError("same_holder", "任务已在此人处", remedy="换一位同事", field="to_account")
    able = {colleague.account_id: colleague for colleague in colleagues(session, claim_id, on=business_day(now))}
    if to_account not in able:
        raise InputError("colleague_not_eligible", "此人不能办理这一层级（不在该组织、没有该角色或须回避）",
                         remedy=f"可转交：{'、'.join(one.name for one in able.values()) or '无'}", field="to_account")
    set_taker(session, step.id, to_account)
    _say(session, claim, step, "delegate", why, {"from": held.name if held else None, "to": able[to_account].name,
                                                 "to_account": str(to_account)}, actor, now)


def take_over(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
              now: datetime) -> None:
    """The head of the duty organisation (or of one above) takes the open level, from whoever has it, with a reason.

    The level becomes the head's own. Errors: NotPermitted (no head there), GuardFailed (separation; a later level would
    be left without anybody), InputError (no reason), Conflict.
    """
    why = _reason(reason, "收回")
    claim = claim_in_review(session, claim_id, version)
    step, steps = open_step(session, claim_id)
    if not _is_head(actor, step):
        raise NotPermitted("not_the_head", "只有该组织（或其上级组织）的负责人可以收回任务", remedy="请负责人办理")
    held = holder(session, step.id, business_day(now))
    path = staffing.paths(session, [step.org_key])[step.org_key]
    above = [later.opening(path) for later in steps if later.ordinal > step.ordinal and later.state == "waiting"]
    if None in staffing.staff(session, above, business_day(now), but=actor.persons).values():
        raise GuardFailed("level_without_person", "由您办理本级后，以上层级再无可办理人", remedy="转交给其他同事办理",
                          field="levels_without_person")
    place = next(org for org in path if org.key == actor.org_key)
    staffing.assign(session, [(step.id, Post(place, Role.HEAD.value))])
    fire(session, "review_step", "take", [Move(step.id)], actor=actor, now=now)
    set_taker(session, step.id, actor.account_id)
    _say(session, claim, step, "take_over", why, {"from": held.name if held else None, "to": place.key,
                                                  "role": Role.HEAD.value}, actor, now)


def _is_head(actor: Actor, step: Step) -> bool:
    return actor.has(Role.HEAD) and step.duty_key.startswith(actor.org_key)


def _reason(reason: str, what: str) -> str:
    if not reason.strip():
        raise InputError("reason_missing", f"{what}须写明理由", remedy="补上理由", field="reason")
    return reason.strip()


def _say(session: Session, claim: Routable, step: Step, event: str, reason: str, details: dict[str, object], actor: Actor,
         now: datetime) -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "review_step", step.id, event, reason=reason,
                                 details={"level": step.level, **details})],
                 account=actor.account_id, person=actor.person_id, at=now)
