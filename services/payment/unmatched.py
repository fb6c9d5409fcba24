"""Lines from a bank that matched nothing: one person says which payment a line is, or that it is none; another confirms."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access import standing
from services.access.actor import FINANCE, Actor
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.money import show, to_yuan
from services.core.texts import written
from services.lifecycle.apart import require_apart
from services.models import BankLine, LineVerdict, Payment, StoodIn
from services.payment import settled_unmatched
from services.payment.port import Answer
from services.payment.returns import follow
from services.payment.sent import Sent
from statemachines.states import PaymentState
from statemachines.words import state_words

_FOR = {"credit": (PaymentState.SENT,), "return": (PaymentState.SENT, PaymentState.CREDITED)}


def standing_verdict(session: Session, line_id: uuid.UUID) -> LineVerdict | None:
    """What was said of a line and not taken back."""
    return session.exec(select(LineVerdict).where(LineVerdict.line_id == line_id, col(LineVerdict.withdrawn_at).is_(None))).first()


def propose_assign(session: Session, *, line_id: uuid.UUID, payment_id: uuid.UUID, reason: str, actor: Actor,
                   now: datetime) -> LineVerdict:
    """The line is this payment's, say after the bank's voucher. InputError when amount or state do not fit; nothing moves yet."""
    line = _locked(session, line_id, actor, what="认领回盘记录")
    if line.settlement_payment_id is not None:
        settled_unmatched.own(session, line, payment_id, actor)
        return _said(session, line, "assign", None, reason, actor, now)
    payment = _fitting(session, line, payment_id, actor)
    return _said(session, line, "assign", payment, reason, actor, now)


def propose_dismiss(session: Session, *, line_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> LineVerdict:
    """The line is none of ours, or says again what is known."""
    line = _locked(session, line_id, actor, what="不予处理回盘记录")
    return _said(session, line, "dismiss", None, reason, actor, now)


def confirm(session: Session, *, line_id: uuid.UUID, actor: Actor, now: datetime) -> LineVerdict:
    """By another person: a dismissed line is off the list; an assigned one moves its payment as if it had matched."""
    line = _locked(session, line_id, actor, what="确认回盘记录的处理", open_only=False)
    verdict = standing_verdict(session, line_id)
    if verdict is None or verdict.confirmed_at is not None:
        raise Conflict("nothing_proposed", "这条记录没有待确认的处理", remedy="刷新后核对")
    standing.require_second(session, verdict.id, verdict.asked_person, actor=actor)
    payment = _fitting(session, line, verdict.payment_id, actor) if verdict.payment_id else None
    found = settled_unmatched.own(session, line, verdict.settlement_payment_id, actor) if verdict.settlement_payment_id else None
    verdict.confirmed_by, verdict.confirmed_person, verdict.confirmed_at = actor.account_id, actor.person_id, now
    session.add(verdict)
    session.flush()
    if payment is not None:
        _assign(session, line, payment, actor, now)
    if found is not None:
        settled_unmatched.assign(session, line, found, actor=actor, now=now)
    return verdict


def undo(session: Session, *, line_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> LineVerdict:
    """Take back what was proposed, or a dismissal; the line is open again. Conflict for money that is booked."""
    _locked(session, line_id, actor, what="撤回回盘记录的处理", open_only=False)
    verdict = standing_verdict(session, line_id)
    if verdict is None:
        raise Conflict("nothing_proposed", "这条记录没有可撤回的处理", remedy="刷新后核对")
    if verdict.verdict == "assign" and verdict.confirmed_at is not None:
        raise Conflict("assigned_final", "这条记录已认领入账，不能撤回", remedy="如有差错，等银行退回或以追回款项办理")
    verdict.withdrawn_at, verdict.withdrawn_by, verdict.withdrawn_why = now, actor.account_id, written(reason, "reason")
    session.add(verdict)
    session.flush()
    return verdict


def fitting(session: Session, line: BankLine) -> Sequence[Payment]:
    """Payments that the line could be: of its sum, in a state that its kind answers, and not another than its number names."""
    named = [Payment.id == line.payment_id, Payment.attempt == line.attempt] if line.payment_id else []
    return session.exec(select(Payment).where(
        Payment.channel == "bank", Payment.amount_fen == line.amount_fen, col(Payment.state).in_(_FOR[line.kind]), *named).order_by(
        col(Payment.created_at), col(Payment.id)).limit(50)).all()


def _locked(session: Session, line_id: uuid.UUID, actor: Actor, *, what: str, open_only: bool = True) -> BankLine:
    actor.require(*sorted(FINANCE), what=what)
    if actor.person_id is None or actor.account_id is None:
        raise NotPermitted("proposer_unnamed", "回盘记录须由实名人员处理", remedy="请由财务人员办理")
    line = session.exec(select(BankLine).where(BankLine.id == line_id).with_for_update()).first()
    if line is None or line.kind not in _FOR:
        raise NotFound("line_missing", "没有这条回盘记录，或不在您的管辖范围内", remedy="核对编号")
    if open_only and (line.fault is None or standing_verdict(session, line_id) is not None):
        raise Conflict("line_not_open", "这条记录已对上付款，或已有处理意见", remedy="刷新后核对；有待确认的意见可先撤回")
    return line


def _fitting(session: Session, line: BankLine, payment_id: uuid.UUID, actor: Actor) -> Payment:
    session.execute(sa.text("SELECT 1 FROM payment p JOIN claim c ON c.id = p.claim_id WHERE p.id = :id FOR UPDATE OF c, p"),
                    {"id": payment_id})
    payment = session.get(Payment, payment_id, populate_existing=True)
    if payment is None or payment.channel != "bank":
        raise InputError("payment_missing", "没有这笔由本会付款的款项，或不在您的管辖范围内", remedy="核对案号", field="payment")
    require_apart(session, [payment.claim_id], actor)
    if payment.amount_fen != line.amount_fen:
        raise InputError("amount_differs", f"这笔款项是 {show(to_yuan(payment.amount_fen))} 元，记录是 {show(to_yuan(line.amount_fen))} 元",
                         remedy="金额不同不能认领；请向银行查明", field="payment")
    if payment.state not in _FOR[line.kind] or payment.run_id is None:
        raise InputError("payment_not_waiting", f"这笔款项现在是“{state_words('payment', payment.state)}”，与记录不符",
                         remedy="核对是否另一笔，或是否已有回盘", field="payment")
    _check_sending(session, line, payment)
    return payment


def _check_sending(session: Session, line: BankLine, payment: Payment) -> None:
    """The line is about the sending that waits for an answer, not an earlier one: else money that came back once, and went out
    again, would come back and go out a second time on the same news. Banks write whole seconds.
    """
    if line.payment_id is not None and (line.payment_id, line.attempt) != (payment.id, payment.attempt):
        raise InputError("line_of_another", "这条记录写明的编号是另一次付款，不是这一笔现在的付款",
                         remedy="重复或迟到的回复请不予处理；如银行确有差错，请银行重新出具", field="payment")
    sent = session.exec(select(BankLine.at).where(BankLine.payment_id == payment.id, BankLine.kind == "sent",
                                                  BankLine.attempt == payment.attempt)).first()
    if sent is not None and min(line.at, line.bank_time or line.at) < sent.replace(microsecond=0):
        raise InputError("line_before_sending", "这条记录早于这一笔现在的付款送出银行的时间，不能是它的回复",
                         remedy="属于上一次付款的回复请不予处理；否则核对是否另一笔", field="payment")


def _said(session: Session, line: BankLine, what: Literal["assign", "dismiss"], payment: Payment | None, reason: str, actor: Actor,
          now: datetime) -> LineVerdict:
    assert line.fault is not None and actor.account_id is not None and actor.person_id is not None
    verdict = LineVerdict(org_key=line.org_key, line_id=line.id, verdict=what, payment_id=payment.id if payment else None,
                          settlement_payment_id=line.settlement_payment_id if what == "assign" else None,
                          fault=line.fault, reason=written(reason, "reason"), asked_by=actor.account_id,
                          asked_person=actor.person_id, asked_at=now)
    session.add(verdict)
    session.flush()
    session.add_all([StoodIn(org_key=line.org_key, chain_id=payment.claim_id if payment else line.id, subject_id=verdict.id,
                             machine="bank_line", event=f"propose_{what}", by_account=actor.account_id,
                             by_person=actor.person_id, for_person=person, at=now) for person in sorted(actor.stands_for)])
    session.flush()
    return verdict


def _assign(session: Session, line: BankLine, payment: Payment, actor: Actor, now: datetime) -> None:
    """The line becomes the payment's own; its fault stays with the verdict. The bank's account and holder were other ones."""
    assert payment.run_id is not None
    audit.append(session, [Entry(payment.claim_id, payment.org_key, "payment", payment.id, "assign_line", details={
        "line": str(line.id), "fault": line.fault, "kind": line.kind, "serial": line.serial})],
        account=actor.account_id, person=actor.person_id, at=now)
    line.org_key, line.payment_id, line.run_id = payment.org_key, payment.id, payment.run_id
    line.attempt, line.fault = payment.attempt, None
    session.add(line)
    session.flush()
    answer = Answer(line.line_no, line.reference, line.amount_fen, "credited" if line.kind == "credit" else "returned", "", "",
                    line.serial or "", line.bank_time or now, line.reason or "")
    sent = Sent(payment.id, payment.claim_id, payment.run_id, payment.org_key, payment.attempt, payment.amount_fen, payment.state,
                payment.attempt, "", "")
    follow(session, [(answer, sent)], file_sha256=line.file_sha256, now=now)
    session.refresh(payment)
