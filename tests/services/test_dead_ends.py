"""Ways in which a claim could stop for good, or its money go astray: each must have a way on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.access.actor import insurer as program
from services.benefit import service as benefit
from services.core.db import Database
from services.core.errors import Conflict, NotPermitted
from services.enrolment import service as enrolment
from services.evidence import service as evidence
from services.insurer import service as insurer
from services.insurer.messages import InboundMessage
from services.intake import service as intake
from services.lifecycle.service import Move, fire
from services.models import Claim, Handoff, Notice
from services.payment import queries
from services.payment import service as payment
from services.review import service as review
from services.simulate.synthetic import synthetic_card
from tests.services.handoff_world import BREAST, forward
from tests.services.paying_world import (
    CREDIT_DAY,
    decided,
    heirs,
    in_run,
    made,
    paper,
    read,
    returned_file,
    sent,
    states,
)
from tests.services.review_world import in_review, passes
from tests.support.claims import NX_EVENT, XJ_EVENT, papers, report
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def run(world: World, statement: str, **values: object) -> Sequence[sa.Row[Any]]:
    """One statement as the system; its rows, if it has any."""
    with world.db.unit_of_work(ROOT.scope) as session:
        done = session.execute(sa.text(statement), values)
        return done.all() if done.returns_rows else []      # type: ignore[attr-defined]


def plan(world: World, claim: uuid.UUID, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=[claim], actor=ROOT, now=now)


def proof_of_death(world: World, claim: uuid.UUID, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        paper(session, session.get_one(Claim, claim), "death_proof", now)


def test_money_returned_after_a_death_goes_to_the_heirs(world: World, now: datetime) -> None:
    """The member dies while the bank has the order; its return owes the planning anew."""
    (claim,) = made(world, now, 1_500_000)
    run_id, office = sent(world, now), world.actor("xj.office2")
    proof_of_death(world, claim, now)
    with world.db.unit_of_work(office.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=now.date(), heirs=heirs([1, 1]), actor=office, now=now)
    assert states(world, claim) == [("sent", 1_500_000, 1)]
    read(world, returned_file(world, run_id, "returned"), now)
    assert [row.claim_id for row in run(world, "SELECT claim_id FROM outbox WHERE topic = 'payment.bounce'")] == [claim]
    plan(world, claim, now)
    assert sorted(states(world, claim)) == [("cancelled", 1_500_000, 1), ("planned", 1_500_000, 1)]


def test_money_returned_after_the_claim_was_closed_is_paid_again(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    run_id, clerk, maker = sent(world, now), world.actor("xj.clerk"), world.actor("xj.maker")
    read(world, returned_file(world, run_id, "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=[claim], actor=ROOT, now=now)
        assert review.close(session, actor=ROOT, now=now) == [claim]
    read(world, returned_file(world, run_id, "returned"), now)
    with world.db.unit_of_work(clerk.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        payment.propose_card(session, payment_id=paid.id, bank="CCB", number=synthetic_card("CCB", 7002),
                             holder=world.member(0, "xj").synthetic.name, actor=clerk, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=paid.id, actor=maker, now=now)
    sent(world, now)
    assert states(world, claim) == [("sent", 1_500_000, 2)]


@pytest.mark.parametrize("lack", ["bank_card_id = NULL", "bank_card_id = bank_card_id"])
def test_a_card_that_comes_late_pays_the_claim_that_waits_for_it(world: World, now: datetime, lack: str) -> None:
    """No account at the report, or one of a bank that the plan does not pay to: a member's new card helps."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000, now=now).id
    run(world, f"UPDATE payee SET {lack}")
    run(world, "UPDATE claim SET banks = '[\"CCB\"]'")
    plan(world, claim, now)
    member = world.member(0, "xj")
    number = synthetic_card("CCB", 7003)
    with world.db.unit_of_work(member.actor.scope) as session:
        enrolment.add_bank_card(session, person_id=member.person_id, bank="CCB", number=number,
                                holder=member.synthetic.name, actor=member.actor, now=now)
    in_run(world, now)
    assert states(world, claim) == [("batched", 10_000, 1)]
    [row] = run(world, "SELECT b.last4 FROM payment p JOIN bank_card b ON b.id = p.bank_card_id")
    assert row.last4 == number[-4:]


def test_a_good_account_stays_when_another_card_comes(world: World, now: datetime) -> None:
    """One person alone never redirects money that has an account."""
    made(world, now, 10_000)
    [before] = run(world, "SELECT bank_card_id FROM payee")
    member = world.member(0, "xj")
    with world.db.unit_of_work(member.actor.scope) as session:
        enrolment.add_bank_card(session, person_id=member.person_id, bank="CCB", number=synthetic_card("CCB", 7004),
                                holder=member.synthetic.name, actor=member.actor, now=now)
    assert run(world, "SELECT bank_card_id FROM payee") == [before]


def test_nobody_names_heirs_of_the_own_family(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    proof_of_death(world, claim, now)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(ROOT.scope) as session:
        enrolment.add_kin(session, person_id=world.member(0, "xj").person_id, relative_id=world.person("xj.clerk"),
                          relation="sibling", actor=ROOT, now=now)
    with pytest.raises(NotPermitted, match="actor_on_claimant_side"), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=now.date(), heirs=heirs([1, 1]), actor=clerk, now=now)
    assert states(world, claim) == [("planned", 10_000, 1)]


def test_a_held_claim_keeps_no_other_from_closing(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        first, second = (decided(session, world, n, 0, now=now, state="refused").id for n in (0, 1))
    run(world, "UPDATE claim SET held = true WHERE id = :id", id=first)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert review.close(session, actor=ROOT, now=now) == [second]


def test_what_a_reopening_cancelled_unpaid_is_still_owed(world: World, now: datetime) -> None:
    """Round 1 decided 100.00 and never paid it, round 2 decided 50.00 more: 150.00 go out, once."""
    (claim,) = made(world, now, 10_000)
    run(world, "UPDATE claim SET round = 2 WHERE id = :id", id=claim)
    run(world, "UPDATE payment SET state = 'cancelled' WHERE claim_id = :id", id=claim)
    run(world, "INSERT INTO decision (id, org_key, claim_id, round, source, kind, amount_fen, worksheet_id, clause, answer, at)"
               " SELECT gen_random_uuid(), org_key, claim_id, 2, source, kind, 5000, worksheet_id, clause, answer, at"
               " FROM decision")
    for _ in range(2):
        plan(world, claim, now)
    assert states(world, claim) == [("cancelled", 10_000, 1), ("planned", 15_000, 1)]


def test_a_consent_given_again_sends_the_certified_claim_on(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    [case] = run(world, "SELECT case_id AS id FROM claim WHERE id = :id", id=claim)
    clerk = world.actor("nx.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        intake.withdraw_consent(session, case_id=case.id, purpose="insurer", actor=clerk, now=now)
    passes(world, claim, "nx.clerk", now)
    assert forward(world, claim, now) == []
    run(world, "DELETE FROM outbox")
    with world.db.unit_of_work(clerk.scope) as session:
        intake.record_consent(session, case_id=case.id, purpose="insurer", actor=clerk, now=now)
    [owed] = run(world, "SELECT topic, claim_id FROM outbox")
    assert (owed.topic, owed.claim_id) == ("review_step.pass", claim)
    assert forward(world, claim, now) == [claim]


def test_a_claim_taken_up_again_has_a_promise_again(world: World, now: datetime) -> None:
    """Verified, asked, lapsed while on hold, resumed, verified: the pay clock runs and the hold is over."""
    member, clerk, later = world.member(0, "xj"), world.actor("xj.clerk"), now + timedelta(days=40)
    with world.db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, member, XJ_EVENT, now)
        papers(session, world, claim, now, clerk="xj.clerk")
        evidence.verify(session, claim_id=claim.id, actor=clerk, now=now)
        listed = evidence.ask(session, claim_id=claim.id, items=[{"paper": "other", "reason": "缺"}], actor=clerk, now=now)
        evidence.deliver(session, supplement_id=listed.id, actor=clerk, now=now)
        session.add(Notice(org_key=claim.org_key, state="delivered", claim_id=claim.id, code="reminder", recipient="member",
                           cause=f"reminder:{listed.id}", recipient_name="会员", drafted_at=now, delivered_at=now))
        review.hold(session, claim_id=claim.id, reason="investigation", actor=world.actor("xj.senior"), now=now)
        assert evidence.lapse(session, actor=ROOT, now=later) == [claim.id]
        intake.resume(session, claim_id=claim.id, actor=member.actor, now=later)
        evidence.verify(session, claim_id=claim.id, actor=clerk, now=later)
    [clock] = run(world, "SELECT state, start_on, pauses FROM sla_clock WHERE kind = 'pay'")
    assert (clock.state, clock.start_on, clock.pauses) == ("running", later.date(), [])
    assert [row.held for row in run(world, "SELECT held FROM claim")] == [False]


def test_a_question_left_open_by_a_recall_does_not_bind_the_next_round(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now, office="nx", event=BREAST)
    passes(world, claim, "nx.clerk", now)
    forward(world, claim, now)
    run(world, "UPDATE handoff SET state = 'questioned'")
    clerk, asks = world.actor("nx.clerk"), program("cn.nx.", "保险公司")
    with world.db.unit_of_work(ROOT.scope) as session:
        items = [{"paper": "pathology", "reason": "请补充"}]
        evidence.question(session, claim_id=claim, items=items, actor=asks, now=now)
        session.execute(sa.text("UPDATE claim SET round = 2"))
        session.execute(sa.text("UPDATE handoff SET round = 2"))
        session.expire_all()
        second = evidence.question(session, claim_id=claim, items=items, actor=asks, now=now)
        evidence.deliver(session, supplement_id=second.id, actor=clerk, now=now)
        evidence.answer(session, supplement_id=second.id, actor=clerk, now=now, items=[
            {"paper": "pathology", "state": "unavailable", "note": "已遗失"}])
        handoff = session.execute(sa.text("SELECT id FROM handoff")).scalar_one()
        [moved] = fire(session, "handoff", "reply", [Move(handoff)], actor=ROOT, now=now)
    assert moved.target == "received"


def test_a_completed_event_is_still_the_same_event(world: World, now: datetime) -> None:
    """Facts added from the papers must not let the same illness be reported a second time; another illness may be."""
    member, clerk = world.member(0), world.actor("nx.clerk")
    told = {name: value for name, value in NX_EVENT.items() if name != "specimen_on"}
    with world.db.unit_of_work(ROOT.scope) as session:
        _, (claim,) = report(session, world, member, told, now)
        intake.amend(session, claim_id=claim.id, event=NX_EVENT, reason="按病理报告", actor=clerk, now=now)
    with pytest.raises(Conflict, match="duplicate_report"), world.db.unit_of_work(ROOT.scope) as session:
        report(session, world, member, told, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert len(report(session, world, member, {**told, "icd10": "C56.900"}, now)[1]) == 1


def settle(session: Session, handoff: Handoff, claim: Claim, seq: int, amount: str, now: datetime, *, last4: str) -> None:
    """The insurer says that it paid, and to which account; we apply it."""
    message = InboundMessage.model_validate({
        "message_id": uuid.uuid4(), "handoff_id": handoff.id, "claim_no": claim.claim_no, "round": 1, "version": 1,
        "at": now, "seq": seq, "kind": "settle",
        "body": {"amount": amount, "bank_time": CREDIT_DAY, "serial": f"PA{seq}", "account_last4": last4}})
    insurer.receive(session, message=message, now=now)
    assert insurer.apply(session, claim_nos=[claim.claim_no], now=now) == 1


@pytest.mark.parametrize(("amount", "account", "fault"), [
    ("99999.99", "own", "amount_differs"), ("100000.01", "own", "amount_differs"), ("100000.00", "0000", "payee_differs")])
def test_an_insurer_that_names_a_wrong_sum_or_account_can_name_the_right_one(
        world: World, now: datetime, amount: str, account: str, fault: str) -> None:
    own = world.member(0, "nx").synthetic.card[-4:]
    assert own != "0000"
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        handoff = Handoff(org_key=claim.org_key, state="decided", claim_id=claim.id, round=1, package=1,
                          liabilities=["breast_cancer"])
        session.add(handoff)
        session.flush()
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
        settle(session, handoff, claim, 1, amount, now, last4=own if account == "own" else account)
        session.refresh(handoff)
        assert handoff.state == "decided"
        assert [line.fault for line in queries.unmatched_lines(session)] == [fault]
        settle(session, handoff, claim, 2, "100000.00", now, last4=own)
        session.refresh(handoff)
        assert handoff.state == "settled"
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]


def test_a_refusal_of_a_later_round_does_not_forget_what_was_paid(world: World, now: datetime) -> None:
    claim = in_review(world, 0, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        benefit.freeze(session, claim_id=claim, actor=ROOT, now=now)
        benefit.mark_paid(session, claim_ids=[claim])
    [paid] = run(world, "SELECT amount_fen FROM reservation WHERE state = 'paid'")
    run(world, "UPDATE claim SET round = 2")
    with world.db.unit_of_work(ROOT.scope) as session:
        benefit.freeze(session, claim_id=claim, actor=ROOT, now=now, pays=False)
    assert run(world, "SELECT amount_fen FROM reservation WHERE state = 'paid'") == [paid]
