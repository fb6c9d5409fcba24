"""What a settlement gives reaches its members once: from the draft to the bank's credit and back, on a real database."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from services.access.actor import Actor
from services.audit.verify import verify
from services.core.db import Database
from services.core.errors import HuzhuError
from services.ledger import queries as books
from services.models import FamilyTie, Person, Settlement
from services.payment import service as payment
from services.reporting import checks, money_proof, settled_lines
from services.settlement.paying import service as paying
from services.settlement.paying import telling
from services.simulate.synthetic import synthetic_card
from tests.services.settled_world import answered, lines, read, released, runs, sent, settled, submitted
from tests.support.databases import Superuser
from tests.support.world import ROOT, XJ_PLAN, World, build_world

PROMISES = ("settled_once", "settled_equal", "settled_whole", "settled_apart", "claims_in_ledger", "premium_in_ledger", "state_recorded")
DUE = {0: 120_000, 1: 35_050, 2: 7}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def member(world: World, n: int) -> uuid.UUID:
    return world.member(n, "xj").person_id


def money(world: World) -> dict[str, int]:
    """The accounts that a settlement moves."""
    with world.db.view(ROOT.scope) as session:
        found = {row.account: row.balance_fen for row in books.balances(session, XJ_PLAN)}
    return {name: found.get(name, 0) for name in ("benefits", "payable", "in_transit", "cash")}


def breaches(world: World) -> list[str]:
    with world.db.view(ROOT.scope) as session:
        found = [f"{one.check} {one.claim_no} {one.what}" for one in checks.run(session) if one.check in PROMISES]
        return found + [finding.code for finding in verify(session)]


def refused(reason: str) -> pytest.RaisesExc[HuzhuError]:
    return pytest.raises(HuzhuError, match=reason)


def test_a_settlements_whole_life(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)                         # two small partitions make one run
    assert (run.run_no[:5], run.state, run.count, run.total_fen) == (f"S{now.year}", "draft", 3, 155_057)
    opening = money(world)["cash"]
    assert money(world) | {"cash": 0} == {"benefits": 155_057, "payable": -155_057, "in_transit": 0, "cash": 0}
    file = sent(world, run.id, now)
    assert len(file.splitlines()) == 5                      # a head, three lines, a foot
    assert f"{run.run_no}-00001".encode() in file
    assert money(world) | {"cash": 0} == {"benefits": 155_057, "payable": 0, "in_transit": -155_057, "cash": 0}
    first = read(world, answered(world, run.id, {member(world, 0): "credited", member(world, 1): "returned"}), now)
    assert (len(first.credited), len(first.returned), first.unmatched) == (1, 1, ())
    assert money(world) == {"benefits": 155_057, "payable": -35_050, "in_transit": -7, "cash": opening - 120_000}
    assert runs(world, settlement)[0].state == "sent"       # one is not answered yet
    read(world, answered(world, run.id, {member(world, 2): "credited"}, serial="C"), now)
    assert runs(world, settlement)[0].state == "reconciled"
    assert {n: lines(world, settlement)[member(world, n)].state for n in DUE} == {0: "credited", 1: "returned", 2: "credited"}
    assert lines(world, settlement)[member(world, 2)].serial in ("C1", "C2", "C3")
    assert breaches(world) == []


def test_a_returned_line_goes_out_again_under_another_card_once(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    who = member(world, 1)
    late = answered(world, run.id, {who: "credited"}, serial="LATE")
    read(world, answered(world, run.id, {who: "returned", member(world, 0): "credited", member(world, 2): "credited"}), now)
    line = lines(world, settlement)[who]
    clerk, maker, checker = world.actor("xj.clerk"), world.actor("xj.maker"), world.actor("xj.checker")
    card = {"bank": "CCB", "number": synthetic_card("CCB", 7001), "holder": world.member(1, "xj").synthetic.name}
    with refused("holder_differs"), world.db.unit_of_work(maker.scope) as session:
        payment.propose_card(session, payment_id=line.id, **(card | {"holder": "王不是"}), actor=maker, now=now)
    with world.db.unit_of_work(maker.scope) as session:
        payment.propose_card(session, payment_id=line.id, **card, actor=maker, now=now)
    with refused("two_persons_needed"), world.db.unit_of_work(maker.scope) as session:
        payment.confirm_card(session, payment_id=line.id, actor=maker, now=now)
    with refused("role_missing"), world.db.unit_of_work(clerk.scope) as session:
        payment.propose_card(session, payment_id=line.id, **card, actor=clerk, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        payment.confirm_card(session, payment_id=line.id, actor=checker, now=now)
    assert (lines(world, settlement)[who].state, lines(world, settlement)[who].attempt) == ("planned", 2)
    with world.db.unit_of_work(maker.scope) as session:
        again = paying.build_again(session, settlement_id=settlement, actor=maker, now=now)
    assert (again.count, again.total_fen) == (1, 35_050)
    sent(world, again.id, now + timedelta(days=2))
    summary = read(world, late, now + timedelta(days=2))                     # of the first sending: moves nothing
    assert [line.fault for line in summary.unmatched] == ["late_answer"]
    assert lines(world, settlement)[who].state == "sent"
    read(world, answered(world, again.id, {who: "credited"}, serial="N"), now + timedelta(days=3))
    twice = read(world, answered(world, again.id, {who: "credited"}, serial="M"), now + timedelta(days=3))
    assert [line.fault for line in twice.unmatched] == ["already_answered"]
    back = read(world, answered(world, run.id, {who: "returned"}, serial="R"), now + timedelta(days=4))
    assert [line.fault for line in back.unmatched] == ["late_answer"]
    assert money(world)["payable"] == money(world)["in_transit"] == 0
    assert lines(world, settlement)[who].serial == "N1" and breaches(world) == []


def test_credited_then_sent_back_comes_off_the_account(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 500})
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    before = money(world)["cash"]
    read(world, answered(world, run.id, {member(world, 0): "credited"}), now)
    read(world, answered(world, run.id, {member(world, 0): "returned"}, serial="X"), now)
    assert money(world) == {"benefits": 500, "payable": -500, "in_transit": 0, "cash": before}
    line = lines(world, settlement)[member(world, 0)]
    assert (line.state, line.serial, line.return_reason) == ("returned", None, "账户已销户") and breaches(world) == []


def test_the_same_file_twice_and_a_line_that_says_another_sum(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    content = answered(world, run.id, {member(world, 0): "credited"})
    read(world, content, now)
    assert read(world, content, now).repeated
    for other, fault in (({"amount_fen": 1}, "amount_differs"), ({"holder": "王不是"}, "payee_differs"),
                         ({"reference": f"{run.run_no}-77777"}, "unknown_reference")):
        wrong = read(world, answered(world, run.id, {member(world, 1): "credited"}, **other), now)
        assert [line.fault for line in wrong.unmatched] == [fault]
    assert lines(world, settlement)[member(world, 1)].state == "sent" and breaches(world) == []


def test_maker_checker_and_their_families_keep_apart(world: World, now: datetime) -> None:
    """The maker's own line waits for another maker; a checker who is paid, or whose family is, does not release."""
    maker, checker = world.person("xj.maker"), world.person("xj.checker")
    with world.db.unit_of_work(ROOT.scope) as session:
        session.add(FamilyTie(person_id=member(world, 0), relative_id=maker, relation="sibling"))
        session.add(FamilyTie(person_id=member(world, 1), relative_id=checker, relation="sibling"))
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)
    assert (run.count, run.total_fen) == (2, 35_057)
    own = lines(world, settlement)[member(world, 0)]
    assert own.state == "planned" and own.left_out and "另一人制单" in own.left_out
    submitted(world, run.id, now)
    with refused("maker_not_separate"), world.db.unit_of_work(ROOT.scope) as session:
        payment.release(session, run_id=run.id, actor=_both(world), now=now)
    with refused("actor_decided_before"):
        released(world, run.id, now)
    with world.db.unit_of_work(world.actor("xj.checker").scope) as session:
        payment.exclude(session, payment_ids=[lines(world, settlement)[member(world, 1)].id], reason="复核人家属",
                        actor=world.actor("xj.checker"), now=now)
    with refused("run_changed"):
        released(world, run.id, now)
    with world.db.unit_of_work(world.actor("xj.checker").scope) as session:
        payment.send_back(session, run_id=run.id, reason="重新提交", actor=world.actor("xj.checker"), now=now)
    submitted(world, run.id, now)
    released(world, run.id, now)
    with refused("run_empty"), world.db.unit_of_work(world.actor("xj.maker").scope) as session:
        waits = session.execute(sa.text("SELECT count(*) FROM settlement_payment WHERE waiting")).scalar_one()
        assert waits == 2
        session.execute(sa.text("UPDATE settlement_payment SET card_id = NULL WHERE person_id = :p"), {"p": member(world, 1)})
        session.execute(sa.text("UPDATE bank_card SET replaced_at = now() WHERE person_id = :p"), {"p": member(world, 1)})
        paying.build_again(session, settlement_id=settlement, actor=world.actor("xj.maker"), now=now)
    assert breaches(world) == []


def _both(world: World) -> Actor:
    """The maker with the checker's role as well."""
    maker = world.actor("xj.maker")
    return replace(maker, roles=maker.roles | {"finance_checker"})


def test_who_may_make_and_what_waits_for_an_account(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE, without_card=frozenset({2}))
    [run] = runs(world, settlement)
    assert run.count == 2
    head = world.actor("xj.head")
    with refused("event_not_permitted"), world.db.unit_of_work(head.scope) as session:
        paying.build_again(session, settlement_id=settlement, actor=head, now=now)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        assert paying.close_runs(session, session.get_one(Settlement, settlement), actor=maker, now=now) == []     # again: nothing
        assert [(row.planned, row.ready, row.returned) for row in settled_lines.waiting(session)] == [(1, 0, 0)]
        again = paying.build_again(session, settlement_id=settlement, actor=maker, now=now)                        # the card is known now
        assert again.count == 1
    assert len(runs(world, settlement)) == 2 and breaches(world) == []


def test_the_fund_and_the_limits_hold(world: World, now: datetime) -> None:
    settlement = settled(world, now, {0: 60_000_000, 1: 100})       # 600,000 yuan: above the limit of one payment
    [run] = runs(world, settlement)
    submitted(world, run.id, now)
    with refused("limit_exceeded"):
        released(world, run.id, now)
    head = world.actor("xj.head")
    with world.db.unit_of_work(head.scope) as session:
        payment.allow_over(session, run_id=run.id, reason="已核对", actor=head, now=now)
    released(world, run.id, now)
    other = settled(world, now, {2: 2_000_000_000}, quarter=4)
    [more] = runs(world, other)
    submitted(world, more.id, now)
    with refused("fund_short"):
        released(world, more.id, now)


def test_nobody_is_paid_twice_by_a_settlement(world: World, now: datetime, superuser: Superuser) -> None:
    settled(world, now, DUE)
    for twice in ("INSERT INTO settlement_payment (org_key, settlement_id, part, person_id, amount_fen)"
                  " SELECT org_key, settlement_id, part, person_id, 1 FROM settlement_payment LIMIT 1",
                  "UPDATE settlement_payment SET line = 1"):
        with pytest.raises(Exception, match="unique constraint"):
            superuser.execute(twice)


def test_lines_are_written_within_the_own_region_and_read_through_it(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE)
    insert = sa.text("INSERT INTO settlement_payment_all (org_key, settlement_id, part, person_id, amount_fen)"
                     " VALUES ('cn.nx.', :id, 0, :id, 1)")
    for statement, why in ((insert, "beyond the scope"), (sa.text("SELECT count(*) FROM settlement_payment_all"), "permission denied"),
                           (sa.text("UPDATE settlement_payment_all SET line = line WHERE part = :part"), "permission denied")):
        with pytest.raises(sa.exc.DBAPIError, match=why), world.db.unit_of_work(world.actor("xj.maker").scope) as session:
            session.execute(statement, {"id": settlement, "part": 0})
    with world.db.view(world.actor("nx.maker").scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM settlement_payment")).scalar_one() == 0


@pytest.mark.parametrize(("tamper", "named"), [
    ("UPDATE settlement_payment SET amount_fen = amount_fen + 1 WHERE line = 1", "settled_equal"),
    ("UPDATE settlement_line SET due_fen = due_fen + 100 WHERE due_fen = 7", "settled_equal"),
    ("UPDATE settlement_payment SET card_id = (SELECT min(id::text)::uuid FROM bank_card WHERE person_id <> settlement_payment.person_id)"
     " WHERE line = 2", "settled_whole"),
    ("UPDATE payment_run SET total_fen = total_fen - 1, count = 2", "settled_equal"),
    ("UPDATE settlement_payment SET state = 'credited', serial = 'FALSE', credited_at = now() WHERE line = 3", "settled_equal"),
    ("DELETE FROM settlement_payment WHERE line = 1", "settled_equal"),
    ("UPDATE bank_line SET amount_fen = 1 WHERE kind = 'sent' AND reference LIKE '%-00002'", "settled_equal"),
    ("UPDATE payment_run SET checked_person = made_person", "settled_apart"),
])
def test_a_changed_row_is_named(world: World, now: datetime, superuser: Superuser, tamper: str, named: str) -> None:
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    assert breaches(world) == []
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(tamper)
    found = breaches(world)
    assert any(one.startswith(named) for one in found), found


def test_the_days_proof_has_the_settlement(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)
    sent(world, run.id, now)
    read(world, answered(world, run.id, {member(world, 0): "credited", member(world, 2): "returned"}), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        made = money_proof.prove(session, org_key="cn.xj.", office="新疆办事处", day=date(2026, 3, 20), now=now + timedelta(days=4))
        assert made and made.breaches == 0 and made.open == 1
        report = money_proof.kept(session, date(2026, 3, 20))[0].report
    assert (report["approved_fen"], report["sent_fen"], report["credited_fen"]) == (155_057, 155_050, 120_000)
    assert [(line["claim_no"], line["person"], line["states"]) for line in report["open"]] == [(run.run_no, "3人", ["returned", "sent"])]


def test_the_list_of_messages_is_masked_and_taken_with_a_reason(world: World, now: datetime) -> None:
    settlement = settled(world, now, DUE)
    [run] = runs(world, settlement)
    maker = world.actor("xj.maker")
    with world.db.unit_of_work(maker.scope) as session:
        shown = telling.preview(session, run.id)
        name = session.get_one(Person, member(world, 0)).name
        assert len(shown) == 3 and name not in {row.name for row in shown} and all("*" in (row.phone or "*") for row in shown)
        with refused("text_length"):
            paying.tell_list(session, run_id=run.id, form="csv", reason=" ", actor=maker, now=now)
        taken = paying.tell_list(session, run_id=run.id, form="csv", reason="付款前告知", actor=maker, now=now)
        text = taken.content.decode("utf-8-sig")
        assert taken.lines == 3 and name not in text and "汇入" in text and "1200" not in text
        assert session.execute(sa.text("SELECT what, reason FROM access_record WHERE what LIKE 'settlement_sms:%'")).all() == [
            (f"settlement_sms:{run.run_no}", "付款前告知")]
        assert [row.lines for row in telling.tellings(session, run.id)] == [3]
    with refused("role_missing"), world.db.unit_of_work(world.actor("xj.head").scope) as session:
        paying.tell_list(session, run_id=run.id, form="xlsx", reason="看看", actor=world.actor("xj.head"), now=now)
