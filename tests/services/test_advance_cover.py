"""What is paid ahead is reserved on the cover: no other claim takes it, and it is free again when the claim ends undecided."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from services.benefit.rules import PREMIUM_REFUND, Taking
from services.benefit.rules import ahead as cut
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError
from services.evidence import service as evidence
from services.models import Claim, Notice
from services.payment import service as payment
from services.reporting import checks
from tests.services.after_world import accepted, ask, lodged
from tests.services.paying_world import heirs, prove_heirs
from tests.services.review_world import MALIGNANT, in_review
from tests.services.test_advance import (
    ahead,
    confirmed,
    credited,
    decided,
    ends,
    money,
    planned,
    proposed,
    refused,
    state,
)
from tests.services.test_merged_covers import corrected
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world

FULL = 1_500_000                # one share of 恶性 by the table; one disease never pays twice on a cover
AGAIN = {**MALIGNANT, "diagnosed_on": "2026-03-17"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def first(world: World, now: datetime) -> uuid.UUID:
    return in_review(world, 3, now)


@pytest.fixture
def second(world: World, now: datetime, first: uuid.UUID) -> uuid.UUID:
    """The same disease on the same cover, computed before anything was paid on it."""
    return in_review(world, 3, now, event=AGAIN)


def held(world: World, claim: uuid.UUID) -> list[tuple[str, int, str]]:
    return [tuple(row) for row in ask(world, f"SELECT benefit, amount_fen, state FROM reservation WHERE claim_id = '{claim}'")]


def over_cap(world: World) -> list[str]:
    with world.db.view(ROOT.scope) as session:
        return [what for check in checks.CHECKS if check.code == "within_cap" for _, what in check.find(session)]


def test_the_next_claim_finds_it_taken(world: World, first: uuid.UUID, second: uuid.UUID, now: datetime) -> None:
    ahead(world, first, "15000.00", now)
    assert held(world, first) == [("malignant", FULL, "reserved")]
    credited(world, now)
    with pytest.raises(GuardFailed, match="nothing_to_pay"):
        decided(world, second, now)
    assert decided(world, first, now).decided_fen == FULL
    planned(world, first, now)
    assert state(world, first) == "paid" and held(world, first) == [("malignant", FULL, "paid")]
    assert sum(fen for claim in (first, second) for _, _, fen in money(world, claim)) == FULL and over_cap(world) == []


def test_what_was_taken_meanwhile_is_not_paid_ahead(world: World, first: uuid.UUID, second: uuid.UUID, now: datetime) -> None:
    proposed(world, first, "10000.00", now)
    decided(world, second, now)
    with pytest.raises(Conflict, match="advance_outdated"):
        confirmed(world, first, now)
    assert (money(world, first), held(world, first)) == ([], [])
    actor = world.actor("xj.office1")
    with world.db.unit_of_work(actor.scope) as session:
        payment.drop_advance(session, claim_id=first, reason="额度已用", actor=actor, now=now)
    with pytest.raises(InputError, match="advance_too_high"):
        proposed(world, first, "0.01", now)                          # nothing is left for this disease


def test_cancelled_it_is_free_again(world: World, first: uuid.UUID, second: uuid.UUID, now: datetime) -> None:
    ahead(world, first, "10000.00", now)
    assert held(world, first) == [("malignant", 1_000_000, "reserved")]
    ends(world, first, now)
    assert (state(world, first), held(world, first)) == ("cancelled", [("malignant", 1_000_000, "released")])
    assert decided(world, second, now).decided_fen == FULL and over_cap(world) == []


def test_cancelled_in_a_later_round_before_anything_was_paid_it_is_free_again(world: World, first: uuid.UUID, second: uuid.UUID,
                                                                             now: datetime) -> None:
    """A doubled claim was decided and is found out before its money is in a run."""
    assert decided(world, first, now).decided_fen == FULL
    corrected(world, first, now)
    ends(world, first, now)
    assert (state(world, first), held(world, first)) == ("cancelled", [("malignant", FULL, "released")])
    assert decided(world, second, now).decided_fen == FULL and over_cap(world) == []


def test_what_was_paid_and_not_asked_back_is_not_cancelled(world: World, first: uuid.UUID, now: datetime) -> None:
    decided(world, first, now)
    pay(world, [first], now)
    corrected(world, first, now)
    with pytest.raises(Conflict, match="cancel_after_payment") as stopped:
        ends(world, first, now)
    [row] = ask(world, f"SELECT claim_no FROM claim WHERE id = '{first}'")
    assert row.claim_no in stopped.value.message and "登记应返还款" in stopped.value.remedy
    assert ask(world, "SELECT 1 FROM cancel_request") == []
    assert (state(world, first), held(world, first)) == ("verified", [("malignant", FULL, "paid")])


def test_the_round_of_an_objection_is_not_cancelled_but_answered(world: World, first: uuid.UUID, now: datetime) -> None:
    decided(world, first, now)
    objection = lodged(world, first, now)
    accepted(world, objection, now)
    with pytest.raises(Conflict, match="objection_open"):
        ends(world, first, now)
    assert state(world, first) == "verified"
    assert [row.state for row in ask(world, "SELECT state FROM objection")] == ["accepted"]


def test_what_was_not_sent_to_a_former_receiver_is_free_again(world: World, first: uuid.UUID, now: datetime) -> None:
    """Before it was sent she died: nothing is paid ahead to her heirs unless two persons say so anew."""
    ahead(world, first, "10000.00", now)
    office = world.actor("xj.office2")
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, first), now)
    with world.db.unit_of_work(office.scope) as session:
        payment.note_death(session, claim_id=first, died_on=now.date(), heirs=heirs([1, 1]), actor=office, now=now)
    assert money(world, first) == [("advance", "cancelled", 1_000_000)]
    assert held(world, first) == [("malignant", 1_000_000, "released")]


def test_lapsed_it_is_free_again(world: World, first: uuid.UUID, now: datetime) -> None:
    ahead(world, first, "10000.00", now)
    clerk, later = world.actor("xj.clerk"), now + timedelta(days=40)
    with world.db.unit_of_work(ROOT.scope) as session:
        listed = evidence.ask(session, claim_id=first, items=[{"paper": "other", "reason": "缺"}], actor=clerk, now=now)
        evidence.deliver(session, supplement_id=listed.id, actor=clerk, now=now)
        session.add(Notice(org_key=listed.org_key, state="delivered", claim_id=first, code="reminder", recipient="member",
                           cause=f"reminder:{listed.id}", recipient_name="会员", drafted_at=now, delivered_at=now))
        session.flush()
        assert evidence.lapse(session, actor=ROOT, now=later) == [first]
    assert (state(world, first), held(world, first)) == ("closed", [("malignant", 1_000_000, "released")])


def test_a_refusal_takes_nothing(world: World, first: uuid.UUID, now: datetime) -> None:
    ahead(world, first, "4000.00", now)
    refused(world, first, now)
    assert (state(world, first), held(world, first)) == ("refused", [("malignant", 400_000, "released")])


def test_the_decision_takes_the_whole(world: World, first: uuid.UUID, now: datetime) -> None:
    ahead(world, first, "4000.00", now)
    assert decided(world, first, now).decided_fen == FULL
    assert held(world, first) == [("malignant", FULL, "reserved")]


def test_a_sum_is_held_line_by_line_and_days_are_rounded_up() -> None:
    found = [Taking("a", 1_000, 3), Taking("lower", -50), Taking("b", 2_000, 10), Taking(PREMIUM_REFUND, 700)]
    assert cut(found, 1_500) == [Taking("a", 1_000, 3), Taking("b", 500, 3)]          # 2.5 of 10 days
    assert cut(found, 1) == [Taking("a", 1, 1)]
    assert cut(found, 3_000) == [Taking("a", 1_000, 3), Taking("b", 2_000, 10)]
    assert cut(found, 0) == []
