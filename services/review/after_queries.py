"""What came after the decisions of claims: objections, corrections, later rounds and money asked back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.core.errors import NotFound
from services.models import Claim, Objection, Receivable, Reopening
from statemachines.states import ObjectionState, ReceivableState


def objection_of(session: Session, objection_id: uuid.UUID) -> tuple[Objection, str]:
    """An objection and its claim's number. NotFound, also when it is out of sight."""
    row = session.exec(select(Objection, Claim.claim_no).join(Claim, col(Claim.id) == col(Objection.claim_id)).where(
        Objection.id == objection_id).execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("objection_missing", "没有这一异议，或不在您的管辖范围内", remedy="核对编号")
    return row


def objections_of(session: Session, claim_id: uuid.UUID) -> Sequence[Objection]:
    """A claim's objections, oldest first."""
    return session.exec(select(Objection).where(Objection.claim_id == claim_id).order_by(col(Objection.lodged_at), col(Objection.id))
                        .execution_options(populate_existing=True)).all()


def objections_waiting(session: Session, *, limit: int = 100) -> Sequence[tuple[Objection, str]]:
    """Objections nobody has taken up yet, with their claims' numbers, oldest first: a senior's or the head's work."""
    return session.exec(select(Objection, Claim.claim_no).join(Claim, col(Claim.id) == col(Objection.claim_id)).where(
        Objection.state == ObjectionState.LODGED).order_by(col(Objection.lodged_at), col(Objection.id)).limit(limit)).all()


def reopenings_of(session: Session, claim_id: uuid.UUID) -> Sequence[Reopening]:
    """A claim's later rounds and corrections asked for, oldest first; `confirmed_at` empty: waits for the second person."""
    return session.exec(select(Reopening).where(Reopening.claim_id == claim_id).order_by(col(Reopening.asked_at), col(Reopening.id))
                        .execution_options(populate_existing=True)).all()


def receivables_of(session: Session, claim_id: uuid.UUID) -> Sequence[Receivable]:
    """What a claim's member is to give back, oldest round first."""
    return session.exec(select(Receivable).where(Receivable.claim_id == claim_id).order_by(col(Receivable.round))
                        .execution_options(populate_existing=True)).all()


def receivables_open(session: Session, *, limit: int = 100) -> Sequence[tuple[Receivable, str]]:
    """Money still to come back in the caller's scope, with the claims' numbers."""
    return session.exec(select(Receivable, Claim.claim_no).join(Claim, col(Claim.id) == col(Receivable.claim_id)).where(
        col(Receivable.state).in_([ReceivableState.OPEN, ReceivableState.AGREED])).order_by(col(Receivable.created_at)).limit(limit)).all()


def receivable_of(session: Session, receivable_id: uuid.UUID) -> tuple[Receivable, str]:
    """One, with its claim's number. NotFound, also when it is out of sight."""
    row = session.exec(select(Receivable, Claim.claim_no).join(Claim, col(Claim.id) == col(Receivable.claim_id)).where(
        Receivable.id == receivable_id).execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("receivable_missing", "没有这一待返还款项，或不在您的管辖范围内", remedy="核对编号")
    return row
