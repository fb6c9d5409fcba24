"""A returned line of a settlement gets another account: one person proposes it, another confirms; then it waits for a run."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access import standing
from services.access.actor import Actor, Role
from services.access.permits import permit
from services.core.errors import Conflict, GuardFailed, InputError, NotFound, NotPermitted
from services.enrolment import service as enrolment
from services.models import Person, Settlement, SettlementPayment
from services.payment import settled
from services.payment.contradicted import require_clear
from services.rulebook import registry

_LOCK_RUN = sa.text("""
    SELECT n.id, n.org_key FROM payment_run n WHERE n.id = (SELECT run_id FROM settlement_payment WHERE id = :id) FOR UPDATE""")
_PROPOSED = sa.text("""
    UPDATE settlement_payment SET proposed_card_id = :card, corrected_person = :person, version = version + 1 WHERE id = :id""")
_CONFIRMED = sa.text("""
    UPDATE settlement_payment SET state = 'planned', card_id = proposed_card_id, proposed_card_id = NULL, run_id = NULL, line = NULL,
        attempt = attempt + 1, version = version + 1 WHERE id = :id""")


def known(session: Session, payment_id: uuid.UUID) -> bool:
    """Whether it is a settlement's line."""
    return bool(settled.split(session, [payment_id])[0])


def _locked(session: Session, payment_id: uuid.UUID) -> tuple[SettlementPayment, sa.Row[tuple[uuid.UUID, str]]]:
    """The line and its run, locked in this order."""
    run = session.execute(_LOCK_RUN, {"id": payment_id}).first()
    line = session.exec(select(SettlementPayment).where(SettlementPayment.id == payment_id).with_for_update().execution_options(
        populate_existing=True)).first()
    if line is None:
        raise NotFound("not_found", "没有这一笔付款，或不在您的管辖范围内", remedy="核对编号")
    if line.state != "returned" or run is None or line.run_id != run.id:
        raise Conflict("payment_not_returned", "只有退汇的款项才能更正账户", remedy="刷新后核对款项状态")
    return line, run


def propose(session: Session, *, payment_id: uuid.UUID, bank: str, number: str, holder: str, actor: Actor,
            now: datetime) -> SettlementPayment:
    """Propose the member's other card for a returned line; it must be the member's own, at a bank the plan pays to.

    Raises InputError by field, Conflict `payment_not_returned`, NotPermitted.
    """
    actor.require(Role.FINANCE_MAKER, what="登记更正账户")      # a run stands at the office, out of a unit's sight
    if actor.person_id is None:
        raise NotPermitted("proposer_unnamed", "更正账户须由实名人员办理", remedy="请由经办人员办理")
    line, run = _locked(session, payment_id)
    settlement = session.get_one(Settlement, line.settlement_id)
    if not registry.version(settlement.plan, settlement.plan_from).bank_allowed(bank):
        raise InputError("bank_not_allowed", "开户银行不在本计划允许范围内", remedy="请登记本计划付款的银行账户", field="bank")
    person = session.get_one(Person, line.person_id)
    person = session.get_one(Person, person.merged_into) if person.merged_into else person
    if holder != person.name:
        raise InputError("holder_differs", f"户名“{holder}”不是领款人本人", remedy="请登记领款人本人的银行卡", field="holder")
    card = enrolment.add_bank_card(session, person_id=person.id, bank=bank, number=number, holder=holder, actor=actor, now=now)
    if card.id == line.card_id:
        raise InputError("card_same", "与退汇的账户相同", remedy="请登记另一张银行卡", field="number")
    session.execute(_PROPOSED, {"card": card.id, "person": actor.person_id, "id": payment_id})
    settled.note(session, run.id, run.org_key, "propose_card", {"line": str(line.id), "bank": card.bank, "last4": card.last4}, actor=actor,
                 now=now)
    standing.note(session, "payment", "propose_card", [(line.org_key, run.id, line.id)], actor=actor, now=now)
    session.refresh(line)
    return line


def confirm(session: Session, *, payment_id: uuid.UUID, actor: Actor, now: datetime) -> SettlementPayment:
    """Returned → planned under the new card, attempt + 1: the same obligation, never paid twice.

    Raises GuardFailed `two_persons_needed` for who proposed it (or stood in for that one), `account_missing`; Conflict
    `credit_contradicts`.
    """
    line, run = _locked(session, payment_id)
    permit(actor, "payment", "correct", [line.org_key])
    if line.proposed_card_id is None:
        raise GuardFailed("account_missing", "尚未登记新账户", remedy="先提出新账户", field="bank_card.number")
    standing.require_second(session, line.id, line.corrected_person, actor=actor)
    require_clear(session, line.id, of_settlement=True)
    session.execute(sa.text("UPDATE bank_card SET replaced_at = :at WHERE id = :old AND replaced_at IS NULL"),
                    {"at": now, "old": line.card_id})
    session.execute(_CONFIRMED, {"id": payment_id})
    settled.note(session, run.id, run.org_key, "correct", {
        "line": str(line.id), "proposed_by": str(line.corrected_person), "attempt": line.attempt + 1}, actor=actor, now=now)
    session.refresh(line)
    return line
