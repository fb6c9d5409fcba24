"""STATES.md's column "letter owed" where money moves before, after and back: each row's letters, once and none else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from services.evidence import service as evidence
from services.intake import service as intake
from services.lifecycle.create import create
from services.models import Claim, Receivable
from services.payment import receivables
from services.payment import service as payment
from tests.services import after_world
from tests.services.letters_reader import NOW, Reader, does, on
from tests.services.paying_world import decided
from tests.services.review_world import MALIGNANT, in_review, passes
from tests.services.supplement_world import reminder
from tests.support.claims import XJ_EVENT, verified
from tests.support.databases import Fresh
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[World]:
    db = Fresh(server)
    yield build_world(db, NOW)
    db.drop()


def test_paid_ahead_by_two_persons_is_told_when_both_agreed(world: World) -> None:
    reader, claim = Reader(world), in_review(world, 3, NOW)
    assert reader.new(claim, NOW) == [("receipt", "member")]
    does(world, "xj.office1", payment.propose_advance, claim_id=claim, amount=Decimal("5000.00"), reason="病理会诊结论尚未作出", now=NOW)
    assert reader.new(claim, NOW) == []
    does(world, "xj.senior", payment.confirm_advance, claim_id=claim, now=NOW)
    assert reader.new(claim, NOW) == [("advance", "member")]


def test_what_a_second_round_found_is_told_with_its_decision(world: World) -> None:
    reader, claim = Reader(world), after_world.decided(world, 5, NOW, event=after_world.IN_SITU)
    pay(world, [claim], NOW)
    reader.new(claim, NOW)
    raised = after_world.lodged(world, claim, NOW, by="xj.m5")
    after_world.accepted(world, raised, NOW)
    assert sorted(reader.new(claim, NOW)) == [("objection_receipt", "member"), ("reopened", "member")]
    after_world.facts_become(world, claim, MALIGNANT)
    after_world.routed(world, claim, NOW)
    for login in ("xj.clerk", "xj.city", "xj.office2"):
        passes(world, claim, login, NOW)
    after_world.concluded(world, claim, NOW)
    assert sorted(reader.new(claim, NOW)) == [("decision", "member"), ("reexamined", "member")]


def test_money_back_is_told_when_asked_and_when_over(world: World) -> None:
    """Part of it tells nobody; what remains is let go by two persons, and that is told."""
    reader = Reader(world)
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 1, 0, now=NOW, kind="nothing", state="refused", reason="in_situ").id
        owed = Receivable(org_key="cn.xj.wlmq.tsd.u001.", state="open", claim_id=claim, round=1, why="advance", created_at=NOW,
                          person_id=session.get_one(Claim, claim).person_id, amount_fen=700_000)
        create(session, "receivable", [owed], actor=ROOT, now=NOW)
        key = owed.id
    assert reader.new(claim, NOW) == [("repayment", "member")]
    does(world, "xj.maker", receivables.agree, receivable_id=key, agreement="分两次返还", now=NOW)
    does(world, "xj.maker", receivables.receive, receivable_id=key, amount=Decimal("3000.00"), reference="B1", now=NOW)
    assert reader.new(claim, NOW) == []
    later = on(date(2026, 4, 20))
    does(world, "xj.maker", receivables.propose_write_off, receivable_id=key, reason="家庭困难", now=later)
    assert reader.new(claim, later) == []
    does(world, "xj.head", receivables.write_off, receivable_id=key, now=later)
    assert reader.new(claim, later) == [("repayment", "member")]


def test_a_claim_taken_up_again_is_told_when_its_new_promise_is_missed_too(world: World) -> None:
    """Late on 13 April; asked, lapsed, taken up and verified on 25 May: 15 working days from then are 15 June."""
    clerk, member, reader = world.actor("xj.clerk"), world.member(0, "xj"), Reader(world)
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = verified(session, world, member, XJ_EVENT, NOW, clerk="xj.clerk").id
    told = [reader.calendar(claim, on(date(2026, 4, day))).count(("extended", "member")) for day in (12, 13, 14)]
    with world.db.unit_of_work(ROOT.scope) as session:
        listed = evidence.ask(session, claim_id=claim, items=[{"paper": "other", "reason": "缺"}], actor=clerk, now=on(date(2026, 4, 14)))
        evidence.deliver(session, supplement_id=listed.id, actor=clerk, now=on(date(2026, 4, 14)))
        reader.seen.add(reminder(session, session.get_one(Claim, claim), listed, 50))
        assert evidence.lapse(session, actor=ROOT, now=on(date(2026, 5, 24))) == [claim]
        intake.resume(session, claim_id=claim, actor=member.actor, now=on(date(2026, 5, 25)))
        evidence.verify(session, claim_id=claim, actor=clerk, now=on(date(2026, 5, 25)))
    days = (date(2026, 5, 25), date(2026, 6, 14), date(2026, 6, 15), date(2026, 6, 16))
    told += [reader.calendar(claim, on(day)).count(("extended", "member")) for day in days]
    assert told == [0, 1, 0, 0, 0, 1, 0]
