"""Who may make, release and receive: separation, holds, heirs, and what the insurer pays itself."""

from __future__ import annotations

import threading
import uuid
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.models import Claim, InsurerMessage, Payee
from services.payment import queries
from services.payment import service as payment
from tests.services.paying_world import (
    CREDIT_DAY,
    decided,
    heirs,
    in_run,
    made,
    paper,
    prove_heirs,
    states,
)
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_maker_is_not_checker_is_not_decider(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    run_id, maker, checker = in_run(world, now), world.actor("xj.maker"), world.actor("xj.checker")
    with pytest.raises(NotPermitted), world.db.unit_of_work(maker.scope) as session:
        payment.release(session, run_id=run_id, actor=maker, now=now)
    same_person = type(checker)(checker.account_id, maker.person_id, checker.org_key, checker.name, checker.roles)
    with pytest.raises(GuardFailed, match="maker_not_separate"), world.db.unit_of_work(maker.scope) as session:
        payment.release(session, run_id=run_id, actor=same_person, now=now)
    verifier = type(checker)(checker.account_id, world.person("xj.office1"), checker.org_key, checker.name, checker.roles)
    with pytest.raises(GuardFailed, match="actor_decided_before"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=verifier, now=now)
    assert states(world, claim) == [("batched", 6_000_000, 1)]


def test_maker_who_decided_finds_nothing_to_pay(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    maker = world.actor("xj.maker")
    verifier = type(maker)(maker.account_id, world.person("xj.office1"), maker.org_key, maker.name, maker.roles)
    with pytest.raises(InputError, match="run_empty"), world.db.unit_of_work(maker.scope) as session:
        payment.build_run(session, plan="xj-women", bank="ICBC", actor=verifier, now=now)


def test_who_set_an_amount_does_not_pay_it_out(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    maker, checker = world.actor("xj.maker"), world.actor("xj.checker")
    run_id = in_run(world, now)
    with world.db.unit_of_work(maker.scope) as session:
        row = {"amount": "60000.00", "round": 1, "person": str(checker.person_id), "reason": "核"}
        session.execute(sa.update(Claim).where(col(Claim.id) == claim).values(inputs={"manual": {"malignant": row}}))
    with pytest.raises(GuardFailed, match="actor_decided_before"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)


def test_change_after_submit_refuses_release(world: World, now: datetime) -> None:
    first, _ = made(world, now, 6_000_000, 200_000)
    run_id, maker, checker = in_run(world, now), world.actor("xj.maker"), world.actor("xj.checker")
    with world.db.unit_of_work(maker.scope) as session:
        paid = queries.payments_of(session, first)[0]
        payment.exclude(session, payment_ids=[paid.id], reason="wrong", actor=maker, now=now)
    with pytest.raises(GuardFailed, match="run_changed"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        payment.send_back(session, run_id=run_id, reason="run_changed", actor=checker, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        again = payment.submit(session, run_id=run_id, actor=maker, now=now)
        assert (again.count, again.total_fen) == (1, 200_000)
    with world.db.unit_of_work(checker.scope) as session:
        assert payment.release(session, run_id=run_id, actor=checker, now=now).state == "released"


def test_fund_that_does_not_cover_refuses(world: World, now: datetime) -> None:
    made(world, now, 1_000_100_000_00)
    run_id, checker = in_run(world, now), world.actor("xj.checker")
    with pytest.raises(GuardFailed, match="fund_short"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)


def test_held_claim_stays_out_and_a_hold_stops_release(world: World, now: datetime) -> None:
    first, second = made(world, now, 6_000_000, 200_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.get_one(Claim, first).held = True
    run_id, checker = in_run(world, now), world.actor("xj.checker")
    assert states(world, first) == [("planned", 6_000_000, 1)]
    with world.db.unit_of_work(ROOT.scope) as session:
        session.get_one(Claim, second).held = True
    with pytest.raises(GuardFailed, match="on_hold"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)


def test_another_office_cannot_see_the_run(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    run_id, stranger = in_run(world, now), world.actor("nx.checker")
    with pytest.raises(Exception, match="not_found"), world.db.unit_of_work(stranger.scope) as session:
        payment.release(session, run_id=run_id, actor=stranger, now=now)


def test_heirs_share_by_fen_and_the_first_takes_the_rest(world: World, now: datetime) -> None:
    """100.00 yuan in thirds: 33.34, 33.33, 33.33; what was batched for the member leaves its run."""
    (claim,) = made(world, now, 10_000)
    in_run(world, now)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        paper(session, session.get_one(Claim, claim), "death_proof", now)
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 3], [1, 3], [1, 3]),
                           actor=clerk, now=now)
    assert sorted(states(world, claim)) == [("cancelled", 10_000, 1), ("planned", 3333, 1), ("planned", 3333, 1),
                                            ("planned", 3334, 1)]
    with world.db.view(ROOT.scope) as session:
        assert [payee.ordinal for payee in queries.payees_of(session, claim)] == [1, 2, 3]
        first = queries.payees_of(session, claim)[0]
        assert [row.amount_fen for row in queries.payments_of(session, claim) if row.payee_id == first.id] == [3334]
        assert {row.run_id for row in queries.payments_of(session, claim)} == {None}


def test_shares_that_do_not_add_up_are_refused(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    clerk = world.actor("xj.clerk")
    with pytest.raises(InputError, match="heir_shares_sum"), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 3]), actor=clerk,
                           now=now)


def test_death_needs_its_proof(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    clerk = world.actor("xj.clerk")
    with pytest.raises(GuardFailed), world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 1]), actor=clerk, now=now)
    with world.db.view(ROOT.scope) as session:
        assert [payee.relation for payee in session.exec(select(Payee).where(Payee.claim_id == claim))] == ["self"]


def test_run_needs_its_own_maker_to_submit(world: World, now: datetime) -> None:
    made(world, now, 10_000)
    run_id, maker = in_run(world, now), world.actor("xj.maker")
    with pytest.raises(Conflict), world.db.unit_of_work(maker.scope) as session:
        payment.submit(session, run_id=run_id, actor=maker, now=now)


def settled_by_insurer(session: Session, claim: Claim, amount: str, now: datetime, message: str = "m1") -> None:
    session.add(InsurerMessage(
        message_id=message, org_key=claim.org_key, claim_no=claim.claim_no, seq=int(message[1:]), kind="settle", sent_at=now,
        handoff_id=uuid.uuid4(), round=1,
        version=1, digest=f"{message:0<64}",
        body={"amount": amount, "bank_time": CREDIT_DAY.isoformat(), "serial": "PA77", "account_last4": "3001"},
        received_at=now, state="applied"))
    session.flush()


def test_what_the_insurer_paid_is_credited_by_its_message(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []       # nothing heard yet
        settled_by_insurer(session, claim, "100000.00", now)
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []
        assert payment.settle(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]
        [paid] = queries.payments_of(session, claim.id)
        assert (paid.state, paid.channel, paid.serial, paid.credited_at) == ("credited", "insurer", "PA77", CREDIT_DAY)


def test_an_insurers_wrong_sum_moves_nothing(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
        settled_by_insurer(session, claim, "99999.99", now)
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == []
        assert [line.fault for line in queries.unmatched_lines(session)] == ["amount_differs"]
        settled_by_insurer(session, claim, "100000.00", now, "m2")
        assert payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now) == [claim.id]


def test_insurers_payment_never_enters_our_run(world: World, now: datetime) -> None:
    maker = world.actor("nx.maker")
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000_000, now=now, office="nx")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
    with pytest.raises(InputError, match="fund_missing"), world.db.unit_of_work(maker.scope) as session:
        payment.build_run(session, plan="nx-ankangbao", bank="ICBC", actor=maker, now=now)


def test_two_plannings_at_once_plan_once(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000, now=now).id
    start, planned = threading.Barrier(2), list[int]()

    def work() -> None:
        start.wait()
        with world.db.unit_of_work(ROOT.scope) as session:
            planned.append(len(payment.plan(session, claim_ids=[claim], actor=ROOT, now=now)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(planned) == [0, 1]
    assert states(world, claim) == [("planned", 10_000, 1)]


def test_death_noted_on_one_claim_keeps_the_others_from_the_dead_members_account(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        first, second = (decided(session, world, 0, fen, now=now).id for fen in (10_000, 20_000))
        payment.plan(session, claim_ids=[first, second], actor=ROOT, now=now)
        prove_heirs(session, session.get_one(Claim, first), now)
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=first, died_on=date(2026, 3, 15), heirs=heirs([1, 1]), actor=clerk, now=now)
    in_run(world, now)
    assert sorted(states(world, first)) == [("batched", 10_000, 1), ("cancelled", 10_000, 1)]
    assert states(world, second) == [("planned", 20_000, 1)]
