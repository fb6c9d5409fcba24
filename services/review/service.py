"""The verbs of review: route, take, pass, refuse, return, hold, escalate."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, Role, system
from services.benefit import queries as worksheets
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.core.money import to_yuan
from services.core.settings import settings
from services.intake.queries import require_processing
from services.lifecycle.apart import require_apart
from services.lifecycle.service import Move, fire
from services.outbox import service as outbox
from services.outbox.service import Work
from services.review import chain, looks, staffing
from services.review.chain import Routable, Step
from services.review.deciding import Decided, decide, refuse_claim
from services.review.desk import IN_REVIEW, Desk, set_taker, sign, sit_down
from services.review.handing import delegate, drop, take, take_over
from services.review.inputs import answer_exclusion, set_amount
from services.review.looks import look
from services.review.phrases import add_phrase, retire_phrase
from services.review.queries import closable, unstaffed
from services.review.regrading import regrade
from services.review.rules import HOLDS, REASONS, REFUSALS, RETURNS, check_reason, check_recommendation

__all__ = ["Passed", "Routed", "add_phrase", "answer_exclusion", "close", "delegate", "drop", "escalate", "hold", "look",
           "pass_level", "refuse", "regrade", "resume_waiting", "retire_phrase", "route", "send_back", "send_down",
           "set_amount", "take", "take_over", "unhold"]


@dataclass(frozen=True, slots=True)
class Routed:
    """Claims now in review, and those left where they were with the reason code."""

    routed: tuple[uuid.UUID, ...]
    left: dict[uuid.UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass led to: the next level, or the decision in fen; neither on the insurer's route."""

    level: str
    next_level: str | None = None
    decided_fen: int | None = None


def route(session: Session, *, claim_ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> Routed:
    """Lay out (or grow) the chains by the current worksheets, move to `in_review` and open the first level.

    A claim that is not verified (any more) or held is left. GuardFailed, and nothing moves: a worksheet is stale, or a
    level has nobody up to the root (the flow then tries claim by claim, and again later).
    """
    claims = chain.locked(session, claim_ids)
    left = {claim.id: "on_hold" if claim.state == "verified" else "not_verified" for claim in claims
            if claim.held or claim.state != "verified"}
    ready = [claim for claim in claims if claim.id not in left]
    amounts = _amounts(session, ready)
    root = _system()
    chain.refresh(session, ready, actor=root, now=now)
    chain.grow(session, ready, amounts, actor=root, now=now)
    _refuse_unstaffed(session, chain.restaff(session, ready, actor=root, now=now))
    going = [claim.id for claim in ready]
    fire(session, "claim", "route", [Move(claim_id) for claim_id in going], actor=actor, now=now)
    opened = chain.open_next(session, going, actor=root, now=now)
    # Every level stands from before: what follows the last pass is owed again.
    outbox.add(session, [Work("review_step.pass", claim.org_key, claim.id) for claim in ready
                         if claim.id not in opened], now=now)
    return Routed(tuple(going), left)


def _amounts(session: Session, claims: Sequence[Routable]) -> dict[uuid.UUID, Decimal]:
    """Yuan of each claim's current worksheet, by which its levels are chosen."""
    sheets = worksheets.latest(session, [claim.id for claim in claims])
    for claim in claims:
        if claim.id not in sheets or sheets[claim.id].facts_digest != claim.digest:
            raise GuardFailed("worksheet_stale", "核算表与现有事实不一致，须重新核算", remedy="重新核算后再分派", field="worksheet")
    return {claim.id: to_yuan(sheets[claim.id].total_fen + sheets[claim.id].refund_fen) for claim in claims}


def _refuse_unstaffed(session: Session, unstaffed: Collection[uuid.UUID]) -> None:
    if not unstaffed:
        return
    numbers = session.execute(sa.text("SELECT claim_no FROM claim WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY claim_no"),
                              {"ids": list(unstaffed)}).scalars()
    raise GuardFailed("level_without_person", f"有审核层级直至最上级组织均无可办理人：{'、'.join(numbers)}",
                      remedy="请管理员为该层级或上级组织配备人员", field="levels_without_person")


def pass_level(session: Session, *, claim_id: uuid.UUID, version: int | None = None, step: uuid.UUID | str | None = None,
               seen: str, recommends: str | None = None, reason: str | None = None, actor: Actor, now: datetime) -> Passed:
    """Pass the open level; the office's last level decides under the cover's lock.

    `seen`: the digest of the facts the actor was shown; `step`: the level the actor was shown, or any. Errors: NotPermitted
    (not this actor's level), GuardFailed (separation, hold, changed facts, papers open, nothing to pay), Conflict (stale
    version, another level).
    """
    check_recommendation(recommends, reason)
    desk = sit_down(session, claim_id=claim_id, version=version, shown=step, actor=actor, now=now)
    sign(session, desk.step.id, _signature(actor, now, seen=seen, recommends=recommends, reason=reason))
    looks.record(session, claim_id=claim_id, act="pass", actor=actor, now=now)
    details = {"level": desk.step.level, **({"recommends": recommends} if recommends else {})}
    fire(session, "review_step", "pass", [Move(desk.step.id, reason=reason, details=details)], actor=actor, now=now)
    if desk.last and desk.claim.route == "office":
        decided = decide(session, desk.claim, reason=reason, actor=actor, root=_system(), now=now)
        if isinstance(decided, Decided):
            return Passed(desk.step.level, decided_fen=decided.amount_fen)
    following = chain.open_next(session, [claim_id], actor=_system(), now=now).get(claim_id)
    return Passed(desk.step.level, next_level=following.level if following else None)


def refuse(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str, clause: str,
           seen: str | None = None, actor: Actor, now: datetime) -> None:
    """Refuse at the deciding level, with reason code and clause (保险法24). Not on the insurer's route (保险法23)."""
    check_reason(reason, REFUSALS)
    if not clause.strip():
        raise InputError("clause_missing", "不予给付须写明依据的条款", remedy="填写条款", field="clause")
    desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    if desk.claim.route != "office":    # said before the role is asked for: no role may
        raise GuardFailed("not_office_route", "本计划由保险公司作出决定，工会不作给付或拒付决定",
                          remedy="可退回补正，或证明后移送", field="route")
    refuse_at(session, desk, reason=reason, clause=clause, seen=seen, actor=actor, now=now)


def refuse_at(session: Session, desk: Desk, *, reason: str, clause: str, seen: str | None = None, actor: Actor, now: datetime) -> None:
    """Decide at the desk that nothing (more) is paid, for a reason that the caller has checked."""
    sign(session, desk.step.id, _signature(actor, now, seen=seen or desk.claim.digest, reason=reason))
    looks.record(session, claim_id=desk.claim.id, act="refuse", actor=actor, now=now)
    fire(session, "review_step", "refuse", [Move(desk.step.id, reason=reason, details={"clause": clause})],
         actor=actor, now=now)
    refuse_claim(session, desk.claim, reason=reason, clause=clause, actor=actor, now=now)


def send_down(session: Session, *, claim_id: uuid.UUID, version: int | None = None, to_level: str, reason: str, actor: Actor,
              now: datetime) -> None:
    """Return the file to a lower level. Levels between stand unless the facts changed since they passed."""
    check_reason(reason, RETURNS)
    desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    target = next((step for step in desk.steps if step.level == to_level and step.ordinal < desk.step.ordinal
                   and step.state == "passed"), None)
    if target is None:
        lower = "、".join(step.level for step in desk.steps if step.ordinal < desk.step.ordinal)
        raise InputError("level_unknown", f"不能退回到“{to_level}”", remedy=f"可退回到：{lower or '无'}", field="to_level")
    looks.record(session, claim_id=claim_id, act="send_down", actor=actor, now=now)
    fire(session, "review_step", "send_down", [Move(desk.step.id, reason=reason, details={"to": to_level})],
         actor=actor, now=now)
    between = [step for step in desk.steps if target.ordinal < step.ordinal < desk.step.ordinal
               and step.state == "passed" and step.seen_digest != desk.claim.digest]
    fire(session, "review_step", "reset", [Move(step.id, reason=reason) for step in between], actor=_system(), now=now)
    fire(session, "review_step", "reopen", [Move(target.id, reason=reason, details={"from": desk.step.level})],
         actor=_system(), now=now)
    set_taker(session, desk.step.id, None)


def send_back(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
              now: datetime) -> None:
    """Return the claim to the papers stage; the chain stays for when it comes back."""
    check_reason(reason, RETURNS)
    desk: Desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    looks.record(session, claim_id=claim_id, act="send_back", actor=actor, now=now)
    set_taker(session, desk.step.id, None)
    fire(session, "review_step", "send_down", [Move(desk.step.id, reason=reason)], actor=_system(), now=now)
    fire(session, "claim", "send_back", [Move(claim_id, reason=reason)], actor=actor, now=now)


def hold(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor,
         now: datetime) -> None:
    """Stop routing, decision, hand-over and payment of a claim; the clocks run on."""
    check_reason(reason, HOLDS)
    fire(session, "claim", "hold", [Move(claim_id, version=version, reason=reason)], actor=actor, now=now)
    _set_hold(session, claim_id, reason)


def unhold(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str = "hold_over", actor: Actor,
           now: datetime) -> None:
    """Let a held claim go on; the flow that the hold stopped is owed again."""
    check_reason(reason, REASONS)
    require_processing(session, claim_id)
    fire(session, "claim", "unhold", [Move(claim_id, version=version, reason=reason)], actor=actor, now=now)
    _set_hold(session, claim_id, None)


def _set_hold(session: Session, claim_id: uuid.UUID, reason: str | None) -> None:
    """Conflict when it is so already: a second hold would hide who stopped the claim, and why."""
    done = session.execute(sa.text("UPDATE claim SET held = NOT held, hold_reason = :reason WHERE id = :id AND held = :was RETURNING id"),
                           {"reason": reason, "id": claim_id, "was": reason is None})
    if done.first() is None:
        raise Conflict("held_already", "案件已经暂停", remedy="先解除暂停，再以新的理由暂停") if reason else Conflict(
            "not_held", "案件没有暂停", remedy="无须解除")


def escalate(session: Session, *, step_ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Hand open levels up to the next organisation with an eligible person; gives those that moved.

    For the sweep of breached level clocks (system), and for a head who takes work off an office.
    """
    if not actor.has(Role.SYSTEM, Role.SENIOR_REVIEWER, Role.HEAD):
        raise NotPermitted("event_not_permitted", f"{actor.name} 不能上报审核层级", remedy="请由办事处主任办理")
    claim_ids = session.execute(sa.text(
        "SELECT DISTINCT claim_id FROM review_step WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": list(step_ids)})
    claims = [claim for claim in chain.locked(session, claim_ids.scalars().all()) if claim.state == IN_REVIEW]
    for claim in claims:
        require_apart(session, [claim.id], actor)
    steps: list[Step] = [step for rows in chain.steps_of(session, [claim.id for claim in claims]).values()
                         for step in rows if step.id in set(step_ids) and step.state == "open"]
    paths = staffing.paths(session, [step.org_key for step in steps])
    openings = [step.opening(paths[step.org_key], above=True) for step in steps]
    found = staffing.staff(session, openings, business_day(now))
    moved = [(opening, post) for opening in openings if (post := found[opening.step_id])]
    staffing.hand_up(session, moved, why="level_overdue", actor=actor, now=now)
    return [opening.step_id for opening, _ in moved]


# A worker may die between handing up and letting go of the row that owed it: the record says that it was done.
_HANDED_UP = sa.text("""
    SELECT a.subject_id FROM sla_clock k JOIN audit_record a ON a.chain_id = k.claim_id AND a.machine = 'review_step'
        AND a.event = 'escalate' AND a.account_id IS NULL AND a.subject_id::text = k.subject AND a.at >= k.breached_at
    WHERE k.kind = 'level' AND k.claim_id = ANY(CAST(:claims AS uuid[])) AND a.record ->> 'reason' = 'level_overdue'""")


def escalate_overdue(session: Session, *, step_ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> list[uuid.UUID]:
    """`escalate` for levels past their days: each breach hands its level up once, however often it is owed."""
    claims = session.execute(sa.text("SELECT DISTINCT claim_id FROM review_step WHERE id = ANY(CAST(:ids AS uuid[]))"),
                             {"ids": list(step_ids)}).scalars().all()
    chain.locked(session, claims)
    done = set(session.execute(_HANDED_UP, {"claims": list(claims)}).scalars())
    return escalate(session, step_ids=[one for one in step_ids if one not in done], actor=actor, now=now)


def resume_waiting(session: Session, *, actor: Actor, now: datetime, limit: int = 500) -> list[uuid.UUID]:
    """Claims in review whose next level nobody may take: hand it up the tree, or open it since somebody came.

    For the sweep; gives the claims that go on. Those that have nobody up to the root stay, and `queries.unstaffed` says so.
    """
    actor.require(Role.SYSTEM, Role.SENIOR_REVIEWER, Role.HEAD, what="上报审核层级")
    found = [row.claim_id for row in unstaffed(session, on=business_day(now), limit=limit)]
    claims = [claim for claim in chain.locked(session, found) if claim.state == IN_REVIEW and not claim.held]
    chain.restaff(session, claims, actor=_system(), now=now)
    chain.open_next(session, [claim.id for claim in claims], actor=_system(), now=now)
    still = {row.claim_id for row in unstaffed(session, on=business_day(now), limit=limit)}
    return [claim.id for claim in claims if claim.id not in still]


def close(session: Session, *, actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Close every paid or refused claim with its letters delivered, its objection window over and nothing open."""
    ready = closable(session, business_day(now))
    fire(session, "claim", "close", [Move(claim_id) for claim_id in ready], actor=actor, now=now)
    return ready


def _signature(actor: Actor, now: datetime, *, seen: str, recommends: str | None = None,
               reason: str | None = None) -> dict[str, object]:
    if actor.account_id is None:
        raise Conflict("account_missing", "审核须由登录的人员办理", remedy="请登录后办理")
    return {"seen": seen, "recommends": recommends, "reason": reason, "account": actor.account_id,
            "person": actor.person_id, "now": now}


def _system() -> Actor:
    return system(settings().root_org)
