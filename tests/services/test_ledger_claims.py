"""What claims' money does in the books: each step once, to the fen, whatever the bank answers; what differs is named."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.ledger import queries, service
from services.models import Payment, Receivable
from services.payment import receivables
from services.payment import service as payment
from services.reporting import checks
from tests.services.paying_world import decided, heirs, made, prove_heirs, read, returned_file, sent, states
from tests.services.premium_world import books, receive
from tests.support.world import ROOT, XJ_PLAN, World, build_world

Superuser = psycopg.Connection[tuple[object, ...]]
PREMIUM = {"receivable": 14 * 2500, "income": -14 * 2500}


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def money(world: World) -> dict[str, int]:
    """Accounts of Xinjiang's plan that are not zero, without the premium due."""
    return {name: fen for name, fen in books(world).items() if fen and name not in PREMIUM}


def named(world: World) -> list[str]:
    with world.db.view(ROOT.scope) as session:
        return [f"{breach.check} {breach.claim_no} {breach.what}" for breach in checks.run(session)
                if breach.check in ("claims_in_ledger", "premium_in_ledger")]


def test_decided_sent_credited(world: World, now: datetime) -> None:
    made(world, now, 200_000, 200_000)
    assert money(world) == {"benefits": 400_000, "payable": -400_000}
    run_id = sent(world, now)
    assert money(world) == {"benefits": 400_000, "in_transit": -400_000}
    read(world, returned_file(world, run_id, "credited", "returned"), now)
    assert money(world) == {"benefits": 400_000, "cash": -200_000, "payable": -200_000}


def test_the_banks_day_is_the_bookings_day(world: World, now: datetime) -> None:
    made(world, now, 200_000)
    read(world, returned_file(world, sent(world, now), "credited"), now)
    with world.db.view(ROOT.scope) as session:
        days = session.execute(sa.text("SELECT kind, booked_on FROM ledger_transaction WHERE kind IN ('decided', 'sent', 'credited')"
                                       " ORDER BY kind")).all()
    assert [tuple(row) for row in days] == [("credited", date(2026, 3, 24)), ("decided", date(2026, 3, 20)), ("sent", date(2026, 3, 20))]


def test_the_bank_takes_back_what_it_credited(world: World, now: datetime) -> None:
    [claim] = made(world, now, 200_000)
    run_id = sent(world, now)
    read(world, returned_file(world, run_id, "credited"), now)
    read(world, returned_file(world, run_id, "returned", serial="B2"), now)
    assert money(world) == {"benefits": 200_000, "payable": -200_000}
    assert states(world, claim) == [("returned", 200_000, 1)]


def test_a_file_read_twice_books_once(world: World, now: datetime) -> None:
    made(world, now, 200_000)
    content = returned_file(world, sent(world, now), "credited")
    read(world, content, now)
    assert read(world, content, now).repeated
    with world.db.unit_of_work(ROOT.scope) as session:
        assert service.catch_up(session, actor=ROOT, now=now) == 0
    assert money(world) == {"benefits": 200_000, "cash": -200_000}


def test_heirs_get_the_whole_to_the_fen(world: World, now: datetime) -> None:
    """100.01 yuan among three: 33.34, 33.34, 33.33; the books hold one debt and three payments."""
    clerk = world.actor("xj.office2")
    with world.db.unit_of_work(clerk.scope) as session:
        claim = decided(session, world, 0, 10_001, now=now)
        prove_heirs(session, claim, now)
        payment.note_death(session, claim_id=claim.id, died_on=date(2026, 3, 18), heirs=heirs([1, 3], [1, 3], [1, 3]), actor=clerk,
                           now=now)
        claim_id = claim.id
    run_id = sent(world, now)
    assert money(world) == {"benefits": 10_001, "in_transit": -10_001}
    read(world, returned_file(world, run_id, "credited", "credited", "credited"), now)
    assert money(world) == {"benefits": 10_001, "cash": -10_001}
    assert sorted(fen for _, fen, _ in states(world, claim_id)) == [3333, 3334, 3334]


def _owed(world: World, now: datetime, fen: int) -> uuid.UUID:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 200_000, now=now)
        row = Receivable(org_key=claim.org_key, state="open", claim_id=claim.id, round=1, person_id=claim.person_id,
                         amount_fen=fen, why="correction", created_at=now)
        session.add(row)
        session.flush()
        service.recoveries(session, receivable_ids=[row.id], actor=ROOT, now=now)
        return row.id


def test_what_is_asked_back_comes_in_parts_or_is_given_up(world: World, now: datetime) -> None:
    owed, maker, checker = _owed(world, now, 50_000), world.actor("xj.maker"), world.actor("xj.checker")
    assert money(world) == {"benefits": 150_000, "payable": -200_000, "recoverable": 50_000}
    with world.db.unit_of_work(maker.scope) as session:
        receivables.agree(session, receivable_id=owed, agreement="分两次返还", actor=maker, now=now)
        for part in ("100.00", "50.00"):
            receivables.receive(session, receivable_id=owed, amount=Decimal(part), reference="YH1", actor=maker, now=now)
    assert money(world) == {"benefits": 150_000, "payable": -200_000, "recoverable": 35_000, "cash": 15_000}
    with world.db.unit_of_work(maker.scope) as session:
        receivables.propose_write_off(session, receivable_id=owed, reason="家庭困难", actor=maker, now=now)
    with world.db.unit_of_work(checker.scope) as session:
        receivables.write_off(session, receivable_id=owed, actor=checker, now=now)
    assert money(world) == {"benefits": 150_000, "payable": -200_000, "written_off": 35_000, "cash": 15_000}
    assert named(world) == []


def test_a_refund_asked_back_is_no_benefit(world: World, now: datetime) -> None:
    """2,500 fen refunded in round 1 and credited; round 2 asks it back."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 3, 2500, now=now, kind="refund")
        payment.plan(session, claim_ids=[claim.id], actor=ROOT, now=now)
    read(world, returned_file(world, sent(world, now), "credited"), now)
    with world.db.unit_of_work(ROOT.scope) as session:
        row = Receivable(org_key=claim.org_key, state="open", claim_id=claim.id, round=2, person_id=claim.person_id, amount_fen=2500,
                         why="correction", created_at=now)
        session.add(row)
        session.flush()
        service.recoveries(session, receivable_ids=[row.id], actor=ROOT, now=now)
    assert money(world) == {"cash": -2500, "recoverable": 2500}


def test_the_money_of_a_run_leaves_the_account_it_was_released_on(world: World, now: datetime) -> None:
    """The account is changed while the run is at the bank: both answers of the bank are of the old one."""
    admin, later = world.actor("xj.admin"), now + timedelta(hours=1)

    def accounts() -> dict[str, int]:
        with world.db.view(world.actor("xj.checker").scope) as session:
            rows = queries.trial_balance(session, first=date(2026, 3, 1), end=date(2026, 4, 1), plan=XJ_PLAN)
        return {row.bank_account: row.after_fen for row in rows if row.account == "cash" and row.after_fen}
    with world.db.unit_of_work(admin.scope) as session:
        payment.register_account(session, plan=XJ_PLAN, holder="示例专户", number="0109000000000000011", actor=admin, now=now)
    assert accounts() == {"尾号0011": 1_000_000_000}
    made(world, now, 200_000)
    run = sent(world, now)
    with world.db.unit_of_work(admin.scope) as session:
        payment.register_account(session, plan=XJ_PLAN, holder="示例专户", number="0109000000000000022", why="换行", actor=admin, now=later)
    assert accounts() == {"尾号0011": 200_000, "尾号0022": 999_800_000}, "what is at the bank is left on the old one"
    read(world, returned_file(world, run, "credited"), later)
    assert accounts() == {"尾号0022": 999_800_000}
    read(world, returned_file(world, run, "returned", serial="B2"), later)
    assert accounts() == {"尾号0011": 200_000, "尾号0022": 999_800_000}
    with world.db.unit_of_work(ROOT.scope) as session:
        assert service.catch_up(session, actor=ROOT, now=later) == 0
    assert named(world) == []


def test_two_who_catch_up_at_once_book_once(world: World, superuser: Superuser, now: datetime) -> None:
    superuser.execute("TRUNCATE ledger_entry, ledger_transaction")

    def catch_up() -> int:
        with world.db.unit_of_work(ROOT.scope) as session:
            return service.catch_up(session, actor=ROOT, now=now)
    with ThreadPoolExecutor() as pool:
        written = [one.result() for one in [pool.submit(catch_up), pool.submit(catch_up)]]
    assert sorted(written)[0] == 0 < sorted(written)[1]
    assert money(world) == {}
    assert named(world) == []


def _advance(world: World, now: datetime, claim_id: uuid.UUID, fen: int) -> uuid.UUID:
    with world.db.unit_of_work(ROOT.scope) as session:
        [first] = session.execute(sa.text("SELECT id, org_key, person_id FROM payee WHERE claim_id = :id"), {"id": claim_id}).all()
        row = Payment(claim_id=claim_id, org_key=first.org_key, state="planned", round=1, payee_id=first.id, person_id=first.person_id,
                      purpose="advance", channel="bank", amount_fen=fen, created_at=now)
        session.add(row)
        session.flush()
        service.advanced(session, payment_ids=[row.id], actor=ROOT, now=now)
        service.advanced(session, payment_ids=[row.id], actor=ROOT, now=now)
        return row.id


@pytest.mark.parametrize(("advance", "books_after"), [
    (80_000, {"benefits": 200_000, "payable": -200_000}),        # the advance still to be sent, and the rest
    (200_000, {"benefits": 200_000, "payable": -200_000}),
    (250_000, {"benefits": 200_000, "payable": -250_000, "advances": 50_000})])
def test_an_advance_is_taken_off_at_the_decision(world: World, now: datetime, superuser: Superuser, advance: int,
                                                 books_after: dict[str, int]) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 200_000, now=now).id
    superuser.execute("TRUNCATE ledger_entry, ledger_transaction")        # as before the decision
    with world.db.unit_of_work(ROOT.scope) as session:
        service.open_fund(session, plan=XJ_PLAN, actor=ROOT, now=now)
    _advance(world, now, claim, advance)
    assert money(world) == {"advances": advance, "payable": -advance}
    with world.db.unit_of_work(ROOT.scope) as session:
        for _ in range(2):
            service.decided(session, claim_ids=[claim], actor=ROOT, now=now)
    assert money(world) == books_after


def test_an_advance_given_up_before_it_was_sent(world: World, now: datetime, superuser: Superuser) -> None:
    with world.db.unit_of_work(ROOT.scope) as session:
        claim = decided(session, world, 0, 200_000, now=now).id
    paid = _advance(world, now, claim, 80_000)
    superuser.execute("UPDATE payment SET state = 'cancelled' WHERE id = %s", [paid])
    with world.db.unit_of_work(ROOT.scope) as session:
        service.advanced(session, payment_ids=[paid], actor=ROOT, now=now)
    assert money(world) == {"benefits": 200_000, "payable": -200_000}
    assert named(world) == []


def test_a_house_from_before_is_caught_up(world: World, now: datetime, superuser: Superuser) -> None:
    """A refund booked the old way at its credit, a benefit never booked: after catching up the books are the same as ours."""
    with world.db.unit_of_work(ROOT.scope) as session:
        claims = [decided(session, world, 3, 2500, now=now, kind="refund").id, decided(session, world, 1, 200_000, now=now).id]
        payment.plan(session, claim_ids=claims, actor=ROOT, now=now)
    read(world, returned_file(world, sent(world, now), "credited", "credited"), now)
    ours = money(world)
    superuser.execute("DELETE FROM ledger_entry e USING ledger_transaction t WHERE t.id = e.transaction_id"
                      " AND t.kind IN ('opening', 'decided', 'sent', 'credited')")
    superuser.execute("DELETE FROM ledger_transaction WHERE kind IN ('opening', 'decided', 'sent', 'credited')")
    superuser.execute("""
        WITH t AS (INSERT INTO ledger_transaction (id, org_key, plan, kind, booked_on, payment_id, attempt, at)
            SELECT uuidv7(), p.org_key, 'xj-women', 'refunded', '2026-03-24', p.id, 1, now() FROM payment p WHERE p.purpose = 'refund'
            RETURNING id, org_key, payment_id)
        INSERT INTO ledger_entry (id, org_key, transaction_id, account, cover_id, amount_fen)
        SELECT uuidv7(), t.org_key, t.id, s.account, CASE s.account WHEN 'refunds' THEN c.cover_id END, s.fen
        FROM t JOIN payment p ON p.id = t.payment_id JOIN claim c ON c.id = p.claim_id,
            (VALUES ('refunds', 2500), ('cash', -2500)) AS s(account, fen)""")
    with world.db.unit_of_work(ROOT.scope) as session:
        assert queries.behind(session)
        assert service.catch_up(session, actor=ROOT, now=now) > 0
        assert not queries.behind(session)
        assert service.catch_up(session, actor=ROOT, now=now) == 0
    assert money(world) == ours
    assert named(world) == []


@pytest.mark.parametrize(("corruption", "said"), [
    ("UPDATE ledger_entry SET amount_fen = amount_fen - 1 WHERE step = 'decided'", "核定：依据 200000 分，分户账 200001 分"),
    ("UPDATE ledger_entry SET source_id = uuidv7() WHERE step = 'credited'", "到账：依据 200000 分，分户账 0 分"),
    ("UPDATE bank_line SET amount_fen = 199999 WHERE kind = 'credit'", "到账：依据 199999 分，分户账 200000 分"),
    ("UPDATE decision SET amount_fen = 200001", "核定：依据 200001 分，分户账 200000 分"),
    ("UPDATE ledger_entry SET account = 'benefits' WHERE account = 'cash' AND amount_fen = -200000",
     "收付相抵 999800000 分，分户账 1000000000 分"),
    ("DELETE FROM ledger_entry WHERE step = 'sent'", "发送：依据 200000 分，分户账 0 分")])
def test_what_was_tampered_with_is_named(world: World, now: datetime, superuser: Superuser, corruption: str, said: str) -> None:
    made(world, now, 200_000)
    read(world, returned_file(world, sent(world, now), "credited"), now)
    assert named(world) == []
    superuser.execute(corruption)
    assert any(said in line for line in named(world)), named(world)


def test_a_fund_counts_what_really_came_in(world: World, now: datetime) -> None:
    """Opening 10,000,000 yuan; 350 due: only what was received counts."""
    made(world, now, 6_000_000, 200_000)
    receive(world, "100.00", now)
    with world.db.view(world.actor("xj.checker").scope) as session:
        [fund] = queries.adequacy(session)
    assert (fund.balance_fen, fund.in_transit_fen, fund.committed_fen, fund.free_fen, fund.after_all_fen) == (
        1_000_010_000, 0, 6_200_000, 1_000_010_000, 993_810_000)
    sent(world, now)
    with world.db.view(world.actor("xj.checker").scope) as session:
        [fund] = queries.adequacy(session)
    assert (fund.in_transit_fen, fund.committed_fen, fund.free_fen, fund.after_all_fen) == (6_200_000, 0, 993_810_000, 993_810_000)
