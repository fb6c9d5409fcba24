"""A reviewer's amounts where the plan publishes none, and answers to its exclusion questions.

They stand on the claim (`claim.inputs`) for the round, enter the next worksheet and the facts' digest, so that whoever
passes a level was shown them; old value, new value and reason go on the claim's record. Who set an amount does not take
the decision.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session

from services.access import standing
from services.access.actor import REVIEWERS, Actor, system
from services.audit import service as audit
from services.audit.chain import Entry
from services.benefit import queries as worksheets
from services.benefit import service as benefit_service
from services.core.errors import GuardFailed, InputError, NotPermitted
from services.core.money import show, to_fen, to_yuan
from services.core.settings import settings
from services.engine.conditions import expand
from services.intake.queries import present_digest
from services.lifecycle.service import Move, fire
from services.models import Claim, Worksheet
from services.review import chain, looks
from services.review.desk import Desk, set_taker, sit_down
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Manual
from services.rulebook.values import nearest

Answer = bool | Literal["suspected"]
MANUAL, EXCLUSIONS = "manual", "exclusions"


@dataclass(frozen=True, slots=True)
class _Change:
    """What is set: under `kind` for `name`, in the shape of the computation, with its words for the record."""

    kind: str
    name: str
    value: dict[str, object]
    event: str
    said: str
    reason: str


def set_amount(session: Session, *, claim_id: uuid.UUID, version: int | None = None, benefit: str, amount: Decimal,
               reason: str, actor: Actor, now: datetime) -> Worksheet:
    """Set the amount (yuan) of a benefit that the plan leaves to a reviewer; setting it again replaces it.

    Gives the new worksheet; levels that the amount asks for join the chain. Errors: InputError (no such benefit, not
    owed on these facts, above the ceiling), NotPermitted (not this actor's level), GuardFailed (separation, hold,
    insurer's route), Conflict (stale version, taken by another).
    """
    desk = reviewer_at(session, claim_id, version, reason, "核定金额", actor, now)
    book = desk.claim.book
    by_hand = [name for name, rule in book.benefits.items() if any(isinstance(step, Manual) for step in rule.steps)]
    if benefit not in by_hand:
        near = nearest(benefit, by_hand)
        raise InputError("benefit_not_manual", f"“{benefit}”不是须人工核定的待遇", field="benefit",
                         remedy=f"是否应为 {near}？" if near else f"可核定：{'、'.join(by_hand) or '无'}")
    _check_amount(session, claim_id, benefit, amount)
    change = _Change(MANUAL, benefit, {"amount": show(amount), "reason": reason}, "set_amount",
                     f"核定{book.benefits[benefit].name} {show(amount)} 元", reason)
    return _apply(session, desk, change, actor, now)


def answer_exclusion(session: Session, *, claim_id: uuid.UUID, version: int | None = None, exclusion: str, answer: Answer,
                     reason: str, actor: Actor, now: datetime) -> Worksheet:
    """Answer one exclusion question of the plan: true (excluded), false, or "suspected"; answering again replaces it.

    Gives the new worksheet. Errors as of `set_amount`.
    """
    desk = reviewer_at(session, claim_id, version, reason, "答复除外责任", actor, now)
    asked = exclusions_of(desk.claim.book)
    if exclusion not in asked:
        near = nearest(exclusion, asked)
        raise InputError("exclusion_unknown", f"本计划没有除外责任“{exclusion}”", field="exclusion",
                         remedy=f"是否应为 {near}？" if near else f"可答：{'、'.join(asked) or '无'}")
    words = {True: "属于", False: "不属于", "suspected": "疑似"}[answer]
    change = _Change(EXCLUSIONS, exclusion, {"answer": answer, "reason": reason}, "answer_exclusion",
                     f"除外责任 {exclusion}：{words}", reason)
    return _apply(session, desk, change, actor, now)


def exclusions_of(book: RuleBook, benefits: Collection[str] | None = None) -> list[str]:
    """The ids of the exclusions that the plan and these of its benefits (all, when none are named) name, each once."""
    rules = [rule for name, rule in book.benefits.items() if benefits is None or name in benefits]
    named = (*book.exclusions, *(name for rule in rules for name in rule.exclusions))
    return list(dict.fromkeys(expand(named)))


def check_two_eyes(session: Session, claim_id: uuid.UUID, actor: Actor) -> None:
    """GuardFailed when the one about to decide (or whom that one stands for) set an amount or a grade of this round."""
    acts = set(session.execute(sa.text(
        "SELECT d.act FROM deciding_person d JOIN claim c ON c.id = d.claim_id AND c.round = d.round WHERE c.id = :claim"
        " AND d.act IN ('amount', 'regrade') AND d.person_id = ANY(CAST(:persons AS uuid[]))"),
        {"claim": claim_id, "persons": list(actor.persons)}).scalars())
    if "amount" in acts:
        raise GuardFailed("amount_by_decider", "核定金额的人不能作出本案的给付决定",
                          remedy="放回任务，由同级其他人员或上级办理", field="manual")
    if acts:
        raise GuardFailed("grade_by_decider", "更正病情分级的人不能作出本案的给付决定",
                          remedy="放回任务，由同级其他人员或上级办理", field="regraded")


def reviewer_at(session: Session, claim_id: uuid.UUID, version: int | None, reason: str, what: str, actor: Actor,
                now: datetime) -> Desk:
    """The reviewer's own open level. Taking it up asks the machine whether separation lets this person act."""
    actor.require(*sorted(REVIEWERS), what=what)
    if not reason.strip():
        raise InputError("reason_missing", f"{what}须写明理由", remedy="补上理由", field="reason")
    desk = sit_down(session, claim_id=claim_id, version=version, actor=actor, now=now)
    if desk.claim.route != "office":
        raise GuardFailed("not_office_route", "本计划由保险公司核定", remedy="证明后移送", field="route")
    if desk.step.act != "review":
        raise NotPermitted("not_your_level", f"现在这一级只作证明，不能{what}", remedy="证明后由审核层级办理")
    fire(session, "review_step", "take", [Move(desk.step.id)], actor=actor, now=now)
    set_taker(session, desk.step.id, actor.account_id)
    return desk


def _apply(session: Session, desk: Desk, change: _Change, actor: Actor, now: datetime) -> Worksheet:
    """Write the input, move the digest on, compute anew, grow the chain, record old and new."""
    claim = session.get_one(Claim, desk.claim.id, populate_existing=True)
    before = worksheets.latest(session, [claim.id]).get(claim.id)
    held = claim.inputs.get(change.kind, {})
    row = {**change.value, "round": claim.round, "person": str(actor.person_id), "account": str(actor.account_id),
           "at": now.isoformat()}
    old = held.get(change.name)
    claim.inputs = {**claim.inputs, change.kind: {**held, change.name: row}}
    claim.digest = present_digest(session, claim)
    session.add(claim)
    session.flush()
    [sheet] = benefit_service.preview(session, claim_ids=[claim.id], why=f"{change.said}。理由：{change.reason}", actor=actor, now=now)
    total = to_yuan(sheet.total_fen + sheet.refund_fen)
    chain.grow(session, [desk.claim], {claim.id: total}, actor=system(settings().root_org), now=now)
    key = "amount" if change.kind == MANUAL else "answer"
    details = {change.kind: change.name, "old": old[key] if old and old["round"] == claim.round else None,
               "new": change.value[key], "worksheet": str(sheet.id), "total": show(total),
               "total_before": show(to_yuan(before.total_fen + before.refund_fen)) if before else None}
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, change.event, reason=change.reason,
                                 details=details)], account=actor.account_id, person=actor.person_id, at=now)
    if change.kind == MANUAL:
        standing.note(session, "claim", "set_amount", [(claim.org_key, claim.id, claim.id)], actor=actor, now=now)
        hand_on(session, desk, actor, now)
    looks.record(session, claim_id=claim.id, act=change.event, actor=actor, now=now)
    return sheet


def hand_on(session: Session, desk: Desk, actor: Actor, now: datetime) -> None:
    """Who set an amount or a grade at the level that decides gives it back at once, for a colleague to decide; where there is
    none, the level goes up.
    """
    decides = session.execute(sa.text("SELECT decides FROM review_step WHERE id = :id"), {"id": desk.step.id}).scalar_one()
    if decides:
        fire(session, "review_step", "drop", [Move(desk.step.id)], actor=actor, now=now)
        set_taker(session, desk.step.id, None)
    chain.restaff(session, [desk.claim], actor=system(settings().root_org), now=now)


def _check_amount(session: Session, claim_id: uuid.UUID, benefit: str, amount: Decimal) -> None:
    """It is money, the benefit waits for it on these facts, and it stays under the ceiling. Zero is an answer too."""
    if amount < 0:
        raise InputError("amount_negative", "核定金额不能为负", remedy="不给付的写 0", field="amount")
    to_fen(amount)      # refuses parts of a fen
    basis = worksheets.bases(session, [claim_id])[claim_id]
    line = next((line for line in worksheets.waiting_lines(basis) if line.benefit == benefit), None)
    if line is None:
        raise InputError("benefit_not_owed", f"按现有事实不给付“{benefit}”，不必核定金额", remedy="核对核算表", field="benefit")
    if line.ceiling is not None and amount > line.ceiling:
        raise InputError("amount_above_ceiling", f"核定金额 {show(amount)} 超过上限 {show(line.ceiling)}（{line.clause}）",
                         remedy="核定金额不得超过上限", field="amount")
