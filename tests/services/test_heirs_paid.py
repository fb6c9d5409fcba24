"""Heirs named twice, their papers accepted or not, a minor who grows up: what goes out, and to whose account."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from services.core.clock import at_hour
from services.core.db import Database
from services.core.errors import Conflict, GuardFailed, InputError
from services.enrolment import service as enrolment
from services.evidence import service as evidence
from services.models import Claim
from services.payment import queries
from services.payment import service as payment
from services.payment.rules import rest_of_each
from services.simulate.synthetic import synthetic_card, synthetic_person
from tests.services.after_world import planned
from tests.services.paying_world import heirs, in_run, made, paper, prove_heirs, read, returned_file, sent, states
from tests.services.review_world import in_review, passes
from tests.services.test_advance import LEVELS, ahead, promises
from tests.support.world import ROOT, World, build_world

DIED = date(2026, 3, 15)
A, B, C = (uuid.UUID(int=n) for n in (1, 2, 3))
HALF = Fraction(1, 2)


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def name(world: World, claim: uuid.UUID, named: Sequence[dict[str, object]], now: datetime, **other: object) -> None:
    clerk = world.actor("xj.clerk")
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=DIED, heirs=named, actor=clerk, now=now, **other)  # type: ignore[arg-type]


def proved(world: World, claim: uuid.UUID, now: datetime, *more: str) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now, *more)


def live(world: World, claim: uuid.UUID) -> list[tuple[str, int, int]]:
    """State, fen and attempt of what was not cancelled."""
    return sorted(row for row in states(world, claim) if row[0] != "cancelled")


def went(world: World, claim: uuid.UUID) -> list[tuple[uuid.UUID, int]]:
    """Who gets how much, credited or to come."""
    with world.db.view(ROOT.scope) as session:
        return sorted((row.person_id, row.amount_fen) for row in queries.payments_of(session, claim) if row.state != "cancelled")


@pytest.mark.parametrize(("whole", "shares", "got", "rests"), [
    (10_000, [(A, HALF), (B, HALF)], {}, [5_000, 5_000]),
    (10_000, [(A, HALF), (B, HALF)], {A: 5_000}, [0, 5_000]),
    (15_000, [(A, HALF), (B, HALF)], {A: 5_000, B: 5_000}, [2_500, 2_500]),
    (10_000, [(A, HALF), (A, HALF)], {A: 5_000}, [0, 5_000]),               # one person under two merged records
    (101, [(A, Fraction(1, 6)), (B, Fraction(1, 6)), (C, Fraction(2, 3))], {A: 17, B: 17, C: 66}, [0, 0, 1]),
    (102, [(A, HALF), (B, HALF)], {A: 53}, None),                           # two fen are no rounding
    (10_000, [(A, Fraction(1, 4)), (B, Fraction(3, 4))], {A: 5_000}, None),
    (10_000, [(B, HALF), (C, HALF)], {A: 5_000}, None),                     # paid, and named no more
])
def test_the_whole_is_split_and_what_each_got_taken_off(whole: int, shares: list[tuple[uuid.UUID, Fraction]],
                                                        got: dict[uuid.UUID, int], rests: list[int] | None) -> None:
    if rests is None:
        with pytest.raises(Conflict, match="heirs_overpaid"):
            rest_of_each(whole, shares, got)
    else:
        assert rest_of_each(whole, shares, got) == rests


def test_heirs_named_twice_keep_their_shares(world: World, now: datetime) -> None:
    """One half credited, one returned; named again for another account: the second heir gets her own half, not a quarter."""
    (claim,) = made(world, now, 10_000)
    proved(world, claim, now)
    two = heirs([1, 2], [1, 2])
    name(world, claim, two, now)
    read(world, returned_file(world, sent(world, now), "credited", "returned"), now)
    with world.db.view(ROOT.scope) as session:
        first, second = (payee.person_id for payee in queries.payees_of(session, claim))
    name(world, claim, [two[0], two[1] | {"account": synthetic_card("ICBC", 7003)}], now)
    assert live(world, claim) == [("credited", 5_000, 1), ("planned", 5_000, 1)]
    assert went(world, claim) == sorted([(first, 5_000), (second, 5_000)])


@pytest.mark.parametrize("shares", [[[1, 4], [3, 4]], [[1, 1]]])
def test_shares_that_no_longer_fit_what_was_paid_are_refused(world: World, now: datetime, shares: list[list[int]]) -> None:
    (claim,) = made(world, now, 10_000)
    proved(world, claim, now)
    two = heirs([1, 2], [1, 2])
    name(world, claim, two, now)
    read(world, returned_file(world, sent(world, now), "credited", "returned"), now)
    before = states(world, claim)
    changed = [heir | {"share": share} for heir, share in zip(two[-len(shares):], shares, strict=True)]
    with pytest.raises(Conflict, match="heirs_overpaid"):
        name(world, claim, changed, now, left_out="放弃继承")
    assert states(world, claim) == before


def test_money_at_the_bank_stands_in_the_way_of_other_shares(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    proved(world, claim, now)
    name(world, claim, heirs([1, 1]), now)
    run = sent(world, now)
    with pytest.raises(Conflict, match="heirs_overpaid"):
        name(world, claim, heirs([1, 2], [1, 2]), now)
    read(world, returned_file(world, run, "returned"), now)
    name(world, claim, heirs([1, 2], [1, 2]), now)
    assert live(world, claim) == [("planned", 5_000, 1), ("planned", 5_000, 1)]


def test_an_heir_credited_under_a_merged_record_is_the_same_heir(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    proved(world, claim, now)
    two = heirs([1, 2], [1, 2])
    name(world, claim, two, now)
    read(world, returned_file(world, sent(world, now), "credited", "returned"), now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        dropped = queries.payees_of(session, claim)[0].person_id
        other = replace(synthetic_person(491, sex="M", born=date(1979, 1, 2)), name=str(two[0]["name"]))
        kept = enrolment.add_person(session, name=other.name, id_number=other.id_number, actor=ROOT, now=now).id
        enrolment.merge_people(session, kept_id=kept, dropped_id=dropped, why="同一人", actor=head, now=now)
    name(world, claim, two, now)
    assert live(world, claim) == [("credited", 5_000, 1), ("planned", 5_000, 1)]


def test_nothing_is_paid_to_heirs_before_their_papers_are_accepted(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        paper(session, session.get_one(Claim, claim), "death_proof", now)
    name(world, claim, heirs([1, 1]), now, left_out="妻子声明放弃继承")
    clerk = world.actor("xj.district")
    for kind in ("household_cancellation", "heir_proof", "renunciation"):
        with world.db.unit_of_work(ROOT.scope) as session:
            on_file = paper(session, session.get_one(Claim, claim), kind, now, verdict="waiting").id
            digest = session.get_one(Claim, claim).digest
        with pytest.raises(InputError, match="run_empty"):
            in_run(world, now)
        with world.db.unit_of_work(clerk.scope) as session:        # the claim is decided: only such papers are still judged
            evidence.judge(session, paper_id=on_file, accept=True, actor=clerk, now=now)
            assert session.get_one(Claim, claim).digest == digest
    in_run(world, now)
    assert ("batched", 10_000, 1) in states(world, claim)


def test_a_paper_of_the_claim_itself_is_not_judged_after_the_decision(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    with world.db.unit_of_work(ROOT.scope) as session:
        late = paper(session, session.get_one(Claim, claim), "diagnosis", now, verdict="waiting").id
    with pytest.raises(Conflict, match="event_not_allowed"), world.db.unit_of_work(ROOT.scope) as session:
        evidence.judge(session, paper_id=late, accept=True, actor=world.actor("xj.district"), now=now)


def test_a_release_looks_at_the_papers_again(world: World, now: datetime) -> None:
    (claim,) = made(world, now, 10_000)
    proved(world, claim, now)
    name(world, claim, heirs([1, 1]), now)
    run, checker = in_run(world, now), world.actor("xj.checker")
    with world.db.unit_of_work(ROOT.scope) as session:
        session.connection().exec_driver_sql("UPDATE paper SET verdict = 'rejected' WHERE kind = 'heir_proof'")
    with pytest.raises(GuardFailed, match="payees_not_ready"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run, actor=checker, now=now)


def test_what_was_paid_ahead_and_came_back_falls_to_the_heirs_besides(world: World, now: datetime) -> None:
    """On its way to the member when she died: each heir has the rest of the decision first, then her half of what came back."""
    claim = in_review(world, 3, now)
    ahead(world, claim, "10000.00", now)
    run = sent(world, now)
    proved(world, claim, now)
    name(world, claim, heirs([1, 2], [1, 2]), now)
    for login in LEVELS:
        passes(world, claim, login, now)
    planned(world, claim, now)
    assert live(world, claim) == [("planned", 250_000, 1), ("planned", 250_000, 1), ("sent", 1_000_000, 1)]
    read(world, returned_file(world, run, "returned"), now)
    planned(world, claim, now)
    assert live(world, claim) == [("planned", 250_000, 1), ("planned", 250_000, 1), ("planned", 500_000, 1), ("planned", 500_000, 1)]
    planned(world, claim, now)
    each = Counter[uuid.UUID]()
    for person, fen in went(world, claim):
        each[person] += fen
    assert list(each.values()) == [750_000, 750_000]
    read(world, returned_file(world, sent(world, now), *["credited"] * 4), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == [claim]
    assert promises(world) == []
    with world.db.unit_of_work(ROOT.scope) as session:      # as if the first heir had got the other's as well
        session.connection().exec_driver_sql("UPDATE payment SET person_id = (SELECT person_id FROM payee WHERE active AND ordinal = 1)")
    assert {breach.what for breach in promises(world) if breach.check == "paid_once"} == {
        "同一领款人同一事项到账4次，共1500000分，应得750000分"}


@pytest.fixture
def minor(world: World, now: datetime) -> tuple[uuid.UUID, dict[str, object], str]:
    """A claim whose heir turns 18 on 25 March; 20 March is today."""
    (claim,) = made(world, now, 10_000)
    proved(world, claim, now, "guardianship")
    child, guardian = synthetic_person(495, sex="F", born=date(2008, 3, 25)), synthetic_person(496, sex="M", born=date(1975, 1, 2))
    heir: dict[str, object] = {"name": child.name, "id_number": child.id_number, "relation": "child", "share": [1, 1],
                               "bank": "ICBC", "account": guardian.card,
                               "guardian": {"name": guardian.name, "id_number": guardian.id_number}}
    name(world, claim, [heir], now)
    return claim, heir, child.card


def test_grown_up_before_the_run_she_is_paid_herself(world: World, now: datetime,
                                                     minor: tuple[uuid.UUID, dict[str, object], str]) -> None:
    claim, heir, own = minor
    birthday = at_hour(date(2026, 3, 25), 10)
    with pytest.raises(InputError, match="run_empty"):
        in_run(world, birthday)
    name(world, claim, [{key: value for key, value in heir.items() if key != "guardian"} | {"account": own}], birthday)
    in_run(world, birthday)
    assert live(world, claim) == [("batched", 10_000, 1)]


def test_the_day_before_the_guardian_still_receives(world: World, now: datetime,
                                                    minor: tuple[uuid.UUID, dict[str, object], str]) -> None:
    run, checker = in_run(world, at_hour(date(2026, 3, 24), 10)), world.actor("xj.checker")
    with pytest.raises(GuardFailed, match="payees_not_ready"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run, actor=checker, now=at_hour(date(2026, 3, 25), 10))


def test_returned_after_the_birthday_it_goes_to_her_own_account(world: World, now: datetime,
                                                                minor: tuple[uuid.UUID, dict[str, object], str]) -> None:
    claim, heir, own = minor
    holder = heir["guardian"]["name"]       # type: ignore[index]
    read(world, returned_file(world, sent(world, now), "returned", holder=holder), now)
    clerk, maker, birthday = world.actor("xj.clerk"), world.actor("xj.maker"), at_hour(date(2026, 3, 25), 10) + timedelta(days=1)
    with world.db.unit_of_work(clerk.scope) as session:
        [paid] = [row.id for row in queries.payments_of(session, claim) if row.state == "returned"]
        with pytest.raises(InputError, match="holder_differs"):
            payment.propose_card(session, payment_id=paid, bank="ICBC", number=own, holder=str(holder), actor=clerk, now=birthday)
        payment.propose_card(session, payment_id=paid, bank="ICBC", number=own, holder=str(heir["name"]), actor=clerk, now=birthday)
    with world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=paid, actor=maker, now=birthday)
        assert [payee.guardian_id for payee in queries.payees_of(session, claim)] == [None]
    in_run(world, birthday)
    assert live(world, claim) == [("batched", 10_000, 2)]
