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
from services.insurer import service as insurer
from services.models import Notice
from services.notice import service as notice
from services.payment import service as payment
from services.payment import settling
from services.review import amendment, reopening
from services.review import service as review
from tests.services.handoff_world import collect, forward, hand_over, handoff, number, with_insurer
from tests.services.insurer_world import Twin, running
from tests.services.review_world import ROOT, SYSTEM, outcome, passes, verify
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


def letter(world: World, claim: uuid.UUID, topic: str, now: datetime) -> Notice:
    """The one that an event owes, issued."""
    with world.db.unit_of_work(ROOT) as session:
        [drafted] = notice.draft(session, topic=topic, claim_ids=[claim], actor=SYSTEM, now=now)
        [issued] = notice.issue(session, notice_ids=[drafted.id], actor=SYSTEM, now=now)
        return issued


def insisted(world: World, twin: Twin, now: datetime, later: datetime) -> uuid.UUID:
    """Its first sum is paid, its answer not accepted: the new round is with the insurer."""
    claim = decided(world, twin, now, settled=True)
    letter(world, claim, "claim.insurer_pay", now)
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
    with world.db.unit_of_work(senior.scope) as session:
        assert amendment.confirm_amendment(session, claim_id=claim, actor=senior, now=later) == 2
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, "insist", None)]
    again(world, twin, claim, later)
    return claim


@pytest.mark.parametrize(("adjust", "before", "after", "paid"), [
    ({}, "changed", [], 40_000),
    (LESS, "upheld", [(2, ALLOWANCE, 90_000, 50_000, None, None)], 0)])
def test_insisting_asks_the_insurer_in_a_new_round_and_only_its_answer_moves_money(
        world: World, twin: Twin, now: datetime, adjust: object, before: str, after: list[object], paid: int) -> None:
    later = now + timedelta(days=1)
    claim = insisted(world, twin, now, later)
    no = number(world, claim)
    twin.walk(no, "ack", "file")
    twin.desk(no, "decide", adjust=adjust)
    collect(world, twin, claim, later)
    assert rows(world, claim) == [(1, ALLOWANCE, 90_000, 50_000, "insist", before), *after]
    assert handoff(world, claim).state == "decided"
    with world.db.unit_of_work(ROOT) as session:
        payment.plan(session, claim_ids=[claim], actor=SYSTEM, now=later)
    assert money(world, claim) == [(1, 10_050_000, "credited"), *([(2, paid, "planned")] if paid else [])]
    told = letter(world, claim, "claim.insurer_pay" if paid else "claim.insurer_refuse", later)
    said = told.context
    assert (told.code, said["kind"], said["amount"]) == ("cover_note", *(("decision", "400.00") if paid else ("stands", "0.00")))
    assert said["already_paid"] == ("100500.00" if paid else "0.00")
    assert [row["amount"] for row in said["lines"]] == (["100000.00", "900.00"] if paid else [])      # type: ignore[attr-defined]


def test_a_round_that_the_insurer_gave_back_is_concluded_by_the_next(world: World, twin: Twin, now: datetime) -> None:
    """The recalled round has no decision: its correction is answered by the round after it, beside the decision of the first."""
    later = now + timedelta(days=1)
    claim = insisted(world, twin, now, later)
    no, office, clerk = number(world, claim), world.actor("nx.office1"), world.actor("nx.clerk")
    with world.db.unit_of_work(office.scope) as session:
        asked = insurer.recall(session, claim_id=claim, reason="出院小结须更换", actor=office, now=later)
    assert asked is not None
    twin.port.recall(asked)
    twin.walk(no, "confirm_recall")
    collect(world, twin, claim, later)
    assert (outcome(world.db, claim)[0], handoff(world, claim).state) == ("reported", "recalled")
    verify(world, claim, later, verifier=clerk)
    again(world, twin, claim, later)
    twin.walk(no, "ack", "file", "decide")
    collect(world, twin, claim, later)
    with world.db.unit_of_work(ROOT) as session:
        [ended] = reopening.conclude(session, claim_ids=[claim], actor=SYSTEM, now=later)
        first = session.execute(sa.text("SELECT number FROM notice WHERE code = 'cover_note'")).scalar_one()
    assert (ended.result, ended.before_fen, ended.after_fen) == ("raised", 10_050_000, 10_090_000)
    said = letter(world, claim, "correction.conclude", later).context
    assert (said["earlier"]["number"], said["before"], said["after"]) == (first, "100500.00", "100900.00")  # type: ignore[index]


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
