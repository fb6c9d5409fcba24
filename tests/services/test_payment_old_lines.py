"""A line about an earlier sending of a payment answers no later one: else the same news would send the money out twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from services.access.actor import Actor
from services.core.db import Database
from services.core.errors import HuzhuError
from services.models import BankLine, Payment, Person
from services.payment import queries
from services.payment import service as payment
from services.payment.unmatched import fitting
from services.simulate.synthetic import synthetic_card
from tests.services.paying_world import made, read, returned_file, sent, states
from tests.support.world import ROOT, World, build_world

SUM = 7_000


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def act(world: World, who: str, verb: Callable[[Session, Actor], object]) -> None:
    actor = world.actor(who)
    with world.db.unit_of_work(actor.scope) as session:
        verb(session, actor)


def refused(world: World, line: uuid.UUID, target: uuid.UUID, now: datetime) -> str:
    with pytest.raises(HuzhuError) as problem:
        act(world, "xj.maker", lambda session, actor: payment.propose_assign(
            session, line_id=line, payment_id=target, reason="银行凭证", actor=actor, now=now))
    return problem.value.code


def kept(world: World, sha256: str) -> uuid.UUID:
    with world.db.view(ROOT.scope) as session:
        return next(line.id for line in queries.unmatched_lines(session) if line.file_sha256 == sha256)


def sent_again(world: World, now: datetime) -> tuple[uuid.UUID, uuid.UUID]:
    """Sent, sent back, another card by two persons, and sent once more the day after; the first run and the payment."""
    (claim,) = made(world, now, SUM)
    first = sent(world, now)
    read(world, returned_file(world, first, "returned", bank_time=now), now)
    with world.db.view(ROOT.scope) as session:
        row = queries.payments_of(session, claim)[0]
        holder = session.get_one(Person, row.person_id).name
    act(world, "xj.clerk", lambda session, actor: payment.propose_card(
        session, payment_id=row.id, bank="ICBC", number=synthetic_card("ICBC", 8001), holder=holder, actor=actor, now=now))
    act(world, "xj.maker", lambda session, actor: payment.confirm_card(session, payment_id=row.id, actor=actor, now=now))
    sent(world, now + timedelta(days=1))
    assert states(world, claim) == [("sent", SUM, 2)]
    return first, row.id


@pytest.mark.parametrize("word", ["returned", "credited"])
def test_a_late_line_of_the_first_sending_moves_the_second_by_nobodys_word(world: World, now: datetime, word: str) -> None:
    first, target = sent_again(world, now)
    later = now + timedelta(days=2)
    again = read(world, returned_file(world, first, word, serial="B9", bank_time=now), later)
    assert [one.fault for one in again.unmatched] == ["late_answer"]
    line = kept(world, again.file_sha256)
    assert refused(world, line, target, later) == "line_of_another"
    with world.db.view(ROOT.scope) as session:
        assert fitting(session, session.get_one(BankLine, line)) == [], "the page does not offer it"


def test_nor_one_under_no_number_of_ours_from_before_it_was_sent(world: World, now: datetime) -> None:
    first, target = sent_again(world, now)
    later = now + timedelta(days=2)
    old = read(world, returned_file(world, first, "returned", serial="B8", bank_time=now, reference="X-1"), later)
    assert refused(world, kept(world, old.file_sha256), target, later) == "line_before_sending"
    news = read(world, returned_file(world, first, "credited", serial="B7", bank_time=later, reference="X-2"), later)
    line = kept(world, news.file_sha256)
    act(world, "xj.maker", lambda session, actor: payment.propose_assign(
        session, line_id=line, payment_id=target, reason="银行凭证", actor=actor, now=later))
    act(world, "xj.checker", lambda session, actor: payment.confirm_line(session, line_id=line, actor=actor, now=later))
    with world.db.view(ROOT.scope) as session:
        row = session.get_one(Payment, target)
        assert (row.state, row.attempt, row.serial) == ("credited", 2, "B7")
