"""A settlement's line of a member who died: taken out of what is paid, so that the heirs' claim gives it, and never both."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.enrolment import persons
from services.ledger import settled as books
from services.models import FamilyTie
from services.payment import service as payment
from services.settlement.paying import service as paying
from tests.services import city_world
from tests.services.city_world import Row, settle
from tests.services.settled_world import answered, lines, read, runs, sent, settled
from tests.services.test_city_members import APRIL, JULY, freeze, report, seen
from tests.services.test_settlement_paying import breaches, member, money, refused
from tests.support.databases import Superuser
from tests.support.world import ROOT, XJ_PLAN, World, build_world

DIED = date(2026, 3, 10)
REASON = "会员3月10日去世，继承人已告知"


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def died(world: World, person: uuid.UUID, now: datetime, on: date = DIED) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        persons.note_died(session, person_id=person, died_on=on, actor=ROOT, now=now)


def give(world: World, line: uuid.UUID, now: datetime, login: str = "xj.maker") -> None:
    actor = world.actor(login)
    with world.db.unit_of_work(actor.scope) as session:
        payment.give_to_heirs(session, payment_id=line, reason=REASON, actor=actor, now=now)


def records(world: World, line: uuid.UUID) -> list[tuple[str, str]]:
    with world.db.view(ROOT.scope) as session:
        return [(row.machine, row.why) for row in session.execute(sa.text(
            "SELECT machine, record->'details'->>'reason' AS why FROM audit_record WHERE event = 'give_to_heirs'"
            " AND record->'details'->>'payment' = :line"), {"line": str(line)})]


def test_the_heirs_claim_gives_what_the_line_no_longer_does(db: Database) -> None:
    """(10000 - 1800) x 20 %: promised by the quarter, then the heirs'; a claim before was told that it is given already."""
    city = city_world.build(db, APRIL, members=3)
    who = city.persons[1]
    died(city.world, who, APRIL, date(2026, 4, 9))
    settlement = settle(city, [Row(1, "B1", "2026-04-05", "10000.00")], JULY, quarter=2)
    line = lines(city.world, settlement.id)[who]
    assert (line.state, line.amount_fen, line.left_out) == ("planned", 164_000, "会员已故，须由继承人申领")
    claim = report(city, who, outpatient_own_1="10000.00")
    assert seen(city, claim) == ([{"benefit": "outpatient", "amount": "1640.00", "days": 0}], "0.00")
    give(city.world, line.id, JULY, "bj.maker")
    assert seen(city, claim) == ([], "1640.00")
    assert records(city.world, line.id) == [("feed", REASON)]          # it never was in a run
    freeze(city, claim)
    assert breaches(city.world) == []


def test_a_line_in_no_run_and_one_that_came_back(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 120_000, 1: 35_050, 2: 7}, without_card=frozenset({2}))
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    read(world, answered(world, run.id, {member(world, 0): "credited", member(world, 1): "returned"}), now)
    assert money(world)["payable"] == -35_057
    for n in (1, 2):
        died(world, member(world, n), now)
        give(world, lines(world, settlement)[member(world, n)].id, now)
    found = lines(world, settlement)
    assert [(found[member(world, n)].state, found[member(world, n)].run_id, found[member(world, n)].line,
             found[member(world, n)].left_out) for n in (1, 2)] == [("cancelled", None, None, "会员已去世，改由继承人申领")] * 2
    assert money(world) | {"cash": 0} == {"benefits": 120_000, "payable": 0, "in_transit": 0, "cash": 0}
    assert records(world, found[member(world, 1)].id) == [("payment_run", REASON)]
    assert records(world, found[member(world, 2)].id) == [("feed", REASON)]
    late = read(world, answered(world, run.id, {member(world, 1): "credited"}, serial="LATE"), now)     # the bank thinks again
    assert [one.fault for one in late.unmatched] == ["late_answer"] and breaches(world) == []
    maker = world.actor("xj.maker")
    with refused("run_empty"), world.db.unit_of_work(maker.scope) as session:
        paying.build_again(session, settlement_id=settlement, actor=maker, now=now)
    with refused("settled_line_moved"):
        give(world, found[member(world, 1)].id, now)


def test_a_line_on_its_way_or_credited_stays(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 500, 1: 700})
    [run] = runs(world, settlement)
    for n in (0, 1):
        died(world, member(world, n), now)
    found = lines(world, settlement)
    with refused("settled_line_moved"):
        give(world, found[member(world, 0)].id, now)                    # batched
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE person SET died_on = NULL"))
    sent(world, run.id, now)
    read(world, answered(world, run.id, {member(world, 0): "credited"}), now)
    for n in (0, 1):
        died(world, member(world, n), now)
        with refused("settled_line_moved"):
            give(world, found[member(world, n)].id, now)                # credited, sent
    assert breaches(world) == []


def test_who_may_and_for_whom(world: World, now: datetime, superuser: Superuser) -> None:
    settlement = settled(world, now, {0: 500, 1: 700, 2: 9}, without_card=frozenset({0, 1, 2}))
    found = lines(world, settlement)
    alive, kin, merged = (found[member(world, n)].id for n in (0, 1, 2))
    with refused("payee_lives"):
        give(world, alive, now)
    died(world, member(world, 1), now)
    for login, code in (("xj.checker", "role_missing"), ("xj.head", "role_missing"), ("nx.maker", "not_found")):
        with refused(code):
            give(world, kin, now, login)
    superuser.execute(f"UPDATE person SET merged_into = '{member(world, 1)}' WHERE id = '{member(world, 2)}'")
    give(world, merged, now)                                            # the record that stands has died
    assert lines(world, settlement)[member(world, 2)].state == "cancelled"
    with world.db.unit_of_work(ROOT.scope) as session:
        session.add(FamilyTie(person_id=member(world, 1), relative_id=world.person("xj.maker"), relation="sibling"))
    with refused("actor_on_claimant_side"):
        give(world, kin, now)
    assert lines(world, settlement)[member(world, 1)].state == "planned"


def test_money_of_which_the_bank_said_that_it_arrived_stays_until_two_persons_looked(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 500})
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    who = member(world, 0)
    read(world, answered(world, run.id, {who: "returned"}), now)
    twice = read(world, answered(world, run.id, {who: "credited"}, serial="Z", holder="王不是"), now + timedelta(days=1))
    assert len(twice.unmatched) == 1
    died(world, who, now)
    with refused("credit_contradicts"):
        give(world, lines(world, settlement)[who].id, now + timedelta(days=1))


def test_a_line_given_up_without_its_booking_is_named(world: World, now: datetime, superuser: Superuser) -> None:
    settlement = settled(world, now, {0: 500, 1: 8}, without_card=frozenset({0}))
    superuser.execute("UPDATE settlement_payment SET state = 'cancelled' WHERE amount_fen = 500")
    assert [one.split()[0] for one in breaches(world)] == ["claims_in_ledger"]
    with world.db.unit_of_work(ROOT.scope) as session:
        books.lapsed(session, plan=XJ_PLAN, org_key="cn.xj.", payment_id=lines(world, settlement)[member(world, 0)].id, fen=500, actor=ROOT,
                     now=now)
    assert breaches(world) == []
