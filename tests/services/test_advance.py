"""Paying ahead of the decision: by two persons, within the worksheet, through the same runs, and taken off what is decided."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError, NotPermitted
from services.intake import cancelling
from services.intake.advances import outcome
from services.models import Payment
from services.notice import service as notice
from services.payment import service as payment
from services.reporting import checks
from services.review import service as review
from services.review.service import Passed
from services.simulate.synthetic import synthetic_card
from tests.services.after_world import ask
from tests.services.paying_world import read, returned_file, sent
from tests.services.review_world import digest, in_review, passes
from tests.support.world import ROOT, World, build_world

LEVELS = ("xj.clerk", "xj.district", "xj.office1")
LETTER = "病理会诊结论尚未作出"


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def claim(world: World, now: datetime) -> uuid.UUID:
    """Member 3, one share, malignant: 15000.00 by the table."""
    found = in_review(world, 3, now)
    [row] = ask(world, f"SELECT total_fen FROM worksheet WHERE claim_id = '{found}'")
    assert row.total_fen == 1_500_000
    return found


def proposed(world: World, claim: uuid.UUID, yuan: str, now: datetime, *, by: str = "xj.office1") -> None:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        payment.propose_advance(session, claim_id=claim, amount=Decimal(yuan), reason=LETTER, actor=actor, now=now)


def confirmed(world: World, claim: uuid.UUID, now: datetime, *, by: str = "xj.senior") -> list[Payment]:
    actor = world.actor(by)
    with world.db.unit_of_work(actor.scope) as session:
        rows = payment.confirm_advance(session, claim_id=claim, actor=actor, now=now)
        session.expunge_all()
        return rows


def ahead(world: World, claim: uuid.UUID, yuan: str, now: datetime) -> None:
    proposed(world, claim, yuan, now)
    confirmed(world, claim, now)


def credited(world: World, now: datetime, word: str = "credited") -> uuid.UUID:
    run = sent(world, now)
    read(world, returned_file(world, run, word), now)
    return run


def decided(world: World, claim: uuid.UUID, now: datetime) -> Passed:
    for login in LEVELS:
        done = passes(world, claim, login, now)
    return done


def planned(world: World, claim: uuid.UUID, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.plan(session, claim_ids=[claim], actor=ROOT, now=now)
        payment.settle(session, claim_ids=[claim], actor=ROOT, now=now)


def money(world: World, claim: uuid.UUID) -> list[tuple[str, str, int]]:
    return [tuple(row) for row in ask(world, "SELECT purpose, state, amount_fen FROM payment WHERE claim_id = "
                                             f"'{claim}' ORDER BY created_at, id")]


def owed(world: World, claim: uuid.UUID) -> list[tuple[str, str, int]]:
    return [tuple(row) for row in ask(world, f"SELECT why, state, amount_fen FROM receivable WHERE claim_id = '{claim}'")]


def state(world: World, claim: uuid.UUID) -> str:
    return str(ask(world, f"SELECT state FROM claim WHERE id = '{claim}'")[0].state)


def promises(world: World) -> list[checks.Breach]:
    """What is promised of money and persons; levels and letters are not walked by the flows here."""
    wanted = ("paid_once", "money_equal", "separation", "state_recorded", "premium_in_ledger", "claims_in_ledger")
    with world.db.view(ROOT.scope) as session:
        return [checks.Breach(check.code, *found) for check in checks.CHECKS if check.code in wanted for found in check.find(session)]


def test_paid_ahead_and_the_decision_pays_the_rest(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "10000.00", now)
    assert money(world, claim) == [("advance", "planned", 1_000_000)] and promises(world) == []
    credited(world, now)
    assert promises(world) == []
    assert decided(world, claim, now).decided_fen == 1_500_000
    planned(world, claim, now)
    assert money(world, claim) == [("advance", "credited", 1_000_000), ("benefit", "planned", 500_000)]
    assert (state(world, claim), owed(world, claim)) == ("payable", []) and promises(world) == []
    credited(world, now)
    planned(world, claim, now)
    assert state(world, claim) == "paid" and promises(world) == []
    who = ask(world, f"SELECT DISTINCT person_id FROM deciding_person WHERE act = 'advance' AND claim_id = '{claim}'")
    assert {row.person_id for row in who} == {world.person("xj.office1"), world.person("xj.senior")}


def test_all_paid_ahead_settles_with_the_decision(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "15000.00", now)
    credited(world, now)
    decided(world, claim, now)
    planned(world, claim, now)
    assert money(world, claim) == [("advance", "credited", 1_500_000)]
    assert state(world, claim) == "paid" and promises(world) == []
    [clock] = ask(world, f"SELECT stopped_on, kept FROM sla_clock WHERE kind = 'pay' AND claim_id = '{claim}'")
    assert (clock.stopped_on, clock.kept) == (date(2026, 3, 24), True)


def test_no_more_than_the_worksheet_and_by_two(world: World, claim: uuid.UUID, now: datetime) -> None:
    for yuan in ("15000.01", "0.00", "-1.00"):
        with pytest.raises(InputError, match="advance_too_high"):
            proposed(world, claim, yuan, now)
    for login in ("xj.clerk", "xj.maker"):
        with pytest.raises(NotPermitted):
            proposed(world, claim, "1.00", now, by=login)
    with pytest.raises(Conflict, match="nothing_proposed"):
        confirmed(world, claim, now)
    proposed(world, claim, "9000.00", now, by="xj.senior")
    with pytest.raises(Conflict, match="advance_asked"):
        proposed(world, claim, "9000.00", now)
    with pytest.raises(GuardFailed, match="two_persons_needed"):
        confirmed(world, claim, now, by="xj.senior")
    with pytest.raises(NotPermitted):
        confirmed(world, claim, now, by="xj.office1")
    confirmed(world, claim, now, by="xj.head")
    with pytest.raises(Conflict, match="advance_given"):
        proposed(world, claim, "1.00", now)


def test_taken_back_and_not_for_the_insurers_plans(world: World, claim: uuid.UUID, now: datetime) -> None:
    proposed(world, claim, "100.00", now)
    actor = world.actor("xj.office2")
    with world.db.unit_of_work(actor.scope) as session:
        payment.drop_advance(session, claim_id=claim, reason="会诊结论已到", actor=actor, now=now)
    with pytest.raises(Conflict, match="nothing_proposed"):
        confirmed(world, claim, now)
    insured = in_review(world, 0, now, office="nx", event={"kind": "diagnosis", "icd10": "C50.900", "behaviour": "3",
                                                           "diagnosed_on": "2026-03-16", "specimen_on": "2026-03-12"})
    with pytest.raises(Conflict, match="advance_by_insurer"):
        proposed(world, insured, "100.00", now, by="nx.office1")


def refused(world: World, claim: uuid.UUID, now: datetime) -> None:
    for login in LEVELS[:2]:
        passes(world, claim, login, now)
    actor = world.actor("xj.office1")
    with world.db.unit_of_work(actor.scope) as session:
        review.refuse(session, claim_id=claim, seen=digest(world.db, claim), reason="not_in_list", clause="第九条",
                      actor=actor, now=now)


def test_a_refusal_asks_it_back(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "10000.00", now)
    run = sent(world, now)
    with pytest.raises(GuardFailed, match="payment_in_flight"):
        refused(world, claim, now)
    read(world, returned_file(world, run, "credited"), now)
    actor = world.actor("xj.office1")
    with world.db.unit_of_work(actor.scope) as session:
        review.refuse(session, claim_id=claim, seen=digest(world.db, claim), reason="not_in_list", clause="第九条",
                      actor=actor, now=now)
    assert (state(world, claim), owed(world, claim)) == ("refused", [("advance", "open", 1_000_000)])
    assert promises(world) == []


def test_cancelled_before_it_is_sent_nothing_is_owed(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "10000.00", now)
    ends(world, claim, now)
    assert money(world, claim) == [("advance", "cancelled", 1_000_000)]
    assert (state(world, claim), owed(world, claim), promises(world)) == ("cancelled", [], [])


def test_cancelled_after_the_credit_it_is_asked_back(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "10000.00", now)
    credited(world, now)
    ends(world, claim, now)
    assert (state(world, claim), owed(world, claim)) == ("cancelled", [("advance", "open", 1_000_000)])
    assert promises(world) == []


def ends(world: World, claim: uuid.UUID, now: datetime) -> None:
    first, second = world.actor("xj.office1"), world.actor("xj.office2")
    with world.db.unit_of_work(first.scope) as session:
        cancelling.ask_cancel(session, claim_id=claim, ground="mistake", reason="误录", actor=first, now=now)
    with world.db.unit_of_work(second.scope) as session:
        cancelling.confirm_cancel(session, claim_id=claim, actor=second, now=now)


def test_sent_back_by_the_bank_it_is_corrected_and_goes_again(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "10000.00", now)
    credited(world, now, "returned")
    [row] = ask(world, f"SELECT id FROM payment WHERE claim_id = '{claim}'")
    maker, checker, member = world.actor("xj.maker"), world.actor("xj.checker"), world.member(3, "xj")
    with world.db.unit_of_work(maker.scope) as session:
        payment.propose_card(session, payment_id=row.id, bank="ICBC", number=synthetic_card("ICBC", 9003), holder=member.synthetic.name,
                             actor=maker, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        payment.confirm_card(session, payment_id=row.id, actor=checker, now=now)
    assert money(world, claim) == [("advance", "planned", 1_000_000)]
    decided(world, claim, now)
    planned(world, claim, now)
    assert money(world, claim) == [("advance", "planned", 1_000_000), ("benefit", "planned", 500_000)]
    run = sent(world, now)
    read(world, returned_file(world, run, "credited", "credited"), now)
    planned(world, claim, now)
    assert state(world, claim) == "paid" and promises(world) == []


def test_its_letter_and_the_decisions(world: World, claim: uuid.UUID, now: datetime) -> None:
    ahead(world, claim, "10000.00", now)
    decided(world, claim, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        made = [*notice.draft(session, topic="claim.advance", claim_ids=[claim], actor=ROOT, now=now),
                *notice.draft(session, topic="claim.approve", claim_ids=[claim], actor=ROOT, now=now)]
        issued = {row.code: row.context for row in notice.issue(session, notice_ids=[row.id for row in made], actor=ROOT, now=now)}
    assert (issued["advance"]["amount"], issued["advance"]["computed"]) == ("10000.00", "15000.00")
    told = issued["decision"]
    assert (told["amount"], told["already_paid"], told["already_paid_words"]) == ("5000.00", "10000.00", "先予支付的互助金")


FEN = st.integers(0, 10**9)


@given(given_fen=FEN, credited_fen=FEN, unpaid_fen=FEN, part=st.fractions(0, 1))
def test_what_is_paid_less_what_is_asked_back_is_what_was_decided(given_fen: int, credited_fen: int, unpaid_fen: int,
                                                                  part: object) -> None:
    asked_back = int(credited_fen * part)  # type: ignore[operator]
    end = outcome(given=given_fen, credited=credited_fen, unpaid=unpaid_fen, asked_back=asked_back)
    paid = credited_fen + (0 if end.drops else unpaid_fen) + end.rest
    assert paid - asked_back - end.back == given_fen
    assert end.rest >= 0 and end.back >= 0 and not (end.rest and end.back)
