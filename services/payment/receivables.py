"""Money asked back after a later round found less than was paid: agreed with the member, received, or written off by two."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.benefit import returned
from services.core.errors import Conflict, InputError, NotFound
from services.core.money import show, to_fen, to_yuan
from services.core.texts import written
from services.intake.queries import claim_for
from services.ledger import service as ledger
from services.lifecycle.apart import require_apart
from services.lifecycle.service import Move, fire
from services.models import Decision, Receivable
from statemachines.states import ReceivableState
from statemachines.words import state_words

_FINANCE = (Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
_WRITES_OFF = (Role.FINANCE_CHECKER, Role.HEAD)


def agree(session: Session, *, receivable_id: uuid.UUID, version: int | None = None, agreement: str, actor: Actor,
          now: datetime) -> Receivable:
    """The member agreed to sum and days, in words (返还协议): open → agreed. Nothing is taken without it."""
    actor.require(Role.FINANCE_MAKER, what="登记返还协议")
    row = _locked(session, receivable_id, actor)
    if row.state == ReceivableState.OPEN:
        row.agreement = written(agreement, "agreement")
        session.add(row)
        session.flush()
    fire(session, "receivable", "agree", [Move(row.id, version=version, details={"agreement": agreement.strip()})], actor=actor, now=now)
    session.refresh(row)
    return row


def receive(session: Session, *, receivable_id: uuid.UUID, version: int | None = None, amount: Decimal, reference: str,
            actor: Actor, now: datetime) -> Receivable:
    """Yuan that came back, with the bank's serial; the last of it closes the matter and frees the cover of what was paid too much.

    InputError when it is more than owed.
    """
    actor.require(*_FINANCE, what="登记收到返还款")
    row = _locked(session, receivable_id, actor)
    if row.state != ReceivableState.AGREED:
        raise Conflict("event_not_allowed", f"应返还款现在是“{state_words('receivable', row.state)}”，不能登记收款",
                       remedy="先登记返还协议")
    if version is not None and version != row.version:
        raise Conflict("stale_version", "记录已被他人更新", remedy="刷新后再办理")
    fen = to_fen(amount)
    if not 0 < fen <= row.amount_fen - row.received_fen:
        rest = show(to_yuan(row.amount_fen - row.received_fen))
        raise InputError("receivable_amount", f"收款须大于零，且不超过未返还的 {rest} 元", remedy="核对金额", field="amount")
    row.received_fen += fen
    over = row.received_fen == row.amount_fen
    row.closed_at = now if over else None
    session.add(row)
    session.flush()
    ledger.recoveries(session, receivable_ids=[row.id], actor=actor, now=now)
    _record(session, row, "part_received", {"amount_fen": fen, "reference": written(reference, "reference")}, actor, now)
    if over:
        fire(session, "receivable", "receive", [Move(row.id)], actor=actor, now=now)
        session.refresh(row)
        returned.let_go(session, claim_ids=[row.claim_id], now=now)
    return row


def propose_write_off(session: Session, *, receivable_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> Receivable:
    """One person proposes to ask for it no longer; another must agree. Nobody of the member's family."""
    actor.require(*_FINANCE, Role.HEAD, what="提出免予返还")
    row = _locked(session, receivable_id, actor)
    if row.state not in (ReceivableState.OPEN, ReceivableState.AGREED):
        raise Conflict("event_not_allowed", f"应返还款现在是“{state_words('receivable', row.state)}”，不能免予返还", remedy="核对状态")
    _check_not_counted(session, row)
    row.write_off_reason, row.write_off_person = written(reason, "reason"), actor.person_id
    session.add(row)
    session.flush()
    _record(session, row, "propose_write_off", {"reason": row.write_off_reason}, actor, now)
    standing.note(session, "receivable", "propose_write_off", [(row.org_key, row.claim_id, row.id)], actor=actor, now=now)
    return row


def write_off(session: Session, *, receivable_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> Receivable:
    """Another person agrees: written off. GuardFailed `two_persons_needed` for the one who proposed."""
    actor.require(*_WRITES_OFF, what="同意免予返还")
    row = _locked(session, receivable_id, actor)
    _check_not_counted(session, row)
    fire(session, "receivable", "write_off", [Move(row.id, version=version, reason=row.write_off_reason)], actor=actor, now=now)
    session.refresh(row)
    row.closed_at = now
    session.add(row)
    session.flush()
    ledger.recoveries(session, receivable_ids=[row.id], actor=actor, now=now)
    return row


def _locked(session: Session, receivable_id: uuid.UUID, actor: Actor) -> Receivable:
    row = session.get(Receivable, receivable_id)
    if row is None:
        raise NotFound("receivable_missing", "没有这一待返还款项，或不在您的管辖范围内", remedy="核对编号")
    claim = claim_for(session, row.claim_id, actor)
    session.refresh(claim, with_for_update=True)        # the claim first, as everywhere
    session.refresh(row, with_for_update=True)
    require_apart(session, [claim.id], actor)
    return row


def _check_not_counted(session: Session, row: Receivable) -> None:
    """A later round that paid more took this sum as coming back: given up now, the same money would be paid twice."""
    if session.exec(select(Decision.id).where(Decision.claim_id == row.claim_id, col(Decision.round) > row.round,
                                              col(Decision.amount_fen) > 0)).first():
        raise Conflict("receivable_counted", "后一轮决定的补付已把这笔款项计为返还，不能再免予返还", remedy="与领款人约定返还")


def _record(session: Session, row: Receivable, event: str, details: dict[str, object], actor: Actor, now: datetime) -> None:
    audit.append(session, [Entry(row.claim_id, row.org_key, "receivable", row.id, event, details=details)],
                 account=actor.account_id, person=actor.person_id, at=now)
