"""A bank's line that names a line of a settlement and yet differs from it: two persons may say that it is its answer after all."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor
from services.core.errors import InputError
from services.core.money import show, to_yuan
from services.models import BankLine, PaymentRun
from services.payment import settled
from services.payment.port import Answer
from services.payment.returns import follow
from services.payment.sent import Sent
from statemachines.words import state_words

_FOR = {"credit": ("sent",), "return": ("sent", "credited")}
_OWN = sa.text("""
    SELECT p.id, p.org_key, p.run_id, p.attempt, p.amount_fen, p.state FROM settlement_payment p WHERE p.id = :id FOR UPDATE""")


def candidate(session: Session, line: BankLine) -> uuid.UUID | None:
    """The line of a settlement that this one names, when it can still be its answer."""
    row = session.execute(sa.text("SELECT id, run_id, attempt, amount_fen, state FROM settlement_payment WHERE id = :id"),
                          {"id": line.settlement_payment_id}).first() if line.settlement_payment_id else None
    fits = row is not None and (row.run_id, row.attempt, row.amount_fen) == (line.run_id, line.attempt, line.amount_fen)
    return row.id if row is not None and fits and row.state in _FOR[line.kind] else None


def own(session: Session, line: BankLine, payment_id: uuid.UUID, actor: Actor) -> Sent:
    """The payment, locked after its run. InputError when it is another's answer, of an earlier sending, or another sum."""
    run = session.get(PaymentRun, line.run_id, with_for_update=True) if line.run_id else None
    row = session.execute(_OWN, {"id": payment_id}).first()
    if run is None or row is None or payment_id != line.settlement_payment_id:
        raise InputError("line_of_another", "这条记录写明的编号是另一笔结算款项",
                         remedy="核对编号；不是本会付款的记录请不予处理", field="payment")
    settled.require_apart(session, run, actor)
    if (row.run_id, row.attempt) != (line.run_id, line.attempt):
        raise InputError("line_of_another", "这条记录写明的编号是另一次付款，不是这一笔现在的付款",
                         remedy="重复或迟到的回复请不予处理；如银行确有差错，请银行重新出具", field="payment")
    if row.amount_fen != line.amount_fen:
        raise InputError("amount_differs", f"这笔款项是 {show(to_yuan(row.amount_fen))} 元，记录是 {show(to_yuan(line.amount_fen))} 元",
                         remedy="金额不同不能认领；请向银行查明", field="payment")
    if row.state not in _FOR[line.kind]:
        raise InputError("payment_not_waiting", f"这笔款项现在是“{state_words('payment', row.state)}”，与记录不符",
                         remedy="核对是否已有回盘", field="payment")
    return Sent(row.id, None, row.run_id, row.org_key, row.attempt, row.amount_fen, row.state, row.attempt, "", "")


def assign(session: Session, line: BankLine, found: Sent, *, actor: Actor, now: datetime) -> None:
    """The line moves its payment as if it had matched; its fault stays with the verdict."""
    settled.note(session, found.run_id, found.org_key, "assign_line", {
        "line": str(line.id), "payment": str(found.payment_id), "fault": line.fault, "kind": line.kind, "serial": line.serial},
        actor=actor, now=now)
    line.fault = None
    session.add(line)
    session.flush()
    answer = Answer(line.line_no, line.reference, line.amount_fen, "credited" if line.kind == "credit" else "returned", "", "",
                    line.serial or "", line.bank_time or now, line.reason or "")
    follow(session, [(answer, found)], file_sha256=line.file_sha256, line_no=line.line_no, now=now)
