"""What becomes of money paid ahead of the decision when the claim is decided, ends or gets other receivers.

What the decision gives takes the advance in: only the rest is paid. What was paid ahead beyond it is asked back, what is not
out yet is not paid any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import Actor, system
from services.core.errors import GuardFailed
from services.core.ids import uuidv7
from services.core.settings import settings
from services.intake.reserved import give_back
from services.ledger import service as ledger
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Receivable
from statemachines.states import PaymentState, ReceivableState

WHY = "advance"
UNSENT = (PaymentState.PLANNED, PaymentState.RETURNED)
_LIVE = sa.text("""
    SELECT p.id, p.claim_id, p.org_key, p.round, p.person_id, p.state, p.amount_fen,
           (SELECT coalesce(sum(v.amount_fen), 0)::bigint FROM receivable v WHERE v.claim_id = c.id AND v.why = 'advance') AS asked_back,
           y.active, EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = c.id AND d.round < c.round AND d.amount_fen > 0) AS taken_in
    FROM payment p JOIN claim c ON c.id = p.claim_id JOIN payee y ON y.id = p.payee_id
    WHERE p.claim_id = ANY(CAST(:ids AS uuid[])) AND p.purpose = 'advance' AND p.state <> 'cancelled'
    ORDER BY c.id, p.id FOR UPDATE OF c, p""")

_Row = sa.Row[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of an advance: `drops` what is not paid yet; fen asked `back` now; fen of what is given still to pay (`rest`)."""

    drops: bool
    back: int
    rest: int


def outcome(*, given: int, credited: int, unpaid: int, asked_back: int) -> Outcome:
    """Fen given in all, against what of the advance was credited, is not paid yet, and was asked back before. Pure."""
    if credited + unpaid - asked_back <= given:
        return Outcome(False, 0, given - (credited + unpaid - asked_back))
    had = credited - asked_back
    return Outcome(True, max(0, had - given), max(0, given - had))


def deduct(session: Session, *, given: Mapping[uuid.UUID, int], actor: Actor, now: datetime) -> None:
    """Claims' advances against the fen that are given in all, the decision or end being written already: beyond it, what is not
    sent is cancelled and what was credited is asked back. GuardFailed while one beyond it is in a run or at the bank.

    What an earlier round's decision took in is part of what that gave, and is left to how the round is concluded.
    """
    claims: dict[uuid.UUID, list[_Row]] = {}
    for row in session.execute(_LIVE, {"ids": list(given)}):
        if not row.taken_in:
            claims.setdefault(row.claim_id, []).append(row)
    for claim_id, rows in claims.items():
        _deduct(session, rows, given[claim_id], actor, now)


def _deduct(session: Session, rows: Sequence[_Row], given_fen: int, actor: Actor, now: datetime) -> None:
    credited = [row for row in rows if row.state == PaymentState.CREDITED]
    had = sum(row.amount_fen for row in credited)
    end = outcome(given=given_fen, credited=had, unpaid=sum(row.amount_fen for row in rows) - had, asked_back=rows[0].asked_back)
    if not end.drops:
        return
    on_the_way = {row.state for row in rows} - {*UNSENT, PaymentState.CREDITED}
    if PaymentState.BATCHED in on_the_way:
        raise GuardFailed("payment_batched", "先予支付的款项已列入付款批次", remedy="请财务先从批次中移出", field="payments_in_flight")
    if on_the_way:
        raise GuardFailed("payment_in_flight", "先予支付的款项已发出、银行尚未答复", remedy="银行回单后再办理", field="payments_in_flight")
    drop(session, [row.id for row in rows if row.state in UNSENT], now)
    if end.back > 0:
        first = credited[0]
        owed = Receivable(id=uuidv7(), org_key=first.org_key, state=ReceivableState.OPEN, claim_id=first.claim_id, round=first.round,
                          person_id=first.person_id, amount_fen=end.back, why=WHY, created_at=now)
        create(session, "receivable", [owed], actor=system(settings().root_org), now=now)
        ledger.recoveries(session, receivable_ids=[owed.id], actor=actor, now=now)


def drop(session: Session, payment_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Advances that are not paid any more: cancelled, and off the books when no decision took them in yet."""
    root = system(settings().root_org)
    fire(session, "payment", "cancel", [Move(payment, details={"why": "superseded"}) for payment in payment_ids], actor=root, now=now)
    ledger.advanced(session, payment_ids=payment_ids, actor=root, now=now)


def drop_of_former(session: Session, claim_id: uuid.UUID, now: datetime) -> None:
    """Other persons receive now: what was not sent to the former ones is not paid ahead any more, nor held on the cover when it
    was all of it.
    """
    rows = session.execute(_LIVE, {"ids": [claim_id]}).all()
    dropped = [row.id for row in rows if row.state in UNSENT and not row.active]
    drop(session, dropped, now)
    if dropped and len(dropped) == len(rows):
        give_back(session, [claim_id])
