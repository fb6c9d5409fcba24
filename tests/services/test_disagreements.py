"""The insurer decides on another sum than ours: opened line by line, accepted by two, insisted on by a new round, never paid twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.benefit import service as benefit
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.insurer import disagreements
from services.payment import service as payment
from services.payment import settling
from services.review import amendment
from services.review import service as review
from tests.services.handoff_world import collect, forward, hand_over, handoff, number, with_insurer
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT, SYSTEM, outcome, passes
from tests.support.world import World, build_world

ALLOWANCE = "breast_cancer_allowance"
LESS = {ALLOWANCE: {"amount": "500.00", "reason": "no_paid_days"}}


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    with running(Path(tmp_path_factory.mktemp("twin"))) as found:
        yield found


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def decided(world: World, twin: Twin, now: datetime, *, settled: bool = False, adjust: object = LESS) -> uuid.UUID:
    """S03 is 100000 and 9 days at 100; the insurer grants five of the nine."""
    claim = with_insurer(world, twin, now)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "decide", adjust=adjust)
    if settled:
        twin.walk(no, "settle")
    collect(world, twin, claim, now)
    return claim


def rows(world: World, claim: uuid.UUID) -> list[tuple[object, ...]]:
    with world.db.view(ROOT) as session:
        return [tuple(row) for row in session.execute(sa.text(
            "SELECT round, liability, ours_fen, theirs_fen, asked, result FROM disagreement WHERE claim_id = :id"
            " ORDER BY round, liability"), {"id": claim})]


def money(world: World, claim: uuid.UUID) -> list[tuple[int, int, str]]:
    with world.db.view(ROOT) as session:
        return [tuple(row) for row in session.execute(sa.text(
            "SELECT round, amount_fen, state FROM payment WHERE claim_id = :id ORDER BY round"), {"id": claim})]


def test_another_sum_opens_a_line_and_changes_nothing_of_what_was_decided(world: World, twin: Twin, now: datetime) -> None:
    claim = decided(world, twin, now)
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, None, None)]
    assert outcome(world.db, claim) == ("payable", "part", 10_050_000)
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
        row = session.execute(sa.text("SELECT due_on, clause, reason FROM disagreement")).one()
    assert money(world, claim) == [(1, 10_050_000, "planned")]
    assert (row.clause, row.reason) == ("安康保办法 第六条、第八条", "no_paid_days") and row.due_on > now.date()


def test_the_same_sum_opens_nothing(world: World, twin: Twin, now: datetime) -> None:
    assert rows(world, decided(world, twin, now, adjust={})) == []


def test_accepting_takes_two_persons_and_moves_no_money(world: World, twin: Twin, now: datetime) -> None:
    claim = decided(world, twin, now)
    reviewer, senior, clerk = world.actor("nx.office1"), world.actor("nx.senior"), world.actor("nx.clerk")
    with world.db.unit_of_work(clerk.scope) as session, pytest.raises(NotPermitted):
        disagreements.ask_accept(session, claim_id=claim, liabilities=[ALLOWANCE], reason="住院天数以出院小结为准", actor=clerk, now=now)
    with world.db.unit_of_work(senior.scope) as session:
        with pytest.raises(InputError):
            disagreements.ask_accept(session, claim_id=claim, liabilities=[], reason="同意", actor=senior, now=now)
        disagreements.ask_accept(session, claim_id=claim, liabilities=[ALLOWANCE], reason="住院天数以出院小结为准", actor=senior, now=now)
    with world.db.unit_of_work(senior.scope) as session, pytest.raises(GuardFailed) as error:
        disagreements.accept(session, claim_id=claim, actor=senior, now=now)
    assert error.value.code == "two_persons_needed"
    with world.db.unit_of_work(reviewer.scope) as session:
        with pytest.raises(NotPermitted):
            disagreements.accept(session, claim_id=claim, actor=reviewer, now=now)
        with pytest.raises(Conflict):
            disagreements.insist(session, claim_id=claim, liabilities=[ALLOWANCE], reason="坚持", actor=reviewer, now=now)
    head = world.actor("nx.head")
    with world.db.unit_of_work(head.scope) as session:
        assert disagreements.accept(session, claim_id=claim, actor=head, now=now) == 1
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, "accept", "accepted")]
    assert outcome(world.db, claim) == ("payable", "part", 10_050_000)


def test_a_word_to_accept_is_taken_back_and_the_line_closed_otherwise(world: World, twin: Twin, now: datetime) -> None:
    claim = decided(world, twin, now)
    reviewer, senior = world.actor("nx.office1"), world.actor("nx.senior")
    with world.db.unit_of_work(reviewer.scope) as session:
        disagreements.ask_accept(session, claim_id=claim, liabilities=[ALLOWANCE], reason="天数有误", actor=reviewer, now=now)
    with world.db.unit_of_work(reviewer.scope) as session:
        assert disagreements.withdraw(session, claim_id=claim, reason="再核对一次", actor=reviewer, now=now) == 1
        with pytest.raises(NotPermitted):
            disagreements.close(session, claim_id=claim, liabilities=[ALLOWANCE], reason="会商", actor=reviewer, now=now)
    with world.db.unit_of_work(senior.scope) as session:
        disagreements.close(session, claim_id=claim, liabilities=[ALLOWANCE], reason="第二季度会商纪要第三项", actor=senior, now=now)
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, None, "closed")]


def again(world: World, twin: Twin, claim: uuid.UUID, now: datetime) -> None:
    """The new round's way to the insurer, as the flows take it."""
    with world.db.unit_of_work(ROOT) as session:
        benefit.preview(session, claim_ids=[claim], why="first", actor=SYSTEM, now=now)
        review.route(session, claim_ids=[claim], actor=SYSTEM, now=now)
    passes(world, claim, "nx.clerk", now)
    assert forward(world, claim, now) == [claim]
    hand_over(world, twin, claim, now)


@pytest.mark.parametrize(("adjust", "before", "after", "paid"), [
    ({}, "changed", [], 40_000),
    (LESS, "upheld", [(2, ALLOWANCE, 90_000, 50_000, None, None)], 0)])
def test_insisting_asks_the_insurer_in_a_new_round_and_only_its_answer_moves_money(
        world: World, twin: Twin, now: datetime, adjust: object, before: str, after: list[object], paid: int) -> None:
    claim = decided(world, twin, now, settled=True)
    reviewer, senior = world.actor("nx.office1"), world.actor("nx.senior")
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=now)
    with world.db.unit_of_work(reviewer.scope) as session:
        disagreements.insist(session, claim_id=claim, liabilities=[ALLOWANCE], reason="出院小结载明九天", actor=reviewer, now=now)
    with world.db.unit_of_work(senior.scope) as session, pytest.raises(GuardFailed) as error:
        amendment.confirm_amendment(session, claim_id=claim, actor=senior, now=now)
    assert error.value.code == "insurer_unpaid"             # its first sum is paid first
    with world.db.unit_of_work(ROOT) as session:
        assert payment.announce(session, claim_ids=[claim], actor=SYSTEM, now=now) == [claim]
        settling.settle(session, claim_ids=[claim], actor=SYSTEM, now=now)
    later = now + timedelta(days=1)
    with world.db.unit_of_work(senior.scope) as session:
        assert amendment.confirm_amendment(session, claim_id=claim, actor=senior, now=later) == 2
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, "insist", None)]
    again(world, twin, claim, later)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "decide", adjust=adjust)
    collect(world, twin, claim, later)
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, "insist", before), *after]
    assert handoff(world, claim).state == "decided"
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=later)
    assert money(world, claim) == [(1, 10_050_000, "credited"), *([(2, paid, "planned")] if paid else [])]


def test_an_insistence_taken_back_leaves_the_line_open(world: World, twin: Twin, now: datetime) -> None:
    claim = decided(world, twin, now)
    reviewer, senior = world.actor("nx.office1"), world.actor("nx.senior")
    with world.db.unit_of_work(reviewer.scope) as session:
        disagreements.insist(session, claim_id=claim, liabilities=[ALLOWANCE], reason="出院小结载明九天", actor=reviewer, now=now)
    with world.db.unit_of_work(reviewer.scope) as session:
        amendment.drop_amendment(session, claim_id=claim, reason="小结看错", actor=reviewer, now=now)
    with world.db.unit_of_work(senior.scope) as session:
        disagreements.ask_accept(session, claim_id=claim, liabilities=[ALLOWANCE], reason="小结为五天", actor=senior, now=now)
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, "accept", None)]
