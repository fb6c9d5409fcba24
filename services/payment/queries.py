"""What was, is and will be paid."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sqlmodel as sm
from sqlmodel import Session, col

from services.models import BankCard, BankLine, Claim, Decision, Payee, Payment, PaymentRun, Person
from services.payment.rules import HEIR_RELATIONS, split


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


def lines_of(session: Session, payment_id: uuid.UUID) -> list[BankLine]:
    """What went to and came from the bank for one payment, in order."""
    return list(session.exec(sm.select(BankLine).where(BankLine.payment_id == payment_id).order_by(
        col(BankLine.at), col(BankLine.id))))


def unmatched_lines(session: Session, limit: int = 100) -> list[BankLine]:
    """Incoming lines that moved nothing and that a person must look at, newest first."""
    return list(session.exec(sm.select(BankLine).where(col(BankLine.fault).is_not(None)).order_by(
        col(BankLine.at).desc(), col(BankLine.id)).limit(limit)))


@dataclass(frozen=True, slots=True)
class Receiver:
    """An active payee with the sum the round's decision gives (fen); `relation` in Chinese, None for the member."""

    payee: Payee
    person: Person
    card: BankCard | None
    fen: int
    relation: str | None


def receivers(session: Session, claim_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Receiver]]:
    """Who gets how much of each claim's present decision, the odd fen with the first; nothing decided counts as 0."""
    rows = session.exec(sm.select(Payee, Person, BankCard).join(Person, col(Person.id) == col(Payee.person_id)).join(
        BankCard, col(BankCard.id) == col(Payee.bank_card_id), isouter=True).where(
        col(Payee.claim_id).in_(list(claim_ids)), col(Payee.active)).order_by(
        col(Payee.claim_id), col(Payee.ordinal), col(Payee.added_at), col(Payee.id))).all()
    amounts: dict[uuid.UUID, int] = {row.claim_id: row.amount_fen for row in session.exec(
        sm.select(Decision).join(Claim, col(Claim.id) == col(Decision.claim_id)).where(
            col(Decision.claim_id).in_(list(claim_ids)), Decision.round == Claim.round))}
    found: dict[uuid.UUID, list[tuple[Payee, Person, BankCard | None]]] = {}
    for payee, person, card in rows:
        found.setdefault(payee.claim_id, []).append((payee, person, card))
    return {claim: [Receiver(payee, person, card, fen, HEIR_RELATIONS.get(payee.relation)) for (payee, person, card), fen
                    in zip(group, split(amounts.get(claim, 0), [Fraction(payee.share_num, payee.share_den)
                                                                for payee, _, _ in group]), strict=True)]
            for claim, group in found.items()}
