"""Money paid ahead, once a decision took it in: later rounds neither ask it back nor pay it again."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest

from services.core.db import Database
from services.core.errors import GuardFailed
from services.intake import advances
from services.review import service as review
from services.review import upholding
from tests.services.after_world import IN_SITU, accepted, concluded, facts_become, lodged, routed
from tests.services.paying_world import read, returned_file, sent
from tests.services.review_world import digest, in_review, passes
from tests.services.test_advance import ahead, credited, decided, money, owed, planned, promises, state
from tests.support.world import ROOT, World, build_world

PAID = [("advance", "credited", 1_000_000), ("benefit", "credited", 500_000)]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def claim(world: World, now: datetime) -> uuid.UUID:
    """15000.00 decided, 10000.00 of it paid ahead, the rest planned."""
    found = in_review(world, 3, now)
    ahead(world, found, "10000.00", now)
    credited(world, now)
    decided(world, found, now)
    planned(world, found, now)
    return found


def again(world: World, claim: uuid.UUID, now: datetime, event: dict[str, object] | None = None) -> None:
    """The next round, as far as its deciding level."""
    accepted(world, lodged(world, claim, now), now)
    if event:
        facts_become(world, claim, event)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)


def upheld(world: World, claim: uuid.UUID, now: datetime) -> None:
    actor = world.actor("xj.office2")
    with world.db.unit_of_work(actor.scope) as session:
        upholding.uphold(session, claim_id=claim, seen=digest(world.db, claim), actor=actor, now=now)


def all_paid(world: World, claim: uuid.UUID, now: datetime) -> None:
    credited(world, now)
    planned(world, claim, now)
    assert (state(world, claim), money(world, claim)) == ("paid", PAID)


def test_upheld_after_all_was_paid_nothing_is_asked_back(world: World, claim: uuid.UUID, now: datetime) -> None:
    all_paid(world, claim, now)
    again(world, claim, now)
    upheld(world, claim, now)
    assert owed(world, claim) == [], "before the round is concluded as well as after it"
    [done] = concluded(world, claim, now)
    planned(world, claim, now)
    assert (done.result, done.before_fen, done.after_fen, done.receivable_fen) == ("upheld", 1_500_000, 1_500_000, 0)
    assert (state(world, claim), money(world, claim), owed(world, claim), promises(world)) == ("refused", PAID, [], [])


def test_decided_the_same_again_only_the_unpaid_rest_is_paid(world: World, claim: uuid.UUID, now: datetime) -> None:
    again(world, claim, now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 500_000
    [done] = concluded(world, claim, now)
    planned(world, claim, now)
    assert (done.result, done.receivable_fen, owed(world, claim)) == ("upheld", 0, [])
    assert money(world, claim) == [("advance", "credited", 1_000_000), ("benefit", "cancelled", 500_000),
                                   ("difference", "planned", 500_000)]
    credited(world, now)
    planned(world, claim, now)
    assert (state(world, claim), promises(world)) == ("paid", [])


def test_refused_in_the_next_round_all_is_asked_back_once(world: World, claim: uuid.UUID, now: datetime) -> None:
    all_paid(world, claim, now)
    again(world, claim, now)
    actor = world.actor("xj.office2")
    with world.db.unit_of_work(actor.scope) as session:
        review.refuse(session, claim_id=claim, seen=digest(world.db, claim), reason="not_in_list", clause="第九条", actor=actor, now=now)
    concluded(world, claim, now)
    assert (owed(world, claim), promises(world)) == ([("objection", "open", 1_500_000)], [])


def test_a_lower_result_asks_back_what_is_beyond_it_once(world: World, claim: uuid.UUID, now: datetime) -> None:
    all_paid(world, claim, now)
    again(world, claim, now, dict(IN_SITU))
    upheld(world, claim, now)
    [done] = concluded(world, claim, now)
    assert (done.result, done.after_fen) == ("lowered", 100_000)
    assert (owed(world, claim), promises(world)) == ([("objection", "open", 1_400_000)], [])


def test_a_round_that_is_not_pursued_leaves_the_decision_before_it(world: World, claim: uuid.UUID, now: datetime) -> None:
    all_paid(world, claim, now)
    accepted(world, lodged(world, claim, now), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        advances.deduct(session, given={claim: 0}, actor=ROOT, now=now)
    assert (owed(world, claim), money(world, claim)) == ([], PAID)


def test_an_advance_not_out_yet_is_awaited_before_another_round(world: World, now: datetime) -> None:
    claim = in_review(world, 3, now)
    ahead(world, claim, "10000.00", now)
    decided(world, claim, now)
    planned(world, claim, now)
    made = lodged(world, claim, now)
    with pytest.raises(GuardFailed, match="advance_unpaid"):
        accepted(world, made, now)
    run = sent(world, now)
    with pytest.raises(GuardFailed, match="payment_in_flight"):
        accepted(world, made, now)
    read(world, returned_file(world, run, "credited", "credited"), now)
    planned(world, claim, now)
    assert money(world, claim) == PAID
    assert accepted(world, made, now) == 2
    assert (owed(world, claim), promises(world)) == ([], [])
