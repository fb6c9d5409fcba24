"""The bank sends back what an earlier round's decision paid: it is still owed, and goes out again whatever the later round decided."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import InputError
from services.models import Claim, Person
from services.payment import service as payment
from services.review import service as review
from services.review import upholding
from services.simulate.synthetic import synthetic_card
from tests.services.after_world import (
    IN_SITU,
    MALIGNANT,
    accepted,
    ask,
    concluded,
    decided,
    facts_become,
    lodged,
    payments,
    planned,
    routed,
)
from tests.services.letters_reader import Reader
from tests.services.paying_world import heirs, prove_heirs, read, returned_file, sent
from tests.services.review_world import claim_row, digest, in_review, passes
from tests.services.test_advance import LEVELS, ahead, promises
from tests.support.road import BANK, pay
from tests.support.world import ROOT, World, build_world

SIX_DAYS = timedelta(days=6)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def again(world: World, claim: uuid.UUID, now: datetime, event: object = None) -> None:
    """The next round, as far as its deciding level."""
    accepted(world, lodged(world, claim, now), now)
    if event:
        facts_become(world, claim, event)  # type: ignore[arg-type]
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)


def upheld(world: World, claim: uuid.UUID, now: datetime) -> None:
    actor = world.actor("xj.office2")
    with world.db.unit_of_work(actor.scope) as session:
        upholding.uphold(session, claim_id=claim, seen=digest(world.db, claim), actor=actor, now=now)
    concluded(world, claim, now)


def sent_back(world: World, run: uuid.UUID, now: datetime) -> None:
    read(world, returned_file(world, run, "returned", bank=BANK, serial="R1"), now)


def corrected(world: World, claim: uuid.UUID, now: datetime) -> None:
    """Another card by two persons."""
    [row] = ask(world, "SELECT id FROM payment WHERE claim_id = :id AND state = 'returned'", id=claim)
    clerk, finance = world.actor("xj.clerk"), world.actor("xj.maker")
    with world.db.unit_of_work(clerk.scope) as session:
        holder = session.get_one(Person, world.member(3, "xj").person_id).name
        payment.propose_card(session, payment_id=row.id, bank="CCB", number=synthetic_card("CCB", 7101), holder=holder, actor=clerk,
                             now=now)
    with world.db.unit_of_work(finance.scope) as session:
        payment.confirm_card(session, payment_id=row.id, actor=finance, now=now)


def paid_again(world: World, now: datetime) -> None:
    run = sent(world, now)
    read(world, returned_file(world, run, "credited", serial="B9"), now)


def test_upheld_then_sent_back(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    run = pay(world, [claim], now)
    again(world, claim, now)
    upheld(world, claim, now)
    later = now + SIX_DAYS
    sent_back(world, run, later)
    assert planned(world, claim, later) == [("returned", 1, 100_000)], "what stands is not planned twice"
    corrected(world, claim, later)
    assert planned(world, claim, later) == [("planned", 1, 100_000)]
    paid_again(world, later)
    assert payments(world, claim) == [("credited", 1, 100_000)]
    assert (claim_row(world.db, claim).state, promises(world)) == ("refused", [])


def test_the_first_sum_sent_back_after_the_difference(world: World, now: datetime) -> None:
    claim, reader = decided(world, 3, now), Reader(world)
    run = pay(world, [claim], now)
    assert reader.new(claim, now).count(("payment", "member")) == 1
    again(world, claim, now, MALIGNANT)
    passes(world, claim, "xj.office2", now)
    concluded(world, claim, now)
    pay(world, [claim], now)
    assert payments(world, claim) == [("credited", 1, 100_000), ("credited", 2, 1_400_000)]
    assert reader.new(claim, now).count(("payment", "member")) == 1
    later = now + SIX_DAYS
    sent_back(world, run, later)
    assert reader.new(claim, later) == [("account", "member")]
    assert planned(world, claim, later) == [("returned", 1, 100_000), ("credited", 2, 1_400_000)]
    corrected(world, claim, later)
    paid_again(world, later)
    assert payments(world, claim) == [("credited", 1, 100_000), ("credited", 2, 1_400_000)]
    assert (claim_row(world.db, claim).state, promises(world)) == ("paid", [])
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=later) == []
    assert reader.new(claim, later) == [("payment", "member")], "the first sum's second arrival; the difference was told"


def test_sent_back_in_the_round_it_waits_for_the_decision_and_then_goes_with_the_difference(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    run = pay(world, [claim], now)
    again(world, claim, now, MALIGNANT)
    sent_back(world, run, now + SIX_DAYS)
    corrected(world, claim, now + SIX_DAYS)
    assert nothing_to_run(world, now)
    passes(world, claim, "xj.office2", now)
    concluded(world, claim, now)
    assert planned(world, claim, now) == [("planned", 1, 100_000), ("planned", 2, 1_400_000)]
    run = sent(world, now + SIX_DAYS)
    read(world, returned_file(world, run, "credited", "credited", serial="B9"), now + SIX_DAYS)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now + SIX_DAYS) == [claim]
    assert promises(world) == []


def nothing_to_run(world: World, now: datetime) -> bool:
    with pytest.raises(InputError, match="run_empty"):
        sent(world, now + SIX_DAYS)
    return True


def test_what_the_later_round_asks_back_altogether_does_not_go_out_again(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    run = pay(world, [claim], now)
    again(world, claim, now)
    actor = world.actor("xj.office2")
    with world.db.unit_of_work(actor.scope) as session:
        review.refuse(session, claim_id=claim, seen=digest(world.db, claim), reason="false_papers", clause="第九条", actor=actor, now=now)
    sent_back(world, run, now + SIX_DAYS)
    corrected(world, claim, now + SIX_DAYS)
    assert nothing_to_run(world, now), "not before the round is concluded"
    concluded(world, claim, now + SIX_DAYS)
    assert nothing_to_run(world, now), "and not after it"


def test_what_a_lower_result_lets_stand_goes_out_again(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    run = pay(world, [claim], now)
    again(world, claim, now, IN_SITU)
    upheld(world, claim, now)
    assert [row.amount_fen for row in ask(world, "SELECT amount_fen FROM receivable")] == [1_400_000]
    sent_back(world, run, now + SIX_DAYS)
    corrected(world, claim, now + SIX_DAYS)
    paid_again(world, now + SIX_DAYS)
    assert (payments(world, claim), promises(world)) == ([("credited", 1, 1_500_000)], []), "the receivable stands for what is beyond"


def test_upheld_then_sent_back_after_a_death_it_goes_to_the_heirs(world: World, now: datetime) -> None:
    claim = decided(world, 3, now)
    run = pay(world, [claim], now)
    again(world, claim, now)
    upheld(world, claim, now)
    later, office = now + SIX_DAYS, world.actor("xj.office2")
    sent_back(world, run, later)
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), later)
    with world.db.unit_of_work(office.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=now.date(), heirs=heirs([1, 1]), actor=office, now=later)
    assert payments(world, claim) == [("cancelled", 1, 100_000), ("planned", 2, 100_000)]
    paid_again(world, later)
    assert (payments(world, claim), promises(world)) == ([("cancelled", 1, 100_000), ("credited", 2, 100_000)], [])


def test_an_advance_sent_back_in_a_round_that_was_not_pursued_is_still_owed(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    ahead(world, claim, "15000.00", now)
    run = sent(world, now)
    read(world, returned_file(world, run, "credited"), now)
    for login in LEVELS:
        passes(world, claim, login, now)
    accepted(world, lodged(world, claim, now), now)
    sent_back(world, run, now + SIX_DAYS)
    corrected(world, claim, now + SIX_DAYS)
    with world.db.unit_of_work(ROOT.scope) as session:     # as when nobody answers what the round asks for
        session.execute(sa.text("UPDATE claim SET state = 'closed', outcome = 'not_pursued' WHERE id = :id"), {"id": claim})
    paid_again(world, now + SIX_DAYS)
    assert payments(world, claim) == [("credited", 1, 1_500_000)]


def test_an_advance_that_came_after_the_reopening_is_told_with_the_difference(world: World, now: datetime) -> None:
    """Its first credit was never told: the claim was taken up again before it was settled, and the bank sent it back."""
    claim, reader = in_review(world, 3, now), Reader(world)
    ahead(world, claim, "10000.00", now)
    run = sent(world, now)
    read(world, returned_file(world, run, "credited"), now)
    for login in LEVELS:
        passes(world, claim, login, now)
    assert reader.new(claim, now) != []
    again(world, claim, now)
    assert reader.new(claim, now).count(("payment", "member")) == 0
    later = now + SIX_DAYS
    sent_back(world, run, later)
    assert reader.new(claim, later) == [("account", "member")]
    corrected(world, claim, later)
    passes(world, claim, "xj.office2", later)
    concluded(world, claim, later)
    assert planned(world, claim, later) == [("planned", 1, 1_000_000), ("planned", 2, 500_000)]
    run = sent(world, later)
    read(world, returned_file(world, run, "credited", "credited", serial="B9"), later)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=later) == [claim]
    assert reader.new(claim, later).count(("payment", "member")) == 2
