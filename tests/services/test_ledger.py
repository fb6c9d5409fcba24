"""Premium in double entry: due with the cover, received, placed, given back, refunded; papers and ledger always agree.

Fees: xj-women 25 yuan a share (members hold 4, 4, 2, 1, 2, 1), nx-ankangbao 100 yuan a person; six members each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime

import psycopg
import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.core.errors import Conflict, HuzhuError, InputError, NotFound, NotPermitted
from services.enrolment import group_summary
from services.ledger import queries, service
from services.ledger.accounts import Unbalanced, check_balanced, name_of
from services.payment import service as payment
from tests.services.paying_world import decided, read, returned_file, sent
from tests.services.premium_world import (
    NX_UNIT,
    XJ_UNIT,
    books,
    cover_of,
    end,
    give_back,
    premium_of,
    receive,
    unproven_in,
)
from tests.services.test_payment_persons import settled_by_insurer
from tests.support.world import NX_PLAN, ROOT, XJ_PLAN, World, build_world

Superuser = psycopg.Connection[tuple[object, ...]]
XJ_DUE, NX_DUE = 14 * 2500, 6 * 10000       # fen


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_enrolment_books_what_is_due(world: World) -> None:
    """The union's own plan in its fund; the insured one as memo accounts."""
    assert books(world) == {"receivable": XJ_DUE, "income": -XJ_DUE}
    assert books(world, NX_PLAN) == {"memo_receivable": NX_DUE, "memo_income": -NX_DUE}
    assert premium_of(world, cover_of(world, 0)) == queries.Premium(due_fen=10000, open_fen=10000)
    assert unproven_in(world) == []


def test_a_second_roster_at_the_same_instant_is_booked_once(world: World, now: datetime) -> None:
    """`charge` after `charge`: what has a booking gets no second one."""
    with world.db.unit_of_work(ROOT.scope) as session:
        service.charge(session, plan=XJ_PLAN, org_id=world.org("cn.xj.wlmq.tsd.u001."), actor=ROOT, now=now)
        service.catch_up(session, actor=ROOT, now=now)
    assert books(world) == {"receivable": XJ_DUE, "income": -XJ_DUE}


@pytest.mark.parametrize(("yuan", "covers", "open_fen", "ahead"), [
    ("0.01", 1, XJ_DUE - 1, 0), ("99.99", 1, XJ_DUE - 9999, 0), ("100.00", 1, XJ_DUE - 10000, 0),
    ("100.01", 2, XJ_DUE - 10001, 0), ("349.99", 6, 1, 0), ("350.00", 6, 0, 0), ("350.01", 6, 0, 1)])
def test_money_is_placed_cover_by_cover(world: World, now: datetime, yuan: str, covers: int, open_fen: int, ahead: int) -> None:
    done = receive(world, yuan, now)
    assert (done.covers, done.prepaid_fen) == (covers, ahead)
    found = books(world)
    assert (found["receivable"], -found.get("prepaid", 0), found["cash"]) == (open_fen, ahead, XJ_DUE - open_fen + ahead)
    assert done.voucher.voucher_no.startswith("SKXJ2026")
    assert unproven_in(world) == []


def test_what_was_paid_ahead_serves_the_next_payment(world: World, now: datetime) -> None:
    first, second = cover_of(world, 4), cover_of(world, 5)
    over = receive(world, "60.00", now, certificates=[first.certificate_no])       # owes 50
    assert (over.covers, over.prepaid_fen) == (1, 1000)
    assert premium_of(world, first) == queries.Premium(due_fen=5000, paid_fen=5000)
    rest = receive(world, "15.00", now, certificates=[second.certificate_no])       # owes 25: 10 ahead and 15
    assert (rest.covers, rest.prepaid_fen) == (1, 0)
    assert premium_of(world, second) == queries.Premium(due_fen=2500, paid_fen=2500)


def test_money_paid_ahead_goes_back_to_who_paid_it(world: World, now: datetime) -> None:
    receive(world, "360.00", now)
    with pytest.raises(InputError, match="more_than_owed"):
        give_back(world, "10.01", now)
    give_back(world, "10.00", now)
    assert books(world)["cash"] == XJ_DUE
    assert unproven_in(world) == []


@pytest.mark.parametrize(("code", "act"), [
    ("amount_positive", lambda w, n: receive(w, "0.00", n)), ("amount_positive", lambda w, n: receive(w, "-1.00", n)),
    ("money_precision", lambda w, n: receive(w, "0.001", n)),
    ("voucher_future", lambda w, n: receive(w, "1.00", n, on=date(2026, 3, 21))),
    ("cover_missing", lambda w, n: receive(w, "1.00", n, certificates=["XJBZ20269999999"])),
    ("cover_missing", lambda w, n: receive(w, "1.00", n, certificates=[])),
    ("unknown_plan", lambda w, n: receive(w, "1.00", n, plan="xj-woman")),
    ("organisation_missing", lambda w, n: receive(w, "1.00", n, org=NX_UNIT, login="xj.maker")),
    ("role_missing", lambda w, n: receive(w, "1.00", n, login="xj.clerk")),
    ("role_missing", lambda w, n: receive(w, "1.00", n, login="xj.auditor"))])
def test_a_wrong_slip_is_refused_and_books_nothing(world: World, now: datetime, code: str,
                                                   act: Callable[[World, datetime], object]) -> None:
    with pytest.raises((InputError, NotFound, NotPermitted), match=code):
        act(world, now)
    assert books(world) == {"receivable": XJ_DUE, "income": -XJ_DUE}


def test_one_slip_comes_in_once(world: World, now: datetime) -> None:
    receive(world, "1.00", now, reference="YH-7")
    with pytest.raises(Conflict, match="voucher_entered"):
        receive(world, "1.00", now, reference=" YH-7 ")
    receive(world, "1.00", now, plan=NX_PLAN, org=NX_UNIT, reference="YH-7", login="nx.maker")
    assert books(world)["cash"] == 100


def test_a_slip_entered_out_of_sight_is_named_too(world: World, now: datetime) -> None:
    """The same payer's slip at another office is the same slip; another payer's bank may count as it likes."""
    receive(world, "1.00", now, reference="YH-8")
    with pytest.raises(Conflict, match="voucher_entered"):
        receive(world, "1.00", now, org=NX_UNIT, reference="YH-8")
    receive(world, "1.00", now, org=NX_UNIT, reference="YH-8", payer="示例二厂工会")
    assert books(world)["cash"] == 200


def test_a_cover_taken_back_owes_nothing_and_is_owed_what_it_paid(world: World, now: datetime) -> None:
    cover = cover_of(world, 0)                              # 100 yuan due, 60 paid
    receive(world, "60.00", now, certificates=[cover.certificate_no])
    end(world, cover.certificate_no, date(2025, 12, 31), now)
    assert premium_of(world, cover) == queries.Premium(due_fen=0, paid_fen=6000, owed_back_fen=6000)
    with pytest.raises(InputError, match="more_than_owed"):
        give_back(world, "60.01", now, certificate_no=cover.certificate_no)
    give_back(world, "60.00", now, certificate_no=cover.certificate_no)
    assert premium_of(world, cover) == queries.Premium(due_fen=0, paid_fen=6000, returned_fen=6000)
    assert (books(world)["cash"], books(world)["receivable"]) == (0, XJ_DUE - 10000)
    assert unproven_in(world) == []


def _refunded(world: World, now: datetime) -> str:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 3, 2500, now=now, kind="refund")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
    return str(claim.id)


def test_a_claims_refund_is_booked_with_the_banks_credit(world: World, now: datetime) -> None:
    receive(world, "350.00", now)
    _refunded(world, now)
    run_id = sent(world, now, "CCB")
    assert books(world)["cash"] == XJ_DUE                   # sent is not credited
    read(world, returned_file(world, run_id, "credited", bank="CCB"), now)
    assert (books(world)["cash"], books(world)["refunds"]) == (XJ_DUE - 2500, 2500)
    assert premium_of(world, cover_of(world, 3)) == queries.Premium(due_fen=2500, paid_fen=2500, refunded_fen=2500)
    assert unproven_in(world) == []
    read(world, returned_file(world, run_id, "returned", bank="CCB", serial="B2"), now)      # the bank takes it back
    assert {name: books(world)[name] for name in ("cash", "refunds", "payable", "in_transit")} == {
        "cash": XJ_DUE, "refunds": 2500, "payable": -2500, "in_transit": 0}       # decided as before, and owed again
    assert premium_of(world, cover_of(world, 3)).refunded_fen == 0
    assert unproven_in(world) == []


def test_a_benefit_is_no_refund(world: World, now: datetime) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 3, 1_500_000, now=now)
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
    read(world, returned_file(world, sent(world, now, "CCB"), "credited", bank="CCB"), now)
    assert books(world) == {"receivable": XJ_DUE, "income": -XJ_DUE, "benefits": 1_500_000, "payable": 0, "in_transit": 0,
                            "cash": -1_500_000}
    assert premium_of(world, cover_of(world, 3)).refunded_fen == 0


def test_the_insurers_refund_is_a_memo(world: World, now: datetime) -> None:
    """The insurer paid it itself: noted, never taken from a fund of the union's."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 10_000, now=now, office="nx", kind="refund")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
        settled_by_insurer(session, claim, "100.00", now)
        payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now)
        payment.announce(session, claim_ids=[claim.id], actor=ROOT, now=now)
    assert books(world, NX_PLAN) == {"memo_receivable": NX_DUE, "memo_income": -NX_DUE, "memo_refunds": 10_000, "memo_cash": -10_000,
                                     "memo_payable": 0, "memo_in_transit": 0}
    assert unproven_in(world) == []


_PAIR = """
    WITH t AS (INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, at)
               VALUES (uuidv7(), 'cn.xj.', 'xj-women', 'received', '2026-03-20', now()) RETURNING id)
    INSERT INTO ledger_entry (id, org_key, transaction_id, account, amount_fen)
    SELECT uuidv7(), 'cn.xj.', t.id, s.account, s.fen FROM t, (VALUES {lines}) AS s(account, fen)"""


@pytest.mark.parametrize("lines", ["('cash', 100), ('prepaid', -99)", "('cash', 100)", "('cash', 1), ('memo_prepaid', -1)"])
def test_the_database_refuses_what_does_not_balance(world: World, superuser: Superuser, lines: str) -> None:
    """Even from the hand that may do everything; fund and memo each balance for themselves."""
    superuser.execute(_PAIR.format(lines="('cash', 100), ('prepaid', -100)"))
    with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
        superuser.execute(_PAIR.format(lines=lines))


def test_the_database_refuses_a_booking_without_lines(world: World) -> None:
    """When it is to be kept: at the commit."""
    with pytest.raises(sa.exc.IntegrityError, match="has no lines"), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, at)"
                                " VALUES (uuidv7(), 'cn.xj.', 'xj-women', 'received', '2026-03-20', now())"))


@pytest.mark.parametrize("statement", ["UPDATE ledger_entry SET amount_fen = 1", "DELETE FROM ledger_entry",
                                       "UPDATE ledger_transaction SET booked_on = '2020-01-01'", "DELETE FROM premium_voucher",
                                       "UPDATE endorsement SET text = ''"])
def test_bookings_stay_as_written(world: World, statement: str) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text(statement))


@pytest.mark.parametrize("amounts", [[], [1], [1, -2], [0, 0]])
def test_the_program_refuses_it_first(amounts: list[int]) -> None:
    check_balanced([5, -3, -2])
    with pytest.raises(Unbalanced):
        check_balanced(amounts)


@pytest.mark.parametrize(("corruption", "named"), [
    ("UPDATE premium_voucher SET amount_fen = amount_fen + 1", "收付相抵 1000010001 分，分户账 1000010000 分"),
    ("UPDATE cover SET premium_fen = 10001 WHERE plan = 'nx-ankangbao'", "应缴 10001 分，分户账 10000 分"),
    ("DELETE FROM ledger_entry WHERE account = 'prepaid'", "借贷相差 10000 分")])
def test_papers_and_ledger_that_differ_are_named(world: World, now: datetime, superuser: Superuser, corruption: str,
                                                 named: str) -> None:
    receive(world, "100.00", now)
    assert unproven_in(world) == []
    superuser.execute(corruption)
    assert named in unproven_in(world)


def test_a_load_past_the_verbs_is_caught_up(world: World, now: datetime, superuser: Superuser) -> None:
    """Covers and refunds that came in by a bulk load or before the ledger was there; again changes nothing."""
    _refunded(world, now)
    read(world, returned_file(world, sent(world, now, "CCB"), "credited", bank="CCB"), now)
    before = books(world), books(world, NX_PLAN)
    superuser.execute("TRUNCATE ledger_entry, ledger_transaction")
    assert unproven_in(world)
    # 6 and 6 receivable, 2 income; the fund's beginning; the refund decided, sent and credited
    for entries in (14 + 2 + 3 * 2, 0):
        with world.db.unit_of_work(ROOT.scope) as session:
            assert service.catch_up(session, actor=ROOT, now=now) == entries
        assert (books(world), books(world, NX_PLAN)) == before
        assert unproven_in(world) == []


def test_each_sees_the_books_of_the_own_region(world: World, now: datetime) -> None:
    receive(world, "100.00", now)
    for login, accounts in (("xj.clerk", {"cash", "income", "prepaid", "receivable"}), ("xj.clerk2", set()), ("nx.maker", set())):
        with world.db.view(world.actor(login).scope) as session:
            assert {row.account for row in queries.balances(session, XJ_PLAN)} == accounts
    assert (name_of("cash"), name_of("memo_cash")) == ("专户存款", "备查：专户存款")


@pytest.mark.parametrize("login", ["xj.clerk", "xj.district", "xj.office1"])
def test_what_a_district_paid_is_seen_below(world: World, now: datetime, login: str) -> None:
    """The slip stands at the district, its lines on the units' covers."""
    receive(world, "350.00", now, org="cn.xj.wlmq.tsd.")
    with world.db.view(world.actor(login).scope) as session:
        assert queries.premiums(session, [cover_of(world, 0).id]) == {
            cover_of(world, 0).id: queries.Premium(due_fen=10000, paid_fen=10000)}
        assert [(row.due_fen, row.paid_fen) for row in group_summary.summary(session, org_key=XJ_UNIT)] == [(XJ_DUE, XJ_DUE)]
    with world.db.view(world.actor("xj.clerk2").scope) as session:
        assert session.execute(sa.text("SELECT count(*) FROM ledger_transaction")).scalar_one() == 0


def test_money_paid_ahead_is_found_by_the_index_of_its_kinds(world: World, superuser: Superuser) -> None:
    """With few bookings the planner would read them all: it is left no other way."""
    superuser.execute("DROP INDEX ledger_transaction_plan")
    with world.db.view(ROOT.scope) as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(session.execute(sa.text(f"EXPLAIN {service.AHEAD.text}"), {
            "plan": XJ_PLAN, "key": XJ_UNIT, "account": "prepaid"}).scalars())
    assert "ledger_transaction_ahead" in plan and f"plan = '{XJ_PLAN}'" in plan, plan


def test_two_payments_at_once_place_each_fen_once(world: World, now: datetime) -> None:
    """Both want the same covers: the second waits and finds them paid."""
    together = threading.Barrier(2)
    outcomes: list[object] = []

    def run(reference: str) -> None:
        together.wait()
        try:
            outcomes.append(receive(world, "350.00", now, reference=reference).prepaid_fen)
        except HuzhuError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=(reference,)) for reference in ("P1", "P2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["0", str(XJ_DUE)]
    assert books(world)["receivable"] == 0
