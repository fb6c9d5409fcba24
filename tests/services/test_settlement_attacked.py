"""A settlement's run against who would bend it: changed after submission, paid to the dead, two at once, files of both kinds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from services.core.db import Database
from services.core.errors import HuzhuError
from services.enrolment import service as enrolment
from services.ledger import queries as books
from services.lifecycle.facts import RUN_DIGEST
from services.models import BankCard, FamilyTie, SettlementPayment
from services.payment import service as payment
from services.payment.banks import layout_of
from services.reporting import checks, money_proof
from services.settlement.paying import service as paying
from services.simulate.synthetic import synthetic_card, synthetic_person
from tests.services import paying_world
from tests.services.settled_world import answered, lines, read, released, runs, settled, submitted
from tests.support.databases import Superuser
from tests.support.world import ROOT, XJ_PLAN, World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def member(world: World, n: int) -> uuid.UUID:
    return world.member(n, "xj").person_id


def refused(reason: str) -> pytest.RaisesExc[HuzhuError]:
    return pytest.raises(HuzhuError, match=reason)


def written(world: World, run_id: uuid.UUID, now: datetime) -> bytes:
    with world.db.unit_of_work(ROOT.scope) as session:
        return payment.write_file(session, run_id=run_id, actor=ROOT, now=now).read_bytes()


def sent_back(world: World, run_id: uuid.UUID, now: datetime) -> None:
    checker = world.actor("xj.checker")
    with world.db.unit_of_work(checker.scope) as session:
        payment.send_back(session, run_id=run_id, reason="重新提交", actor=checker, now=now)


def test_who_dies_after_submission_is_not_paid(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 100, 1: 200})
    [run] = runs(world, settlement)
    submitted(world, run.id, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        enrolment.note_died(session, person_id=member(world, 1), died_on=date(2026, 3, 15), actor=ROOT, now=now)
    with refused("payees_not_ready"):
        released(world, run.id, now)
    sent_back(world, run.id, now)
    submitted(world, run.id, now)
    released(world, run.id, now)
    assert runs(world, settlement)[0].total_fen == 100 and len(written(world, run.id, now).splitlines()) == 3
    waits = lines(world, settlement)[member(world, 1)]
    assert waits.state == "planned" and waits.left_out and "继承人" in waits.left_out


def test_a_card_replaced_while_a_draft_is_paid_to_the_present_one(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 100, 1: 200})
    [run] = runs(world, settlement)
    who = world.member(0, "xj")
    with world.db.unit_of_work(ROOT.scope) as session:
        card = enrolment.add_bank_card(session, person_id=who.person_id, bank="CCB", number=synthetic_card("CCB", 7001),
                                       holder=who.synthetic.name, actor=ROOT, now=now)
    assert lines(world, settlement)[who.person_id].card_id != card.id
    submitted(world, run.id, now)
    assert lines(world, settlement)[who.person_id].card_id == card.id
    released(world, run.id, now)
    assert synthetic_card("CCB", 7001).encode() in written(world, run.id, now)


_RESEALED = f"UPDATE payment_run n SET digest = {RUN_DIGEST} WHERE n.settlement_id IS NOT NULL"
_SLIPPED = """UPDATE settlement_payment p SET state = 'batched', line = 9, run_id = (SELECT id FROM payment_run),
    card_id = (SELECT b.id FROM bank_card b WHERE b.person_id = p.person_id) WHERE p.amount_fen = 300"""
_MORE = "UPDATE settlement_payment SET amount_fen = 101 WHERE amount_fen = 100; UPDATE payment_run SET total_fen = 301"


@pytest.mark.parametrize("tamper", [
    [_SLIPPED], [_SLIPPED, "UPDATE payment_run SET count = 3, total_fen = 600", _RESEALED],
    ["UPDATE settlement_payment SET state = 'credited', serial = 'X', credited_at = now() WHERE amount_fen = 200"],
    [_MORE, _RESEALED], ["UPDATE payment_run SET digest = repeat('0', 64)"]])
@pytest.mark.parametrize("when", ["released", "submitted"])
def test_what_was_changed_since_goes_to_no_bank(world: World, now: datetime, superuser: Superuser, tamper: list[str], when: str) -> None:
    settlement = settled(world, now, {0: 100, 1: 200, 2: 300}, without_card=frozenset({2}))
    [run] = runs(world, settlement)
    submitted(world, run.id, now)
    if when == "released":
        released(world, run.id, now)
    for statement in tamper:
        superuser.execute(statement)
    with refused("run_changed"):
        (written if when == "released" else released)(world, run.id, now)
    if when == "released" and len(tamper) > 1:
        with world.db.view(ROOT.scope) as session:
            assert any(one.check == "settled_equal" and "摘要" in one.what for one in checks.run(session))


def test_merged_records_are_the_same_person(world: World, now: datetime) -> None:
    """What is owed to a record that was merged is paid to the person's present card, and not by herself or her family."""
    settlement = settled(world, now, {0: 100, 1: 200, 2: 300}, without_card=frozenset({0, 1}))
    maker = world.actor("xj.maker")
    other = synthetic_person(901)
    with world.db.unit_of_work(ROOT.scope) as session:
        kept = enrolment.add_person(session, name=other.name, id_number=other.id_number, actor=ROOT, now=now)
        session.execute(sa.update(BankCard).where(col(BankCard.person_id) == member(world, 0)).values(person_id=kept.id))
        merge = sa.text("UPDATE person SET merged_into = :kept WHERE id = :dropped")
        session.execute(merge, {"kept": kept.id, "dropped": member(world, 0)})
        session.execute(merge, {"kept": maker.person_id, "dropped": member(world, 1)})
    with world.db.unit_of_work(maker.scope) as session:
        again = paying.build_again(session, settlement_id=settlement, actor=maker, now=now)
        assert (again.count, again.total_fen) == (1, 100)
    with refused("run_empty"), world.db.unit_of_work(maker.scope) as session:
        paying.build_again(session, settlement_id=settlement, actor=maker, now=now)
    submitted(world, again.id, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.add(FamilyTie(person_id=kept.id, relative_id=world.person("xj.checker"), relation="sibling"))
    with refused("actor_decided_before"):
        released(world, again.id, now)


def test_a_substitute_counts_as_the_maker(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 100})
    [run] = runs(world, settlement)
    submitted(world, run.id, now)
    checker, absent = world.actor("xj.checker"), world.person("xj.maker")
    with refused("maker_not_separate"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run.id, actor=replace(checker, stands_for=frozenset({absent})), now=now)
    with refused("actor_decided_before"), world.db.unit_of_work(checker.scope) as session:
        payment.release(session, run_id=run.id, actor=replace(checker, stands_for=frozenset({member(world, 0)})), now=now)


def both(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """Two at once: what each came to, or why it was refused."""
    def tried(verb: Callable[[], object]) -> object:
        try:
            return verb()
        except HuzhuError as error:
            return error.code
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(tried, (first, second)))


def test_two_at_once(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 100, 1: 200})
    [run] = runs(world, settlement)
    submitted(world, run.id, now)
    came = both(lambda: released(world, run.id, now), lambda: released(world, run.id, now))
    assert came.count(None) == 1, came
    files = both(lambda: written(world, run.id, now), lambda: written(world, run.id, now))
    assert files[0] == files[1] and len(files[0].splitlines()) == 4  # type: ignore[attr-defined]
    status = {member(world, 0): "credited", member(world, 1): "returned"}
    one, other = answered(world, run.id, status, serial="A"), answered(world, run.id, status, serial="B")
    faults = [line.fault for summary in both(lambda: read(world, one, now), lambda: read(world, other, now))
              for line in summary.unmatched]  # type: ignore[attr-defined]
    assert faults == ["already_answered", "already_answered"]
    same = answered(world, run.id, status, serial="C")
    assert sorted(summary.repeated for summary in both(lambda: read(world, same, now), lambda: read(world, same, now))) == [  # type: ignore[attr-defined]
        False, True]
    assert owed(world) == (-200, 0)
    maker = world.actor("xj.maker")

    def again() -> object:
        with world.db.unit_of_work(maker.scope) as session:
            return paying.build_again(session, settlement_id=settlement, actor=maker, now=now).count
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE settlement_payment SET state = 'planned', run_id = NULL, line = NULL, attempt = 2"
                                " WHERE state = 'returned'"))
    assert sorted(map(str, both(again, again))) == ["1", "run_empty"]


def owed(world: World) -> tuple[int, int]:
    """What is still owed and what is in transit; fen."""
    with world.db.view(ROOT.scope) as session:
        found = {row.account: row.balance_fen for row in books.balances(session, XJ_PLAN)}
    return found.get("payable", 0), found.get("in_transit", 0)


def test_one_file_answers_a_claims_run_and_a_settlements(world: World, now: datetime) -> None:
    """By hand: decided 5000.00 + 2.00 + 3.00; credited 5000.00 and 2.00, returned 3.00: owed 3.00, nothing in transit."""
    settlement = settled(world, now, {0: 200, 1: 300})
    [run] = runs(world, settlement)
    submitted(world, run.id, now)
    released(world, run.id, now)
    written(world, run.id, now)
    [claim] = paying_world.made(world, now, 500_000)
    of_claims = paying_world.sent(world, now, bank=run.bank)
    assert owed(world) == (0, -500_500)
    layout = layout_of(run.bank)
    settled_part = answered(world, run.id, {member(world, 0): "credited", member(world, 1): "returned"})
    answers = [*layout.read(paying_world.returned_file(world, of_claims, "credited", bank=run.bank)), *layout.read(settled_part)]
    mixed = layout.answer(run.run_no, [replace(answer, line_no=n, serial=f"M{n}") for n, answer in enumerate(answers, 1)])
    summary = read(world, mixed, now)
    assert (len(summary.credited), len(summary.returned), summary.unmatched, summary.claim_ids) == (2, 1, (), (claim,))
    assert owed(world) == (-300, 0)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert payment.settle(session, claim_ids=[claim], actor=ROOT, now=now) == [claim]
        made = money_proof.prove(session, org_key="cn.xj.", office="新疆办事处", day=now.date(), now=now + timedelta(days=4))
        report = money_proof.kept(session, now.date())[0].report
    assert made and made.breaches == 0 and made.open == 1
    assert (report["approved_fen"], report["sent_fen"], report["credited_fen"]) == (500_500, 500_200, 500_200)
    with world.db.view(ROOT.scope) as session:
        assert {one.check for one in checks.run(session)} & {"settled_once", "settled_equal", "settled_whole", "claims_in_ledger"} == set()
        assert [row.state for row in session.exec(select(SettlementPayment).order_by(col(SettlementPayment.amount_fen)))] == [
            "credited", "returned"]


def test_nothing_to_pay_or_no_account_to_pay_from_is_told_at_submission(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 100, 1: 200}, without_card=frozenset({1}))
    [run] = runs(world, settlement)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(ROOT.scope) as session:
        enrolment.note_died(session, person_id=member(world, 0), died_on=date(2026, 3, 15), actor=ROOT, now=now)
    with refused("run_empty"):
        submitted(world, run.id, now)
    assert (runs(world, settlement)[0].state, lines(world, settlement)[member(world, 0)].state) == ("draft", "batched")
    with world.db.unit_of_work(maker.scope) as session:
        payment.exclude(session, payment_ids=[lines(world, settlement)[member(world, 0)].id], reason="已故", actor=maker, now=now)
        second = paying.build_again(session, settlement_id=settlement, bank="ISO20022", actor=maker, now=now)
        assert (second.count, second.total_fen) == (1, 200)
    with refused("payer_account_missing"):
        submitted(world, second.id, now)
    with refused("bank_unknown"), world.db.unit_of_work(maker.scope) as session:
        paying.build_again(session, settlement_id=settlement, bank="NONE", actor=maker, now=now)


def test_nobody_elses_list_of_messages(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 100})
    [run] = runs(world, settlement)
    for login, why in (("nx.maker", "not_found"), ("xj.auditor", "role_missing"), ("xj.clerk", "role_missing"), ("xj.m0", "role_missing")):
        actor = world.actor(login)
        with refused(why), world.db.unit_of_work(actor.scope) as session:
            paying.tell_list(session, run_id=run.id, form="xlsx", reason="付款前告知", actor=actor, now=now)
    with world.db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT (SELECT count(*) FROM settlement_telling) + (SELECT count(*) FROM access_record"
                                       " WHERE what LIKE 'settlement_sms:%')")).scalar_one() == 0
