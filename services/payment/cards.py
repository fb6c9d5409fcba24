"""A returned payment gets another bank card: one person proposes it, another confirms."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.access import standing
from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.clock import business_day
from services.core.errors import Conflict, InputError, NotFound, NotPermitted
from services.core.identity import age_on
from services.enrolment import service as enrolment
from services.enrolment.heirs import ADULT
from services.lifecycle.service import Move, fire
from services.models import Payee, Payment, Person, SettlementPayment
from services.payment import settled_cards
from services.payment.contradicted import require_clear
from statemachines.states import PaymentState


def _locked(session: Session, payment_id: uuid.UUID) -> Payment:
    session.execute(sa.text("SELECT 1 FROM payment p JOIN claim c ON c.id = p.claim_id WHERE p.id = :id"
                            " FOR UPDATE OF c, p"), {"id": payment_id})
    payment = session.get(Payment, payment_id, populate_existing=True)
    if payment is None:
        raise NotFound("not_found", "没有这一笔付款，或不在您的管辖范围内", remedy="核对编号")
    return payment


def _receiver(session: Session, payment: Payment, today: date) -> uuid.UUID:
    """Whose account it must be: a minor's guardian's, until she is grown up; an adult's guardian receives throughout."""
    payee = session.get_one(Payee, payment.payee_id)
    born = session.get_one(Person, payee.person_id).born
    grown_since = age_on(born, business_day(payee.added_at)) < ADULT <= age_on(born, today)
    return payment.person_id if grown_since or payee.guardian_id is None else payee.guardian_id


def propose_card(session: Session, *, payment_id: uuid.UUID, bank: str, number: str, holder: str, actor: Actor,
                 now: datetime) -> Payment | SettlementPayment:
    """Propose the payee's other card for a returned payment; `holder` must be the payee. Raises InputError by field."""
    if settled_cards.known(session, payment_id):
        return settled_cards.propose(session, payment_id=payment_id, bank=bank, number=number, holder=holder, actor=actor, now=now)
    actor.require(Role.UNIT_CLERK, Role.FINANCE_MAKER, what="登记更正账户")
    if actor.person_id is None:
        raise NotPermitted("proposer_unnamed", "更正账户须由实名人员办理", remedy="请由经办人员办理")
    payment = _locked(session, payment_id)
    if payment.state != PaymentState.RETURNED:
        raise Conflict("payment_not_returned", "只有退汇的款项才能更正账户", remedy="核对款项状态")
    receiver = _receiver(session, payment, business_day(now))
    if holder != session.get_one(Person, receiver).name:
        raise InputError("holder_differs", f"户名“{holder}”不是领款人本人", remedy="请登记领款人本人的银行卡", field="holder")
    card = enrolment.add_bank_card(session, person_id=receiver, bank=bank, number=number, holder=holder,
                                   actor=actor, now=now)
    if card.id == payment.bank_card_id:
        raise InputError("card_same", "与退汇的账户相同", remedy="请登记另一张银行卡", field="number")
    session.execute(sa.text("UPDATE payment SET proposed_card_id = :card, corrected_person = :person WHERE id = :id"),
                    {"card": card.id, "person": actor.person_id, "id": payment_id})
    audit.append(session, [Entry(payment.claim_id, payment.org_key, "payment", payment.id, "propose_card",
                                 details={"bank": card.bank, "last4": card.last4})],
                 account=actor.account_id, person=actor.person_id, at=now)
    standing.note(session, "payment", "propose_card", [(payment.org_key, payment.claim_id, payment.id)], actor=actor, now=now)
    return session.get_one(Payment, payment_id, populate_existing=True)


def confirm_card(session: Session, *, payment_id: uuid.UUID, actor: Actor, now: datetime) -> Payment | SettlementPayment:
    """Returned → planned under the new card, attempt + 1. Raises GuardFailed `two_persons_needed`, `account_missing`; Conflict
    `credit_contradicts`."""
    if settled_cards.known(session, payment_id):
        return settled_cards.confirm(session, payment_id=payment_id, actor=actor, now=now)
    payment = _locked(session, payment_id)
    fire(session, "payment", "correct", [Move(payment_id, details={
        "proposed_by": str(payment.corrected_person), "attempt": payment.attempt + 1})], actor=actor, now=now)
    require_clear(session, payment_id)
    session.execute(sa.text("UPDATE bank_card SET replaced_at = :at WHERE id = :old"),
                    {"at": now, "old": payment.bank_card_id})
    # The own card of one who was a minor ends the guardian's part.
    session.execute(sa.text("UPDATE payee y SET bank_card_id = b.id, guardian_id = CASE WHEN b.person_id = y.person_id THEN NULL"
                            " ELSE y.guardian_id END FROM bank_card b WHERE b.id = :card AND y.id = :payee"),
                    {"card": payment.proposed_card_id, "payee": payment.payee_id})
    session.execute(sa.text(
        "UPDATE payment SET bank_card_id = proposed_card_id, proposed_card_id = NULL, run_id = NULL,"
        " attempt = attempt + 1 WHERE id = :id"), {"id": payment_id})
    return session.get_one(Payment, payment_id, populate_existing=True)
