"""Paying ahead (先予支付，保险法第二十五条): a sum nobody disputes, while the rest cannot be determined yet. Two persons."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import REVIEWERS, Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.benefit import queries as worksheets
from services.benefit import service as benefit
from services.core.errors import Conflict, InputError, NotPermitted
from services.core.money import show, to_fen, to_yuan
from services.core.texts import written
from services.intake.queries import claim_for
from services.ledger import service as ledger
from services.lifecycle.apart import require_apart
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Advance, Claim, Decision, Payee, Payment, Worksheet
from services.payment.rules import split, whole
from statemachines.states import ClaimState, PaymentState
from statemachines.words import state_words

CONFIRMS = (Role.SENIOR_REVIEWER, Role.HEAD)
_PURPOSE = "advance"


def open_proposal(session: Session, claim_id: uuid.UUID) -> Advance | None:
    """The proposal that waits for its second person."""
    return session.exec(select(Advance).where(Advance.claim_id == claim_id, col(Advance.confirmed_at).is_(None),
                                              col(Advance.withdrawn_at).is_(None))).first()


def propose(session: Session, *, claim_id: uuid.UUID, version: int | None = None, amount: Decimal, reason: str, actor: Actor,
            now: datetime) -> Advance:
    """Propose to pay `amount` yuan ahead: more than nothing and within the present worksheet. Nothing is owed yet.

    InputError `advance_too_high`; Conflict when the claim is not in review here, stands still, was decided before, or has an
    advance already.
    """
    actor.require(*sorted(REVIEWERS), what="提出先予支付")
    if actor.person_id is None or actor.account_id is None:
        raise NotPermitted("proposer_unnamed", "先予支付须由实名人员提出", remedy="请由审核人员办理")
    claim = _locked(session, claim_id, version, actor)
    _check_first(session, claim)
    sheet, fen = _sheet(session, claim, actor, now), to_fen(amount)
    if not 0 < fen <= sheet.total_fen:
        raise InputError("advance_too_high", f"先予支付须大于零，且不超过已能确定的 {show(to_yuan(sheet.total_fen))} 元",
                         remedy="核对核算表", field="amount")
    made = Advance(org_key=claim.org_key, claim_id=claim.id, round=claim.round, amount_fen=fen, computed_fen=sheet.total_fen,
                   worksheet_id=sheet.id, reason=written(reason, "reason"), asked_by=actor.account_id,
                   asked_person=actor.person_id, asked_at=now)
    session.add(made)
    session.flush()
    _record(session, claim, made, "propose_advance", actor, now)
    standing.note(session, "claim", "propose_advance", [(claim.org_key, claim.id, made.id)], actor=actor, now=now)
    return made


def confirm(session: Session, *, claim_id: uuid.UUID, version: int | None = None, actor: Actor, now: datetime) -> list[Payment]:
    """By another person: planned payments, one for each who receives, which go through a run as any others; the decision pays the
    rest. The sum is reserved on the cover. GuardFailed `two_persons_needed`; Conflict `advance_outdated` when the worksheet is
    another by now.
    """
    actor.require(*CONFIRMS, what="确认先予支付")
    claim = _locked(session, claim_id, version, actor)
    made = _proposed(session, claim.id)
    standing.require_second(session, made.id, made.asked_person, actor=actor)
    _check_first(session, claim, confirmed=True)
    benefit.lock(session, claim_ids=[claim.id])      # what another claim took of the cover meanwhile cannot be paid ahead
    if _sheet(session, claim, actor, now).id != made.worksheet_id:
        raise Conflict("advance_outdated", "提出后案件已重新核算", remedy="撤回后按新的核算表重新提出")
    fire(session, "claim", "advance", [Move(claim.id, version, reason=made.reason, facts={
        "advance_fen": made.amount_fen, "two_persons": True}, details={
        "amount_fen": made.amount_fen, "advance": str(made.id), "proposed_by": str(made.asked_person)})], actor=actor, now=now)
    benefit.hold_ahead(session, claim_id=claim.id, fen=made.amount_fen, now=now)
    made.confirmed_by, made.confirmed_person, made.confirmed_at = actor.account_id, actor.person_id, now
    session.add(made)
    session.flush()
    standing.note(session, "claim", "confirm_advance", [(claim.org_key, claim.id, made.id)], actor=actor, now=now)
    rows = _payments(session, claim, made.amount_fen, now)
    create(session, "payment", rows, actor=actor, now=now,
           details={row.id: {"amount_fen": row.amount_fen, "purpose": row.purpose} for row in rows})
    ledger.advanced(session, payment_ids=[row.id for row in rows], actor=actor, now=now)
    return rows


def drop(session: Session, *, claim_id: uuid.UUID, version: int | None = None, reason: str, actor: Actor, now: datetime) -> Advance:
    """A proposal nobody confirmed yet is taken back, with the reason."""
    actor.require(*sorted(REVIEWERS), what="撤回先予支付")
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    _check_version(claim, version)
    require_apart(session, [claim.id], actor)
    made, why = _proposed(session, claim.id), written(reason, "reason")
    made.withdrawn_at = now
    session.add(made)
    session.flush()
    _record(session, claim, made, "drop_advance", actor, now, reason=why)
    return made


def _locked(session: Session, claim_id: uuid.UUID, version: int | None, actor: Actor) -> Claim:
    claim = claim_for(session, claim_id, actor)
    session.refresh(claim, with_for_update=True)
    _check_version(claim, version)
    require_apart(session, [claim.id], actor)
    if claim.route != "office":
        raise Conflict("advance_by_insurer", "本计划由保险公司给付，先予支付由保险公司办理", remedy="向保险公司催办")
    if claim.state != ClaimState.IN_REVIEW:
        raise Conflict("event_not_allowed", f"案件现在是“{state_words('claim', claim.state)}”，不能先予支付",
                       remedy="审核中的案件方可先予支付")
    if claim.held:
        raise Conflict("held", "案件已暂停，不能先予支付", remedy="解除暂停后再办理")
    return claim


def _check_version(claim: Claim, version: int | None) -> None:
    if version is not None and version != claim.version:
        raise Conflict("stale_version", "案件已被他人更新", remedy="刷新后核对变动，再办理")


def _check_first(session: Session, claim: Claim, *, confirmed: bool = False) -> None:
    if session.exec(select(Decision.id).where(Decision.claim_id == claim.id)).first():
        raise Conflict("advance_after_decision", "案件已作过决定，不能先予支付", remedy="按重新审核后的决定补付差额")
    if session.exec(select(Payment.id).where(Payment.claim_id == claim.id, Payment.purpose == _PURPOSE,
                                             Payment.state != PaymentState.CANCELLED)).first():
        raise Conflict("advance_given", "本案已先予支付", remedy="其余款项按决定给付")
    if not confirmed and open_proposal(session, claim.id):
        raise Conflict("advance_asked", "已有人提出先予支付，等待另一人确认", remedy="由另一人确认，或撤回后重新提出")


def _sheet(session: Session, claim: Claim, actor: Actor, now: datetime) -> Worksheet:
    """The worksheet as the cover stands now: a new one when another claim took from it since."""
    sheet = worksheets.latest(session, [claim.id]).get(claim.id)
    if sheet is None or sheet.facts_digest != claim.digest:
        raise Conflict("worksheet_stale", "核算表与现有事实不一致", remedy="重新核算后再办理")
    [present] = benefit.preview(session, claim_ids=[claim.id], why="before paying ahead", actor=actor, now=now)
    return present


def _proposed(session: Session, claim_id: uuid.UUID) -> Advance:
    made = open_proposal(session, claim_id)
    if made is None:
        raise Conflict("nothing_proposed", "没有待确认的先予支付", remedy="刷新后核对；先由一人提出")
    return made


def _payments(session: Session, claim: Claim, fen: int, now: datetime) -> list[Payment]:
    payees = session.exec(select(Payee).where(Payee.claim_id == claim.id, col(Payee.active)).order_by(
        col(Payee.ordinal), col(Payee.added_at), col(Payee.id))).all()
    shares = [Fraction(payee.share_num, payee.share_den) for payee in payees]
    whole(shares)
    return [Payment(claim_id=claim.id, org_key=claim.org_key, state=PaymentState.PLANNED, round=claim.round, payee_id=payee.id,
                    person_id=payee.person_id, purpose=_PURPOSE, channel="bank", amount_fen=part, bank_card_id=payee.bank_card_id,
                    created_at=now)
            for payee, part in zip(payees, split(fen, shares), strict=True) if part]


def _record(session: Session, claim: Claim, made: Advance, event: str, actor: Actor, now: datetime, *, reason: str = "") -> None:
    audit.append(session, [Entry(claim.id, claim.org_key, "claim", claim.id, event, reason=reason or made.reason,
                                 details={"amount_fen": made.amount_fen})],
                 account=actor.account_id, person=actor.person_id, at=now)
