"""A decided claim goes through another round: what that does to money, clocks and persons, and how the round ends.

The earlier decision stays as it is. What it gave and nobody was paid yet falls away (`lapsed_fen`), because the new round
decides on the whole again and pays the difference to what was really paid. So does, when the round is concluded, what the bank
returned meanwhile and is not due any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor, Role, system
from services.benefit import returned
from services.core.clock import business_day
from services.core.errors import Conflict, GuardFailed
from services.core.ids import uuidv7
from services.core.settings import settings
from services.intake.consents import stop_if_withdrawn
from services.intake.queries import present_digest
from services.ledger import service as ledger
from services.lifecycle.create import create
from services.lifecycle.service import Move, fire
from services.models import Claim, Decision, Objection, Payment, Receivable, Reopening, Worksheet
from services.review.rules import STANDS as STANDS
from services.rulebook.registry import version as wording
from services.sla import service as sla
from services.sla.service import NewClock
from statemachines.states import ClaimState, ObjectionState, PaymentState, ReceivableState
from statemachines.words import state_words

DECIDED_IN = frozenset({ClaimState.PAYABLE, ClaimState.REFUSED, ClaimState.PAID, ClaimState.CLOSED})
MAY_REOPEN = (Role.SENIOR_REVIEWER, Role.HEAD)


@dataclass(frozen=True, slots=True)
class Concluded:
    """How a later round ended: fen given in all before and after, and what is to be given back.

    `objection_decided`: an objection was decided by it, which owes its own letter.
    """

    claim_id: uuid.UUID
    ground: str
    result: str
    before_fen: int
    after_fen: int
    receivable_fen: int
    objection_decided: bool


def decided_claim(session: Session, claim: Claim) -> Decision:
    """The present round's decision of a claim that stands decided; the claim is locked. Conflict when there is none."""
    session.refresh(claim, with_for_update=True)
    found = session.exec(select(Decision).where(Decision.claim_id == claim.id, Decision.round == claim.round)).first()
    if claim.state not in DECIDED_IN or found is None:
        remedy = "因未补正而终结的，请恢复办理" if claim.outcome == "not_pursued" else "决定作出后再办理"
        raise Conflict("not_decided", f"案件现在是“{state_words('claim', claim.state)}”，没有可以提出异议或更正的决定", remedy=remedy)
    return found


def reopen(session: Session, claim: Claim, made: Reopening, *, actor: Actor, now: datetime) -> int:
    """Begin the claim's next round for `made` (kept with it: sums and barred persons); gives the round.

    GuardFailed: payments in a run or at the bank, a sum paid ahead or the insurer's payment outstanding, limitation over.
    """
    actor.require(*MAY_REOPEN, what="重新审核已决定的案件")
    session.refresh(claim, with_for_update=True)
    conclude(session, claim_ids=[claim.id], actor=_system(), now=now)      # the flow may not have come to it yet
    stale = _open_payments(session, claim)
    made.before_fen, made.lapsed_fen = _sums(session, claim.id)
    made.verified_person = claim.verified_person
    if made.ground == "objection":
        made.barred = _deciders(session, claim)
    made.round = claim.round + 1
    made.confirmed_by, made.confirmed_person, made.confirmed_at = actor.account_id, actor.person_id, now
    session.add(made)
    # The round first: the payments' guard and the clocks of the move go by it.
    session.execute(sa.update(Claim).where(col(Claim.id) == claim.id).values(
        round=made.round, verified_person=None, outcome=None, amount_fen=None))
    session.flush()
    ledger.lapsed(session, claim_ids=[claim.id], actor=actor, now=now)
    fire(session, "claim", "reopen", [Move(claim.id, reason=made.ground, facts={
        "reopen_ground": made.ground, "two_persons": True}, details={"round": made.round, "reopening": str(made.id)})],
        actor=actor, now=now)
    fire(session, "payment", "cancel", [Move(payment, details={"why": "reopened"}) for payment in stale],
         actor=_system(), now=now)
    session.refresh(claim)
    claim.digest = present_digest(session, claim)     # papers judged since the decision count from now on
    session.add(claim)
    session.flush()
    stop_if_withdrawn(session, claim, actor=actor, now=now)
    _promise(session, claim, now)
    return claim.round


def _open_payments(session: Session, claim: Claim) -> list[uuid.UUID]:
    """Payments that were never made and fall away.

    GuardFailed when they are no longer ours to stop, or a sum paid ahead, which nothing stops, is not out yet: the new round would
    count as paid what might never be."""
    rows = session.execute(sa.text("SELECT id, state, purpose FROM payment WHERE claim_id = :claim"
                                   " AND state NOT IN ('credited', 'cancelled') ORDER BY id"), {"claim": claim.id}).all()
    if rows and claim.route == "insurer":
        raise GuardFailed("insurer_unpaid", "保险公司的给付尚未到账", remedy="到账后再重新审核", field="payments_in_flight")
    if any(row.purpose == "advance" and row.state not in ("released", "sent") for row in rows):
        raise GuardFailed("advance_unpaid", "先予支付的款项尚未付出", remedy="请财务先行付出，退汇的更正账户后付出，到账后再重新审核",
                          field="payments_in_flight")
    if any(row.state == "batched" for row in rows):
        raise GuardFailed("payment_batched", "有款项已列入付款批次", remedy="请财务先从批次中移出", field="payments_in_flight")
    return [row.id for row in rows if row.state in ("planned", "returned")]


_SUMS = sa.text("""
    SELECT (SELECT coalesce(sum(d.amount_fen), 0)::bigint FROM decision d WHERE d.claim_id = :claim)
        - (SELECT coalesce(sum(q.lapsed_fen), 0)::bigint FROM reopening q WHERE q.claim_id = :claim) AS given,
      (SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM payment p WHERE p.claim_id = :claim
        AND (p.state IN ('released', 'sent', 'credited') OR p.purpose = 'advance' AND p.state <> 'cancelled'))
        - (SELECT coalesce(sum(v.amount_fen), 0)::bigint FROM receivable v WHERE v.claim_id = :claim AND v.why = 'advance') AS paid,
      (SELECT coalesce(sum(CASE WHEN v.state = 'written_off' THEN v.received_fen ELSE v.amount_fen END
            - CASE WHEN v.why = 'advance' THEN v.amount_fen ELSE 0 END), 0)::bigint FROM receivable v WHERE v.claim_id = :claim) AS back""")


def _sums(session: Session, claim_id: uuid.UUID) -> tuple[int, int]:
    """What the decisions so far give in all, and how much of it was never paid; fen."""
    row = session.execute(_SUMS, {"claim": claim_id}).one()
    return row.given - row.back, max(0, row.given - row.paid)


def _deciders(session: Session, claim: Claim) -> list[str]:
    """Whoever verified, reviewed, set an amount or a grade, or decided in the round objected to, substitutes as both."""
    rows = session.execute(sa.text("""
        SELECT DISTINCT d.person_id FROM deciding_person d WHERE d.claim_id = :claim AND d.round = :round
            AND d.act IN ('verify', 'review', 'amount', 'regrade')
        UNION SELECT d.decided_person FROM decision d WHERE d.claim_id = :claim AND d.round = :round
            AND d.decided_person IS NOT NULL ORDER BY 1"""), {"claim": claim.id, "round": claim.round})
    return [str(person) for person in rows.scalars()]


def _promise(session: Session, claim: Claim, now: datetime) -> None:
    """The promise to pay counts anew for the round: the file is complete when the round begins."""
    rule = wording(claim.plan, claim.plan_from).clocks.get("pay")
    if rule:
        sla.start(session, [NewClock(claim.id, claim.org_key, claim.round, "pay", "", rule, business_day(now))])


def conclude(session: Session, *, claim_ids: Sequence[uuid.UUID], actor: Actor, now: datetime) -> list[Concluded]:
    """After the decision of a later round: result of its objection or correction, and what must be given back.

    Claims without a reopening, or concluded already, are left out.
    """
    rows = session.exec(select(Reopening, Claim, Decision).join(Claim, col(Claim.id) == col(Reopening.claim_id)).join(
        Decision, sa.and_(col(Decision.claim_id) == col(Claim.id), col(Decision.round) == col(Claim.round))).where(
        col(Reopening.claim_id).in_(list(claim_ids)), col(Reopening.round) == col(Claim.round),
        col(Reopening.concluded_at).is_(None)).order_by(col(Claim.id)).with_for_update(of=Claim)
        .execution_options(populate_existing=True)).all()
    done = [_conclude(session, made, claim, decision, actor, now) for made, claim, decision in rows]
    if less := [one.claim_id for one in done if one.result == "lowered" or one.after_fen == 0]:
        returned.let_go(session, claim_ids=less, now=now)
    return done


def _conclude(session: Session, made: Reopening, claim: Claim, decision: Decision, actor: Actor, now: datetime) -> Concluded:
    kept = made.before_fen - made.lapsed_fen            # paid before and not asked back
    waived = _waived(session, claim.id)
    after = _after(session, claim, decision, kept, waived)
    back = max(0, kept - max(after, waived))
    back -= _drop_returned(session, made, claim, back, actor, now)
    result = "raised" if after > made.before_fen else "lowered" if after < made.before_fen else "upheld"
    made.after_fen, made.result, made.concluded_at = after, result, now
    session.add(made)
    session.flush()
    if back:
        owed = Receivable(id=uuidv7(), org_key=claim.org_key, state=ReceivableState.OPEN, claim_id=claim.id, round=claim.round,
                          person_id=claim.person_id, amount_fen=back, why=made.ground, created_at=now)
        create(session, "receivable", [owed], actor=_system(), now=now)
        ledger.recoveries(session, receivable_ids=[owed.id], actor=actor, now=now)
    heard = made.objection_id is not None and _decide(session, made.objection_id, result, decision, actor, now)
    return Concluded(claim.id, made.ground, result, made.before_fen, after, back, heard)


def _waived(session: Session, claim_id: uuid.UUID) -> int:
    """Fen of what was asked back that two persons gave up: hers for good, whatever a later round finds."""
    rows = session.exec(select(Receivable).where(Receivable.claim_id == claim_id, Receivable.state == ReceivableState.WRITTEN_OFF))
    return sum(row.amount_fen - row.received_fen for row in rows)


def _drop_returned(session: Session, made: Reopening, claim: Claim, back: int, actor: Actor, now: datetime) -> int:
    """Of what is too much (`back`, fen), the part the bank returned since the round began: nobody has it, so nobody is asked for it.

    It lapses like what was never paid; gives its fen. Always all of it is cancelled, so that of several receivers none is left out
    alone: what stands of it is planned anew in their shares. An advance has its own ways.
    """
    live = session.exec(select(Payment).where(
        Payment.claim_id == claim.id, Payment.state != PaymentState.CANCELLED).order_by(col(Payment.id))).all()
    rows = [row for row in live if row.round < claim.round and row.purpose != "advance"
            and row.state in (PaymentState.PLANNED, PaymentState.RETURNED)]
    came = sum(row.amount_fen for row in rows)
    # Somebody else who kept hers may have more than her share of what stands: the rest can then not be shared out anew.
    if not came or not back or (came > back and len(rows) < len(live) and len({row.person_id for row in live}) > 1):
        return 0
    fire(session, "payment", "cancel", [Move(row.id, details={"why": "reopened"}) for row in rows], actor=_system(), now=now)
    fallen = min(came, back)
    made.lapsed_fen += fallen
    made.concluded_at = now
    session.add(made)
    session.flush()
    ledger.lapsed(session, claim_ids=[claim.id], actor=actor, now=now)
    return fallen


def _after(session: Session, claim: Claim, decision: Decision, kept: int, waived: int) -> int:
    """What the claim gives in all by the round's decision, in fen; `waived` stays on top of what the facts give."""
    if decision.amount_fen or decision.source == "insurer":     # the insurer's money is the insurer's to ask back
        return kept + decision.amount_fen
    if decision.reason != STANDS:
        return 0
    sheet = session.get_one(Worksheet, decision.worksheet_id)
    return min(kept, sheet.total_fen + sheet.refund_fen + waived)


def _decide(session: Session, objection_id: uuid.UUID, result: str, decision: Decision, actor: Actor, now: datetime) -> bool:
    """The round's decision is the objection's: other people took it. A withdrawn one stays withdrawn."""
    objection = session.get_one(Objection, objection_id, populate_existing=True)
    if objection.state != ObjectionState.ACCEPTED:
        return False
    objection.result, objection.decided_person, objection.decided_at = result, decision.decided_person, now
    session.add(objection)
    session.flush()
    # A late one was accepted by the head, who so decided that it be heard.
    fire(session, "objection", "decide", [Move(objection_id, reason=result, facts={"actor_is_head": True},
                                               details={"result": result})], actor=actor, now=now)
    return True


def _system() -> Actor:
    """The product's own worker."""
    return system(settings().root_org)
