"""A claim that is a duplicate or a mistake: one person says so, another confirms, then it is cancelled (STATES, `cancel`)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import OFFICE, REVIEWERS, Actor, Role, system
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound
from services.core.settings import settings
from services.intake import advances
from services.intake.queries import claim_for
from services.intake.reserved import free, require_nothing_kept
from services.lifecycle.apart import require_apart
from services.lifecycle.service import Move, fire
from services.models import CancelRequest, Claim, Objection, ReviewStep
from statemachines.states import ClaimState, ObjectionState, ReviewState
from statemachines.words import state_words

GROUNDS = ("duplicate", "mistake")
CANCELLED_FROM = frozenset({ClaimState.REPORTED, ClaimState.SUPPLEMENTING, ClaimState.VERIFIED, ClaimState.IN_REVIEW})
MAY_ASK = (Role.UNIT_CLERK, *sorted(REVIEWERS))
MAY_CONFIRM = tuple(sorted(OFFICE))
_LIVE = (ReviewState.WAITING, ReviewState.OPEN, ReviewState.PASSED)


def ask_cancel(session: Session, *, claim_id: uuid.UUID, version: int | None = None, ground: str, reason: str, actor: Actor,
               now: datetime) -> CancelRequest:
    """Say that a claim is a duplicate or was made by mistake. Nothing is cancelled yet."""
    actor.require(*MAY_ASK, what="提出注销案件")
    if ground not in GROUNDS:
        raise InputError("cancel_ground", f"不认识的注销原因“{ground}”", remedy=f"可用：{'、'.join(GROUNDS)}", field="ground")
    if not reason.strip():
        raise InputError("reason_missing", "注销须写明理由", remedy="补上理由", field="reason")
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    if version is not None and version != claim.version:
        raise Conflict("stale_version", "案件已被他人更新", remedy="刷新后核对变动，再办理")
    require_apart(session, [claim.id], actor)
    if claim.state not in CANCELLED_FROM:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能注销", remedy="已决定的案件按更正办理")
    require_free(session, [claim.id])
    if _open_request(session, claim.id):
        raise Conflict("cancel_asked", "已有人提出注销，等待另一人确认", remedy="由办事处另一人确认")
    asked = CancelRequest(org_key=claim.org_key, claim_id=claim.id, ground=ground, reason=reason.strip(), asked_by=actor.account_id,
                          asked_person=actor.person_id, asked_at=now)
    session.add(asked)
    session.flush()
    _record(session, claim, asked, "ask_cancel", actor, now)
    standing.note(session, "claim", "ask_cancel", [(claim.org_key, claim.id, asked.id)], actor=actor, now=now)
    return asked


def confirm_cancel(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> Claim:
    """Another person of the office agrees: the claim is cancelled, review ends, clocks stop."""
    actor.require(*MAY_CONFIRM, what="确认注销案件")
    claim, asked = _asked(session, claim_id, actor)
    standing.require_second(session, asked.id, asked.asked_person, actor=actor)
    require_apart(session, [claim.id], actor)
    asked.confirmed_by, asked.confirmed_person, asked.confirmed_at = actor.account_id, actor.person_id, now
    session.add(asked)
    session.flush()
    cancel(session, [claim.id], outcome=asked.ground, reason=asked.reason, version=version, actor=actor, now=now)
    session.refresh(claim)
    return claim


def drop_request(session: Session, *, claim_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> None:
    """The request was wrong: it is taken back, with the reason, and the claim goes on."""
    actor.require(*MAY_ASK, what="撤回注销")
    if not reason.strip():
        raise InputError("reason_missing", "撤回注销须写明理由", remedy="补上理由", field="reason")
    claim, asked = _asked(session, claim_id, actor)
    require_apart(session, [claim.id], actor)
    asked.withdrawn_at = now
    session.add(asked)
    session.flush()
    _record(session, claim, asked, "drop_cancel", actor, now, reason=reason)


def _asked(session: Session, claim_id: uuid.UUID, actor: Actor) -> tuple[Claim, CancelRequest]:
    """The claim, locked, and what was asked of it."""
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    asked = _open_request(session, claim.id)
    if asked is None:
        raise NotFound("cancel_not_asked", "没有待确认的注销", remedy="核对案件；注销先由一人提出")
    return claim, asked


def cancel(session: Session, claim_ids: Sequence[uuid.UUID], *, outcome: str, reason: str, version: int | None = None,
           actor: Actor, now: datetime) -> None:
    """Cancel claims that two persons (the caller has made sure) call one ground; levels are void, holds fall away.

    Conflict: see `require_free`.
    """
    fire(session, "claim", "cancel", [Move(claim_id, version, reason=reason, facts={"two_persons": True},
                                           details={"ground": outcome}) for claim_id in claim_ids], actor=actor, now=now)
    require_free(session, claim_ids)
    end(session, claim_ids, outcome=outcome, reason=reason, now=now)


def require_free(session: Session, claim_ids: Sequence[uuid.UUID]) -> None:
    """Whether the office may cancel these. Conflict: paid and not asked back; an objection was taken up, which is owed its answer."""
    require_nothing_kept(session, claim_ids)
    if session.exec(select(Objection.id).where(col(Objection.claim_id).in_(list(claim_ids)),
                                               Objection.state == ObjectionState.ACCEPTED)).first():
        raise Conflict("objection_open", "本案的异议已受理，须作出决定答复，不能注销",
                       remedy="按异议重新审核后决定；异议人书面撤回异议后方可注销")


def end(session: Session, claim_ids: Sequence[uuid.UUID], *, outcome: str, reason: str, now: datetime) -> None:
    """What a cancelled claim leaves behind: levels void, no hold, its outcome, nothing taken of its cover.

    Conflict `cancel_after_payment`: an earlier round's payment was not asked back.
    """
    require_nothing_kept(session, claim_ids)
    steps = session.exec(select(ReviewStep.id).where(col(ReviewStep.claim_id).in_(list(claim_ids)),
                                                     col(ReviewStep.state).in_(_LIVE)).order_by(col(ReviewStep.id))).all()
    fire(session, "review_step", "void", [Move(step, reason=reason) for step in steps], actor=system(settings().root_org), now=now)
    session.execute(sa.update(Claim).where(col(Claim.id).in_(list(claim_ids))).values(held=False, hold_reason=None, outcome=outcome))
    advances.deduct(session, given=dict.fromkeys(claim_ids, 0), actor=system(settings().root_org), now=now)
    free(session, claim_ids)


def _open_request(session: Session, claim_id: uuid.UUID) -> CancelRequest | None:
    return session.exec(select(CancelRequest).where(
        CancelRequest.claim_id == claim_id, col(CancelRequest.confirmed_at).is_(None),
        col(CancelRequest.withdrawn_at).is_(None))).first()


def _record(session: Session, claim: Claim, asked: CancelRequest, event: str, actor: Actor, now: datetime, *,
            reason: str = "") -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, event, reason=reason or asked.reason,
                                 details={"ground": asked.ground})],
                 account=actor.account_id, person=actor.person_id, at=now)
