"""Money that came back, from the bank or from the member, or that two persons gave up: a later round does not ask for it again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from services.core.db import Database
from services.core.errors import Conflict
from services.models import Claim
from services.payment import receivables
from services.payment import service as payment
from services.review import amendment, upholding
from services.review import service as review
from tests.services.after_world import (
    IN_SITU,
    MALIGNANT,
    ask,
    concluded,
    decided,
    facts_become,
    payments,
    planned,
    routed,
)
from tests.services.paying_world import heirs, prove_heirs, read, returned_file, sent
from tests.services.review_world import claim_row, digest, in_review, passes
from tests.services.test_advance import ends, promises
from tests.services.test_payment_later_round import again, corrected, paid_again, sent_back, upheld
from tests.support.road import pay
from tests.support.world import ROOT, World, build_world

Made = TypeVar("Made")
SIX_DAYS = timedelta(days=6)
CHANGES = ({"what": "开户行", "old": "工行", "new": "建行"},)
# The same disease, computed on the same cover as another claim: one disease never pays twice.
SAME = {**MALIGNANT, "diagnosed_on": "2026-03-17"}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def does(world: World, login: str, verb: Callable[..., Made], **more: object) -> Made:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        return verb(session, actor=actor, **more)


def refused(world: World, claim: uuid.UUID, now: datetime) -> None:
    does(world, "xj.office2", review.refuse, claim_id=claim, seen=digest(world.db, claim), reason="false_papers", clause="第九条", now=now)


def put_right(world: World, claim: uuid.UUID, now: datetime, event: Mapping[str, object] | None = None) -> None:
    """A round by correction, which bars nobody, as far as its deciding level."""
    does(world, "xj.office1", amendment.ask_amendment, claim_id=claim, kind="clerical", why="录入有误", changes=CHANGES, now=now)
    does(world, "xj.senior", amendment.confirm_amendment, claim_id=claim, now=now)
    if event:
        facts_become(world, claim, event)
    routed(world, claim, now)
    for login in ("xj.clerk", "xj.district"):
        passes(world, claim, login, now)


def owed(world: World, claim: uuid.UUID) -> list[tuple[uuid.UUID, str, int]]:
    return [tuple(row) for row in ask(world, "SELECT id, state, amount_fen FROM receivable WHERE claim_id = :id ORDER BY round", id=claim)]


def held(world: World, claim: uuid.UUID) -> list[tuple[int, str, int, str]]:
    return [tuple(row) for row in ask(
        world, "SELECT round, benefit, amount_fen, state FROM reservation WHERE claim_id = :id ORDER BY round, benefit", id=claim)]


def books(world: World) -> dict[str, int]:
    return {row.account: row.fen for row in ask(world, "SELECT account, sum(amount_fen)::bigint AS fen FROM ledger_entry WHERE account IN"
                                                       " ('payable', 'recoverable', 'in_transit', 'benefits') GROUP BY account")}


def given_up(world: World, receivable: uuid.UUID, now: datetime) -> None:
    does(world, "xj.maker", receivables.propose_write_off, receivable_id=receivable, reason="困难", now=now)
    does(world, "xj.head", receivables.write_off, receivable_id=receivable, now=now)


def received(world: World, receivable: uuid.UUID, yuan: int, now: datetime) -> None:
    does(world, "xj.maker", receivables.receive, receivable_id=receivable, amount=Decimal(yuan), reference=f"B{yuan}", now=now)


def test_what_the_bank_returned_in_the_round_is_not_asked_back(world: World, now: datetime) -> None:
    claim, later = decided(world, 3, now), now + SIX_DAYS
    run = pay(world, [claim], now)
    again(world, claim, now)
    refused(world, claim, now)
    sent_back(world, run, later)
    corrected(world, claim, later)
    [done] = concluded(world, claim, later)
    assert (done.result, done.after_fen, done.receivable_fen, owed(world, claim)) == ("lowered", 0, 0, [])
    assert planned(world, claim, later) == [("cancelled", 1, 100_000)]
    assert held(world, claim) == [(1, "in_situ", 100_000, "released")], "nobody has the money: the cover is free"
    assert books(world) == {"benefits": 0, "payable": 0, "in_transit": 0} and promises(world) == []
    assert [row.fact_on for row in ask(world, "SELECT fact_on FROM ledger_transaction WHERE kind = 'lapsed'")] == [later.date()], (
        "on the day the round ended: on the day it began the bank had not returned it")
    with world.db.unit_of_work(ROOT.scope) as session:
        assert review.close(session, actor=ROOT, now=later) == [claim]


def lowered_after_return(world: World, claim: uuid.UUID, now: datetime) -> None:
    """The round lets 1000 of the 15000 stand that the bank returned meanwhile; nothing is asked back."""
    does(world, "xj.office2", upholding.uphold, claim_id=claim, seen=digest(world.db, claim), now=now)
    [done] = concluded(world, claim, now)
    assert (done.result, done.before_fen, done.after_fen, done.receivable_fen) == ("lowered", 1_500_000, 100_000, 0)
    assert owed(world, claim) == [] and held(world, claim) == [
        (1, "malignant", 1_500_000, "released"), (2, "in_situ", 100_000, "paid")]


def test_of_what_the_bank_returned_only_what_stands_goes_out_again(world: World, now: datetime) -> None:
    claim, later = decided(world, 3, now, event=MALIGNANT), now + SIX_DAYS
    run = pay(world, [claim], now)
    again(world, claim, now, IN_SITU)
    sent_back(world, run, later)
    corrected(world, claim, later)
    lowered_after_return(world, claim, later)
    assert planned(world, claim, later) == [("cancelled", 1, 1_500_000), ("planned", 2, 100_000)]
    assert books(world) == {"benefits": 100_000, "payable": -100_000, "in_transit": 0} and promises(world) == []
    paid_again(world, later)
    assert payments(world, claim) == [("cancelled", 1, 1_500_000), ("credited", 2, 100_000)]
    assert books(world) == {"benefits": 100_000, "payable": 0, "in_transit": 0} and promises(world) == []


def test_so_it_is_for_two_receivers_who_both_lack_it(world: World, now: datetime) -> None:
    claim, later = decided(world, 3, now, event=MALIGNANT), now + SIX_DAYS
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
    does(world, "xj.clerk", payment.note_death, claim_id=claim, died_on=now.date(), heirs=heirs([1, 2], [1, 2]), now=now)
    run = sent(world, now)
    read(world, returned_file(world, run, "credited", "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        payment.settle(session, claim_ids=[claim], actor=ROOT, now=now)
    again(world, claim, now, IN_SITU)
    read(world, returned_file(world, run, "returned", "returned", serial="R1"), later)
    lowered_after_return(world, claim, later)
    assert sorted(planned(world, claim, later)) == [("cancelled", 1, 750_000)] * 2 + [("planned", 2, 50_000)] * 2
    assert promises(world) == []


def test_what_is_out_is_asked_back_and_what_came_back_is_not(world: World, now: datetime) -> None:
    """1000 credited, 14000 more decided; reopened again 14000 lapse, then the bank returns the 1000: booked beside what lapsed first."""
    claim, later = decided(world, 3, now), now + SIX_DAYS
    run = pay(world, [claim], now)
    again(world, claim, now, MALIGNANT)
    passes(world, claim, "xj.office2", now)
    concluded(world, claim, now)
    assert planned(world, claim, now) == [("credited", 1, 100_000), ("planned", 2, 1_400_000)]
    put_right(world, claim, later)
    sent_back(world, run, later)
    refused(world, claim, later)
    [done] = concluded(world, claim, later)
    assert (done.before_fen, done.after_fen, done.receivable_fen, owed(world, claim)) == (1_500_000, 0, 0, [])
    assert payments(world, claim) == [("cancelled", 1, 100_000), ("cancelled", 2, 1_400_000)]
    assert [row.lapsed_fen for row in ask(world, "SELECT lapsed_fen FROM reopening ORDER BY round")] == [0, 1_500_000]
    assert books(world) == {"benefits": 0, "payable": 0, "in_transit": 0} and promises(world) == []


def upheld_again(world: World, claim: uuid.UUID, now: datetime) -> None:
    does(world, "xj.office2", upholding.uphold, claim_id=claim, seen=digest(world.db, claim), now=now)
    [done] = concluded(world, claim, now)
    assert (done.result, done.before_fen, done.after_fen, done.receivable_fen) == ("upheld", 1_500_000, 1_500_000, 0)


def test_what_two_persons_gave_up_is_not_asked_for_again(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    pay(world, [claim], now)
    again(world, claim, now, IN_SITU)
    upheld(world, claim, now)
    [(row, _, fen)] = owed(world, claim)
    assert fen == 1_400_000
    given_up(world, row, now)
    later = now + SIX_DAYS
    put_right(world, claim, later)
    upheld_again(world, claim, later)
    assert owed(world, claim) == [(row, "written_off", 1_400_000)] and promises(world) == []
    put_right(world, claim, later + SIX_DAYS)
    refused(world, claim, later + SIX_DAYS)
    [done] = concluded(world, claim, later + SIX_DAYS)
    assert (done.after_fen, done.receivable_fen) == (0, 100_000), "a refusal asks for what nobody gave up"
    assert promises(world) == []


def test_nor_is_its_claim_cancelled_with_a_free_cover(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    pay(world, [claim], now)
    again(world, claim, now)
    refused(world, claim, now)
    concluded(world, claim, now)
    [(row, _, _)] = owed(world, claim)
    given_up(world, row, now)
    does(world, "xj.office1", amendment.ask_amendment, claim_id=claim, kind="clerical", why="录入有误", changes=CHANGES, now=now)
    does(world, "xj.senior", amendment.confirm_amendment, claim_id=claim, now=now)
    with pytest.raises(Conflict, match="cancel_after_payment"):
        ends(world, claim, now)
    assert held(world, claim) == [(1, "malignant", 1_500_000, "paid")], "she keeps the money, and it takes the cover"


def test_paid_back_in_full_the_cover_is_free_again(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    second = in_review(world, 3, now, event=SAME)
    pay(world, [claim], now)
    again(world, claim, now)
    refused(world, claim, now)
    concluded(world, claim, now)
    [(row, _, _)] = owed(world, claim)
    does(world, "xj.maker", receivables.agree, receivable_id=row, agreement="分两期", now=now)
    received(world, row, 5_000, now)
    assert held(world, claim) == [(1, "malignant", 1_500_000, "paid")], "she still has most of it"
    received(world, row, 10_000, now)
    assert held(world, claim) == [(1, "malignant", 1_500_000, "released")] and claim_row(world.db, claim).state == "refused"
    assert [passes(world, second, f"xj.{login}", now).decided_fen for login in ("clerk", "district", "office1")][-1] == 1_500_000
    assert promises(world) == []


def test_paid_back_in_part_the_cover_keeps_what_stands(world: World, now: datetime) -> None:
    claim = decided(world, 3, now, event=MALIGNANT)
    pay(world, [claim], now)
    again(world, claim, now, IN_SITU)
    upheld(world, claim, now)
    [(row, _, _)] = owed(world, claim)
    does(world, "xj.maker", receivables.agree, receivable_id=row, agreement="一次付清", now=now)
    received(world, row, 14_000, now)
    assert held(world, claim) == [(1, "malignant", 1_500_000, "released"), (2, "in_situ", 100_000, "paid")]
