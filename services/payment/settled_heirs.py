"""A settlement's line of a member who died is paid to nobody: given up for good, so that the heirs' claim may give it.

What was planned and cancelled counts as never given (`services.benefit.settled`), so a claim about the year then reckons it
by the ordinary road, with the heirs' papers and shares. No money leaves the fund by it: one person with a reason is enough.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, select

from services.access.actor import Actor, Role
from services.audit import service as audit
from services.audit.chain import Entry
from services.core.errors import Conflict, GuardFailed, NotFound, NotPermitted
from services.core.texts import written
from services.ledger import settled as ledger
from services.lifecycle.facts import ACTOR, bound
from services.lifecycle.settled_facts import kin
from services.models import FeedFile, Payment, PaymentRun, Settlement, SettlementPayment
from services.payment import settled
from services.payment.contradicted import require_clear

WORDS = "会员已去世，改由继承人申领"
_RUN_OF = sa.text("SELECT run_id FROM settlement_payment WHERE id = :id")
_LIVES = sa.text("""
    SELECT d.died_on IS NULL FROM person w JOIN person d ON d.id = coalesce(w.merged_into, w.id) WHERE w.id = :person""")
_OWN = sa.text(bound(f"SELECT CAST(:person AS uuid) IN {kin(ACTOR)}"))
# One that was sent keeps its bank lines under the attempt that they are of: what the bank says of it later is a late answer.
_GIVEN_UP = sa.text("""
    UPDATE settlement_payment SET attempt = attempt + CASE state WHEN 'returned' THEN 1 ELSE 0 END, state = 'cancelled', run_id = NULL,
        line = NULL, proposed_card_id = NULL, left_out = :words, version = version + 1 WHERE id = :id""")


def give_to_heirs(session: Session, *, payment_id: uuid.UUID, reason: str, actor: Actor, now: datetime) -> SettlementPayment:
    """Planned or returned → cancelled, the obligation booked back. Of a settlement's line only.

    Raises NotPermitted for another role, the own line or the family's; Conflict `settled_line_moved` for one in a run, at the bank or
    paid, `payment_of_claim`, `credit_contradicts`; GuardFailed `payee_lives`; InputError `reason`.
    """
    actor.require(Role.FINANCE_MAKER, what="将款项转由继承人申领")
    if actor.person_id is None:
        raise NotPermitted("maker_unnamed", "转由继承人申领须由实名人员办理", remedy="请由财务制单人员办理")
    why = written(reason, "reason")
    line, run, settlement = _locked(session, payment_id)
    if session.execute(_OWN, {"person": line.person_id, "persons": list(actor.persons)}).scalar_one():
        raise NotPermitted("actor_on_claimant_side", "这是经办人本人或其家属的款项，须回避", remedy="由其他人员办理")
    if session.execute(_LIVES, {"person": line.person_id}).scalar_one():
        raise GuardFailed("payee_lives", "没有登记该会员去世，款项仍应付给本人",
                          remedy="会员已去世的，先凭死亡证明登记身故；在世的，登记或更正京卡后制单", field="payment_id")
    require_clear(session, line.id, of_settlement=True)
    session.execute(_GIVEN_UP, {"id": payment_id, "words": WORDS})
    ledger.lapsed(session, plan=settlement.plan, org_key=settlement.org_key, payment_id=line.id, fen=line.amount_fen, actor=actor, now=now)
    _record(session, line, run, settlement, why, actor, now)
    session.refresh(line)
    return line


def _locked(session: Session, payment_id: uuid.UUID) -> tuple[SettlementPayment, PaymentRun | None, Settlement]:
    """The line after its run, where it has one; still waiting."""
    run_id = session.execute(_RUN_OF, {"id": payment_id}).scalar()
    run = session.get(PaymentRun, run_id, with_for_update=True) if run_id else None
    line = session.exec(select(SettlementPayment).where(SettlementPayment.id == payment_id).with_for_update().execution_options(
        populate_existing=True)).first()
    if line is None:
        if session.get(Payment, payment_id) is not None:
            raise Conflict("payment_of_claim", "这是案件的款项，不是季度结算的款项", remedy="在该案件中登记身故，由继承人领取")
        raise NotFound("not_found", "没有这一笔结算款项，或不在您的管辖范围内", remedy="核对编号")
    settlement = session.get_one(Settlement, line.settlement_id)
    if line.state not in ("planned", "returned") or line.run_id != run_id or settlement.state != "settled":
        raise Conflict("settled_line_moved", "只有没有列入批次或被银行退回的结算款项，才能转由继承人申领",
                       remedy="已在批次里的先剔除，已送银行的等回盘；刷新后核对款项状态")
    return line, run, settlement


def _record(session: Session, line: SettlementPayment, run: PaymentRun | None, settlement: Settlement, why: str, actor: Actor,
            now: datetime) -> None:
    """On the chain of the run that brought it to the bank; of one that none carries on its settlement's, which the feed opened."""
    details: dict[str, object] = {"payment": str(line.id), "settlement": str(settlement.id), "fen": line.amount_fen, "reason": why}
    if run is not None:
        settled.note(session, run.id, run.org_key, "give_to_heirs", details, actor=actor, now=now)
        return
    feed = session.get_one(FeedFile, settlement.feed_id)
    audit.append(session, [Entry(feed.id, feed.org_key, "feed", line.id, "give_to_heirs", details=details)],
                 account=actor.account_id, person=actor.person_id, at=now)
