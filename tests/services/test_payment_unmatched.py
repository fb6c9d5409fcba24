"""A bank's line that matched nothing: assigned to a payment, or dismissed, by two persons; taken back; never a crash."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.audit.verify import verify
from services.core.db import Database
from services.core.errors import HuzhuError
from services.models import BankLine, Payment
from services.payment import queries
from services.payment import service as payment
from tests.services.paying_world import CREDIT_DAY, made, read, returned_file, sent, states
from tests.support.world import ROOT, World, build_world

SUM = 1_500_000


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def stray(world: World, now: datetime, run: uuid.UUID, status: str = "credited") -> uuid.UUID:
    """A line of the bank's under a reference that is not ours."""
    summary = read(world, returned_file(world, run, status, reference="X-1"), now)
    assert [one.fault for one in summary.unmatched] == ["unknown_reference"]
    with world.db.view(ROOT.scope) as session:
        return next(line.id for line in queries.unmatched_lines(session) if line.file_sha256 == summary.file_sha256)


def paid(world: World, claim: uuid.UUID) -> uuid.UUID:
    with world.db.view(ROOT.scope) as session:
        return queries.payments_of(session, claim)[0].id


def act(world: World, who: str, verb: Callable[[Session, Actor], object]) -> None:
    actor = world.actor(who)
    with world.db.unit_of_work(actor.scope) as session:
        verb(session, actor)


def refused(world: World, who: str, verb: Callable[[Session, Actor], object]) -> str:
    with pytest.raises(HuzhuError) as problem:
        act(world, who, verb)
    return problem.value.code


def test_assigned_by_two_it_pays_as_if_it_had_matched(world: World, now: datetime) -> None:
    (claim,) = made(world, now, SUM)
    run = sent(world, now)
    line, target = stray(world, now, run), paid(world, claim)
    act(world, "xj.maker", lambda session, actor: payment.propose_assign(
        session, line_id=line, payment_id=target, reason="银行凭证编号 7 号", actor=actor, now=now))
    assert states(world, claim) == [("sent", SUM, 1)], "one person moves nothing"
    assert refused(world, "xj.maker", lambda session, actor: payment.confirm_line(
        session, line_id=line, actor=actor, now=now)) == "two_persons_needed"
    act(world, "xj.checker", lambda session, actor: payment.confirm_line(session, line_id=line, actor=actor, now=now))
    assert states(world, claim) == [("credited", SUM, 1)]
    with world.db.unit_of_work(ROOT.scope) as session:
        assert queries.unmatched_lines(session) == []
        row = session.get_one(Payment, target)
        assert (row.serial, row.credited_at) == ("B1", CREDIT_DAY)
        assert session.execute(sa.text("SELECT state FROM payment_run WHERE id = :id"), {"id": run}).scalar_one() == "reconciled"
        assert session.execute(sa.text("SELECT count(*) FROM outbox WHERE topic = 'payment.credit'")).scalar_one() == 1
        assert session.execute(sa.text("SELECT fault FROM line_verdict")).scalar_one() == "unknown_reference"
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == [claim]
        assert list(verify(session)) == []
    assert refused(world, "xj.maker", lambda session, actor: payment.undo_line(
        session, line_id=line, reason="看错了", actor=actor, now=now)) == "assigned_final"
    # The bank's own line, late: the money is not there twice.
    again = read(world, returned_file(world, run, "credited", serial="B2"), now)
    assert [one.fault for one in again.unmatched] == ["already_answered"]
    assert states(world, claim) == [("credited", SUM, 1)]


def test_an_assigned_return_comes_back(world: World, now: datetime) -> None:
    (claim,) = made(world, now, SUM)
    line = stray(world, now, sent(world, now), "returned")
    target = paid(world, claim)
    act(world, "xj.checker", lambda session, actor: payment.propose_assign(
        session, line_id=line, payment_id=target, reason="银行函", actor=actor, now=now))
    act(world, "xj.maker", lambda session, actor: payment.confirm_line(session, line_id=line, actor=actor, now=now))
    assert states(world, claim) == [("returned", SUM, 1)]


def test_dismissed_by_two_it_is_off_the_list_and_can_be_taken_back(world: World, now: datetime) -> None:
    made(world, now, SUM)
    line = stray(world, now, sent(world, now))
    act(world, "xj.maker", lambda session, actor: payment.propose_dismiss(
        session, line_id=line, reason="他单位款项", actor=actor, now=now))
    assert len(unmatched(world)) == 1
    assert refused(world, "xj.checker", lambda session, actor: payment.propose_dismiss(
        session, line_id=line, reason="又一次", actor=actor, now=now)) == "line_not_open"
    act(world, "xj.checker", lambda session, actor: payment.confirm_line(session, line_id=line, actor=actor, now=now))
    assert unmatched(world) == []
    act(world, "xj.checker", lambda session, actor: payment.undo_line(
        session, line_id=line, reason="银行更正", actor=actor, now=now))
    assert unmatched(world) == [line]
    assert refused(world, "xj.checker", lambda session, actor: payment.undo_line(
        session, line_id=line, reason="再撤", actor=actor, now=now)) == "nothing_proposed"
    assert refused(world, "xj.checker", lambda session, actor: payment.confirm_line(
        session, line_id=line, actor=actor, now=now)) == "nothing_proposed"


def unmatched(world: World) -> list[uuid.UUID]:
    with world.db.view(ROOT.scope) as session:
        return [line.id for line in queries.unmatched_lines(session)]


def test_what_does_not_fit_is_refused_by_name(world: World, now: datetime) -> None:
    claim, other = made(world, now, SUM, SUM + 1)
    run = sent(world, now)
    with world.db.view(ROOT.scope) as session:
        lines = session.exec(select(BankLine).where(BankLine.run_id == run).order_by(col(BankLine.line_no))).all()
        ours = next(line.id for line in lines if line.amount_fen == SUM)
        place = next(n for n, line in enumerate(lines) if line.amount_fen == SUM)
    words = ["credited", "credited"]
    summary = read(world, returned_file(world, run, *words, reference="X-1"), now)
    with world.db.view(ROOT.scope) as session:
        line = session.exec(select(BankLine.id).where(BankLine.file_sha256 == summary.file_sha256,
                                                      BankLine.line_no == lines[place].line_no)).one()

    def propose(target: uuid.UUID) -> Callable[[Session, Actor], object]:
        return lambda session, actor: payment.propose_assign(session, line_id=line, payment_id=target, reason="凭证", actor=actor, now=now)
    assert refused(world, "xj.maker", propose(paid(world, other))) == "amount_differs"
    assert refused(world, "xj.maker", propose(uuid.uuid4())) == "payment_missing"
    assert refused(world, "nx.maker", propose(paid(world, claim))) == "line_missing"
    assert refused(world, "xj.head", propose(paid(world, claim))) == "role_missing"
    assert refused(world, "xj.maker", lambda session, actor: payment.propose_dismiss(
        session, line_id=ours, reason="无", actor=actor, now=now)) == "line_missing"
    # Between the two persons the bank answered in the ordinary way: the second confirms nothing any more.
    act(world, "xj.maker", propose(paid(world, claim)))
    read(world, returned_file(world, run, *words, serial="B7"), now)
    assert refused(world, "xj.checker", lambda session, actor: payment.confirm_line(
        session, line_id=line, actor=actor, now=now)) == "payment_not_waiting"
    act(world, "xj.checker", lambda session, actor: payment.undo_line(session, line_id=line, reason="已有回盘", actor=actor, now=now))
    assert states(world, claim) == [("credited", SUM, 1)]
