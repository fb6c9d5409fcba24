"""A payment returned and paid anew: who made or released the run of its earlier attempt does not take the other's place."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.access.actor import Actor, Role
from services.core.db import Database
from services.core.errors import GuardFailed
from services.models import Payment, Person
from services.payment import queries
from services.payment import service as payment
from services.reporting import checks
from services.simulate.synthetic import synthetic_card
from tests.services.after_world import colleague
from tests.services.paying_world import made, read, returned_file, sent
from tests.support.world import ROOT, World, build_world

BOTH = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
SUM = 1_500_000


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    """xj.maker made, xj.checker released, the bank returned it, the account is corrected; two colleagues more."""
    made_world = build_world(db, now)
    (claim,) = made(made_world, now, SUM)
    read(made_world, returned_file(made_world, sent(made_world, now), "returned"), now)
    clerk, head = made_world.actor("xj.clerk"), made_world.actor("xj.maker")
    with db.unit_of_work(clerk.scope) as session:
        [paid] = queries.payments_of(session, claim)
        payment.propose_card(session, payment_id=paid.id, bank="CCB", number=synthetic_card("CCB", 7101), actor=clerk, now=now,
                             holder=session.get_one(Person, paid.person_id).name)
    with db.unit_of_work(head.scope) as session:
        payment.confirm_card(session, payment_id=paid.id, actor=head, now=now)
    colleague(made_world, "xj.third", Role.FINANCE_MAKER, 1, now)
    colleague(made_world, "xj.fourth", Role.FINANCE_CHECKER, 2, now)
    return made_world


def who(world: World, login: str) -> Actor:
    return replace(world.actor(login), roles=BOTH)


def run_by(world: World, login: str, now: datetime) -> uuid.UUID:
    actor = who(world, login)
    with world.db.unit_of_work(actor.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank="ICBC", actor=actor, now=now)
        payment.submit(session, run_id=run.id, actor=actor, now=now)
    return run.id


def release(world: World, run: uuid.UUID, login: str, now: datetime) -> None:
    actor = who(world, login)
    with world.db.unit_of_work(actor.scope) as session:
        payment.release(session, run_id=run, actor=actor, now=now)


@pytest.mark.parametrize(("maker", "checker", "code"), [
    ("xj.checker", "xj.maker", "maker_not_separate"), ("xj.checker", "xj.fourth", "maker_not_separate"),
    ("xj.third", "xj.maker", "actor_decided_before")])
def test_the_places_are_not_exchanged(world: World, now: datetime, maker: str, checker: str, code: str) -> None:
    run = run_by(world, maker, now)
    with pytest.raises(GuardFailed, match=code):
        release(world, run, checker, now)


@pytest.mark.parametrize(("maker", "checker"), [("xj.maker", "xj.checker"), ("xj.third", "xj.checker"), ("xj.third", "xj.fourth")])
def test_each_in_the_same_place_or_others_pay_it_anew(world: World, now: datetime, maker: str, checker: str) -> None:
    release(world, run_by(world, maker, now), checker, now)
    with world.db.view(ROOT.scope) as session:
        assert [(one.state, one.attempt) for one in session.exec(select(Payment))] == [("released", 2)]
        assert [one for one in checks.run(session) if one.check == "separation"] == []


def test_the_proof_of_separation_sees_an_exchange(world: World, now: datetime) -> None:
    """As one that was released before the guard looked at earlier attempts."""
    release(world, run_by(world, "xj.maker", now), "xj.checker", now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE payment_run n SET made_person = checked_person, checked_person = made_person FROM payment p"
                                " WHERE n.id = p.run_id"))
        found = [one for one in checks.run(session) if one.check == "separation"]
    assert [one.what for one in found] == ["同一人办理：制单、复核放行"] * 2
