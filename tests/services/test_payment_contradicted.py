"""The bank says both “returned” and “credited” of one sending: nothing goes out again before two persons looked into it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from services.access.actor import Actor
from services.core.db import Database
from services.core.errors import HuzhuError
from services.models import BankLine, Claim, Person
from services.payment import queries
from services.payment import service as payment
from services.settlement.paying import service as paying
from services.simulate.synthetic import synthetic_card
from tests.services import after_world, settled_world
from tests.services.paying_world import heirs, in_run, made, prove_heirs, read, returned_file, sent, states
from tests.services.review_world import passes
from tests.support.world import ROOT, World, build_world

SUM = 100_000


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def act(world: World, who: str, verb: Callable[[Session, Actor], object]) -> None:
    actor = world.actor(who)
    with world.db.unit_of_work(actor.scope) as session:
        verb(session, actor)


def proposes(world: World, target: uuid.UUID, holder: str, now: datetime) -> None:
    act(world, "xj.maker", lambda session, actor: payment.propose_card(
        session, payment_id=target, bank="CCB", number=synthetic_card("CCB", 7101), holder=holder, actor=actor, now=now))


def confirms(world: World, target: uuid.UUID, now: datetime) -> None:
    act(world, "xj.checker", lambda session, actor: payment.confirm_card(session, payment_id=target, actor=actor, now=now))


def refused(reason: str) -> pytest.RaisesExc[HuzhuError]:
    return pytest.raises(HuzhuError, match=reason)


def contradicting(world: World) -> uuid.UUID:
    """The bank's credit that moved nothing."""
    with world.db.view(ROOT.scope) as session:
        return session.exec(select(BankLine.id).where(BankLine.kind == "credit", col(BankLine.fault).is_not(None))).one()


def dismissal_asked(world: World, line: uuid.UUID, now: datetime) -> None:
    act(world, "xj.maker", lambda session, actor: payment.propose_dismiss(
        session, line_id=line, reason="银行函：确未到账", actor=actor, now=now))


def dismissal_confirmed(world: World, line: uuid.UUID, now: datetime) -> None:
    act(world, "xj.checker", lambda session, actor: payment.confirm_line(session, line_id=line, actor=actor, now=now))


def came_back(world: World, now: datetime) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID, str]:
    """A payment sent back by the bank: its claim, its run, itself, who receives."""
    (claim,) = made(world, now, SUM)
    run = sent(world, now)
    read(world, returned_file(world, run, "returned", serial="R1"), now)
    with world.db.view(ROOT.scope) as session:
        row = queries.payments_of(session, claim)[0]
        return claim, run, row.id, session.get_one(Person, row.person_id).name


def test_no_other_card_while_the_bank_also_says_credited(world: World, now: datetime) -> None:
    claim, run, target, holder = came_back(world, now)
    later = now + timedelta(days=2)
    also = read(world, returned_file(world, run, "credited", serial="B7"), now + timedelta(days=1))
    assert [one.fault for one in also.unmatched] == ["already_answered"]
    line = contradicting(world)
    proposes(world, target, holder, later)
    with refused("credit_contradicts"):
        confirms(world, target, later)
    dismissal_asked(world, line, later)
    with refused("credit_contradicts"):
        confirms(world, target, later)                      # one person's word is not two persons'
    assert states(world, claim) == [("returned", SUM, 1)]
    dismissal_confirmed(world, line, later)
    act(world, "xj.checker", lambda session, actor: payment.undo_line(session, line_id=line, reason="再查", actor=actor, now=later))
    with refused("credit_contradicts"):
        confirms(world, target, later)
    dismissal_asked(world, line, later)
    dismissal_confirmed(world, line, later)
    confirms(world, target, later)
    assert states(world, claim) == [("planned", SUM, 2)]


def test_a_credit_of_the_first_sending_stops_the_second_at_its_release(world: World, now: datetime) -> None:
    claim, first, target, holder = came_back(world, now)
    late = returned_file(world, first, "credited", serial="B7")
    later = now + timedelta(days=1)
    proposes(world, target, holder, later)
    confirms(world, target, later)
    again = in_run(world, later)
    assert [one.fault for one in read(world, late, later).unmatched] == ["late_answer"]
    with refused("credit_contradicts"):
        act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=again, actor=actor, now=later))
    assert states(world, claim) == [("batched", SUM, 2)]
    line = contradicting(world)
    dismissal_asked(world, line, later)
    dismissal_confirmed(world, line, later)
    act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=again, actor=actor, now=later))
    assert states(world, claim) == [("released", SUM, 2)]


def refused_until_dismissed(world: World, run: uuid.UUID, now: datetime) -> None:
    """The run is not released before two persons dismissed the bank's credit, and then it is."""
    with refused("credit_contradicts"):
        act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=run, actor=actor, now=now))
    line = contradicting(world)
    dismissal_asked(world, line, now)
    with refused("credit_contradicts"):
        act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=run, actor=actor, now=now))
    dismissal_confirmed(world, line, now)
    act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=run, actor=actor, now=now))


def test_nor_does_the_payment_to_heirs_in_its_place(world: World, now: datetime) -> None:
    """The member's payment came back and arrived as well, says the bank; she dies, and her heir's is a row of its own."""
    claim, run, _, _ = came_back(world, now)
    read(world, returned_file(world, run, "credited", serial="B7"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
    act(world, "xj.clerk", lambda session, actor: payment.note_death(
        session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 1]), actor=actor, now=now))
    assert states(world, claim) == [("cancelled", SUM, 1), ("planned", SUM, 1)]
    refused_until_dismissed(world, in_run(world, now), now)
    assert states(world, claim) == [("cancelled", SUM, 1), ("released", SUM, 1)]


def test_nor_the_next_round_s_whole(world: World, now: datetime) -> None:
    """The objection to a decision whose money came back gives it all anew; the bank's late credit is of what was cancelled."""
    claim = after_world.decided(world, 3, now)
    after_world.planned(world, claim, now)
    first = sent(world, now)
    read(world, returned_file(world, first, "returned", serial="R1"), now)
    late = returned_file(world, first, "credited", serial="B7")
    after_world.accepted(world, after_world.lodged(world, claim, now), now)
    after_world.facts_become(world, claim, after_world.MALIGNANT)
    after_world.routed(world, claim, now)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, now)
    assert after_world.planned(world, claim, now) == [("cancelled", 1, SUM), ("planned", 2, 15 * SUM)]
    run = in_run(world, now)
    assert [one.fault for one in read(world, late, now).unmatched] == ["already_answered"]
    refused_until_dismissed(world, run, now)
    assert after_world.payments(world, claim) == [("cancelled", 1, SUM), ("released", 2, 15 * SUM)]


def test_another_heir_s_does_go_out(world: World, now: datetime) -> None:
    """Both heirs' came back, the bank's late credit is of one of them: the next round's whole goes to the other without a word."""
    claim = after_world.decided(world, 3, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
    act(world, "xj.clerk", lambda session, actor: payment.note_death(
        session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 2], [1, 2]), actor=actor, now=now))
    first = sent(world, now)
    read(world, returned_file(world, first, "returned", "returned", serial="R1"), now)
    late = returned_file(world, first, "credited", "returned", serial="B7")
    after_world.accepted(world, after_world.lodged(world, claim, now), now)
    after_world.facts_become(world, claim, after_world.MALIGNANT)
    after_world.routed(world, claim, now)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, now)
    after_world.planned(world, claim, now)
    run = in_run(world, now)
    read(world, late, now)
    [hers] = after_world.ask(world, "SELECT p.id, p.payee_id FROM payment p JOIN payment o ON o.payee_id = p.payee_id AND o.round = 1"
                             " JOIN bank_line l ON l.payment_id = o.id AND l.kind = 'credit' WHERE p.round = 2")
    with refused("credit_contradicts"):
        act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=run, actor=actor, now=now))
    act(world, "xj.checker", lambda session, actor: payment.send_back(session, run_id=run, reason="一人待核", actor=actor, now=now))
    act(world, "xj.maker", lambda session, actor: payment.exclude(session, payment_ids=[hers.id], reason="credit", actor=actor, now=now))
    act(world, "xj.maker", lambda session, actor: payment.submit(session, run_id=run, actor=actor, now=now))
    act(world, "xj.checker", lambda session, actor: payment.release(session, run_id=run, actor=actor, now=now))
    assert [state for state, round_, _ in sorted(after_world.payments(world, claim)) if round_ == 2] == ["planned", "released"]


def test_nor_a_line_of_a_settlement(world: World, now: datetime) -> None:
    who, holder = world.member(0, "xj").person_id, world.member(0, "xj").synthetic.name
    settlement = settled_world.settled(world, now, {0: SUM})
    [first] = settled_world.runs(world, settlement)
    settled_world.sent(world, first.id, now)
    settled_world.read(world, settled_world.answered(world, first.id, {who: "returned"}), now)
    target = settled_world.lines(world, settlement)[who].id
    settled_world.read(world, settled_world.answered(world, first.id, {who: "credited"}, serial="L"), now)
    more = settled_world.answered(world, first.id, {who: "credited"}, serial="M")
    line = contradicting(world)
    proposes(world, target, holder, now)
    with refused("credit_contradicts"):
        confirms(world, target, now)
    dismissal_asked(world, line, now)
    dismissal_confirmed(world, line, now)
    confirms(world, target, now)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        again = paying.build_again(session, settlement_id=settlement, actor=maker, now=now).id
    settled_world.submitted(world, again, now)
    assert [one.fault for one in settled_world.read(world, more, now).unmatched] == ["late_answer"]
    with refused("credit_contradicts"):
        settled_world.released(world, again, now)
    assert settled_world.lines(world, settlement)[who].state == "batched"
