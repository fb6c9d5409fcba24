"""Money from the decision to the bank's credit and back, on a real database."""

from __future__ import annotations

import os
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from services.core.db import Database
from services.core.errors import GuardFailed, InputError
from services.core.identity import luhn
from services.core.settings import settings
from services.models import BankLine, Claim, PaymentRun, Person
from services.payment import queries
from services.payment import service as payment
from services.simulate.synthetic import synthetic_card
from tests.services.paying_world import (
    in_run,
    made,
    read,
    returned_file,
    sent,
    states,
)
from tests.support.world import ROOT, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_from_decision_to_credit(world: World, now: datetime) -> None:
    first, second = made(world, now, 6_000_000, 200_000)
    run_id = sent(world, now)
    with world.db.view(ROOT.scope) as session:
        run = session.get_one(PaymentRun, run_id)
        assert (run.state, run.count, run.total_fen) == ("sent", 2, 6_200_000)
        laid = settings().bank_dir / f"ICBC_{run.run_no}.txt"
        assert len(laid.read_bytes().splitlines()) == 4        # header, two payments, trailer
    summary = read(world, returned_file(world, run_id, "credited", "credited"), now)
    assert len(summary.credited) == 2 and not summary.unmatched
    with world.db.unit_of_work(ROOT.scope) as session:
        settled = payment.settle(session, claim_ids=[first, second], actor=ROOT, now=now + timedelta(days=5))
        assert set(settled) == {first, second}
    with world.db.view(ROOT.scope) as session:
        assert session.get_one(Claim, first).state == "paid"
        assert session.get_one(PaymentRun, run_id).state == "reconciled"
        clock = session.connection().exec_driver_sql(
            "SELECT stopped_on, kept FROM sla_clock WHERE kind = 'pay' AND claim_id = %s", (first,)).one()
    assert tuple(clock) == (date(2026, 3, 24), True)           # the bank's day, not the day we heard


def test_planning_twice_adds_nothing(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.plan(session, claim_ids=[claim], actor=ROOT, now=now) == []
    assert states(world, claim) == [("planned", 6_000_000, 1)]


def test_same_return_file_twice_changes_nothing(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    content = returned_file(world, sent(world, now), "credited")
    read(world, content, now)
    again = read(world, content, now)
    assert again.repeated and not again.credited
    with world.db.view(ROOT.scope) as session:
        assert len(session.exec(select(BankLine).where(BankLine.kind == "credit")).all()) == 1


def test_second_file_with_the_same_credit_is_kept_as_answered(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 6_000_000)
    run_id = sent(world, now)
    read(world, returned_file(world, run_id, "credited"), now)
    other = read(world, returned_file(world, run_id, "credited", serial="B2"), now)
    assert [line.fault for line in other.unmatched] == ["already_answered"]
    assert states(world, claim) == [("credited", 6_000_000, 1)]


def test_return_correct_reissue_pays_once(world: World, now: datetime) -> None:
    """S12: a closed account, another card, two persons; the old attempt's late credit pays nothing a second time."""
    (claim,) = made(world, now, 1_500_000)
    run_id = sent(world, now)
    late_credit = returned_file(world, run_id, "credited", serial="LATE")
    read(world, returned_file(world, run_id, "returned"), now)
    assert states(world, claim) == [("returned", 1_500_000, 1)]
    clerk, maker, number = world.actor("xj.clerk"), world.actor("xj.maker"), synthetic_card("CCB", 7001)
    assert luhn(number)
    with world.db.unit_of_work(clerk.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        holder = session.get_one(Person, paid.person_id).name
        payment.propose_card(session, payment_id=paid.id, bank="CCB", number=number, holder=holder, actor=clerk, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=paid.id, actor=maker, now=now)
    assert states(world, claim) == [("planned", 1_500_000, 2)]
    second = sent(world, now)
    assert [line.fault for line in read(world, late_credit, now).unmatched] == ["late_answer"]
    assert states(world, claim) == [("sent", 1_500_000, 2)]
    read(world, returned_file(world, second, "credited", serial="B9"), now)
    assert states(world, claim) == [("credited", 1_500_000, 2)]
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == [claim]
        good = session.exec(select(BankLine).where(BankLine.kind == "credit", col(BankLine.fault).is_(None))).all()
        assert [(line.amount_fen, line.attempt) for line in good] == [(1_500_000, 2)]


def test_one_person_cannot_correct_alone(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    read(world, returned_file(world, sent(world, now), "returned"), now)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        holder = session.get_one(Person, paid.person_id).name
        payment.propose_card(session, payment_id=paid.id, bank="ICBC", number=synthetic_card("ICBC", 7002), holder=holder,
                             actor=maker, now=now)
    with pytest.raises(GuardFailed, match="two_persons_needed"), world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=paid.id, actor=maker, now=now)


def test_a_card_of_another_person_is_refused(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    read(world, returned_file(world, sent(world, now), "returned"), now)
    clerk = world.actor("xj.clerk")
    with pytest.raises(InputError, match="holder_differs"), world.db.unit_of_work(clerk.scope) as session:
        paid = queries.payments_of(session, claim)[0]
        payment.propose_card(session, payment_id=paid.id, bank="ICBC", number=synthetic_card("ICBC", 7003),
                             holder="别人", actor=clerk, now=now)


@pytest.mark.parametrize(("other", "fault"), [({"amount_fen": 1}, "amount_differs"), ({"holder": "别人"}, "payee_differs"),
                                              ({"account": "1"}, "payee_differs"), ({"reference": "X-1"}, "unknown_reference")])
def test_lines_that_match_nothing_are_kept(world: World, now: datetime, other: dict[str, object], fault: str) -> None:
    (claim,) = made(world, now, 1_500_000)
    summary = read(world, returned_file(world, sent(world, now), "credited", **other), now)
    assert [line.fault for line in summary.unmatched] == [fault]
    assert states(world, claim) == [("sent", 1_500_000, 1)]
    with world.db.view(ROOT.scope) as session:
        assert [line.fault for line in queries.unmatched_lines(session)] == [fault]


def test_credit_then_return_comes_back(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 1_500_000)
    run_id = sent(world, now)
    read(world, returned_file(world, run_id, "credited"), now)
    read(world, returned_file(world, run_id, "returned"), now)
    assert states(world, claim) == [("returned", 1_500_000, 1)]
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == []


def released(world: World, now: datetime, bank: str = "ICBC") -> uuid.UUID:
    run_id, checker = in_run(world, now, bank), world.actor("xj.checker")
    with world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run_id, actor=checker, now=now)
    return run_id


def test_writing_the_file_again_after_a_crash_lays_the_same_bytes(world: World, now: datetime) -> None:
    made(world, now, 6_000_000)
    run_id, laid = released(world, now, "CCB"), list[bytes]()
    for hours in (0, 3):
        with world.db.unit_of_work(ROOT.scope) as session:
            path = payment.write_file(session, run_id=run_id, actor=ROOT, now=now + timedelta(hours=hours))
            laid.append(path.read_bytes())
            path.unlink()
            if not hours:
                session.rollback()                      # the process fell between laying and commit
    with world.db.view(ROOT.scope) as session:
        assert laid[0] == laid[1] and len(session.exec(select(BankLine).where(BankLine.kind == "sent")).all()) == 1


def test_a_file_that_the_bank_took_is_not_laid_again(world: World, now: datetime) -> None:
    """Its work may come again: the worker fell before it said that it was done, or another run of its batch failed."""
    made(world, now, 6_000_000)
    run_id = sent(world, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        path = payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
    path.unlink()                                       # the bank's client took it
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.write_file(session, run_id=run_id, actor=ROOT, now=now) == path
    assert not path.exists()


def test_the_banks_file_is_on_the_disk_before_the_run_is_sent(world: World, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    made(world, now, 6_000_000)
    run_id = released(world, now)
    with world.db.view(ROOT.scope) as session:
        path = settings().bank_dir / f"ICBC_{session.get_one(PaymentRun, run_id).run_no}.txt"
    settled, settle = list[tuple[Path, bool]](), os.fsync

    def fsync(opened: int) -> None:
        settled.append((Path(f"/proc/self/fd/{opened}").readlink(), path.exists()))
        settle(opened)

    path.unlink(missing_ok=True)                        # another test's run of this number
    monkeypatch.setattr(os, "fsync", fsync)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.write_file(session, run_id=run_id, actor=ROOT, now=now)
    of_bank = [one for one in settled if path.parent.resolve() in (one[0], one[0].parent)]        # the store's come before
    assert of_bank == [(path.with_suffix(".part").resolve(), False), (path.parent.resolve(), True)]
