"""What was, is and will be paid."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlmodel as sm
from sqlmodel import Session, col

from services.models import BankLine, Payee, Payment, PaymentRun


def payments_of(session: Session, claim_id: uuid.UUID) -> list[Payment]:
    """A claim's payments, oldest round first, heirs in their order."""
    return list(session.exec(sm.select(Payment).join(Payee, col(Payee.id) == col(Payment.payee_id)).where(
        Payment.claim_id == claim_id).order_by(col(Payment.round), col(Payee.ordinal), col(Payment.id))))


def payees_of(session: Session, claim_id: uuid.UUID) -> list[Payee]:
    """Who receives the claim's money now."""
    return list(session.exec(sm.select(Payee).where(Payee.claim_id == claim_id, col(Payee.active)).order_by(
        col(Payee.ordinal), col(Payee.id))))


def runs(session: Session, *, states: Sequence[str] = (), limit: int = 50,
         after: str | None = None) -> list[PaymentRun]:
    """Runs, newest number first; `after` is the last number of the former page."""
    query = sm.select(PaymentRun).order_by(col(PaymentRun.run_no).desc()).limit(limit)
    if states:
        query = query.where(col(PaymentRun.state).in_(states))
    if after:
        query = query.where(PaymentRun.run_no < after)
    return list(session.exec(query))


def payments_of_run(session: Session, run_id: uuid.UUID) -> list[Payment]:
    """The payments now in a run."""
    return list(session.exec(sm.select(Payment).where(Payment.run_id == run_id).order_by(
        col(Payment.claim_id), col(Payment.id))))


def lines_of(session: Session, payment_id: uuid.UUID) -> list[BankLine]:
    """What went to and came from the bank for one payment, in order."""
    return list(session.exec(sm.select(BankLine).where(BankLine.payment_id == payment_id).order_by(
        col(BankLine.at), col(BankLine.id))))


def unmatched_lines(session: Session, limit: int = 100) -> list[BankLine]:
    """Incoming lines that moved nothing and that a person must look at, newest first."""
    return list(session.exec(sm.select(BankLine).where(col(BankLine.fault).is_not(None)).order_by(
        col(BankLine.at).desc(), col(BankLine.id)).limit(limit)))
