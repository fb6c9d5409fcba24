"""What makes many payments quick, and what it leaves as it was."""

from __future__ import annotations

import gc
import time
import uuid
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.audit.verify import verify
from services.core.db import Database
from services.core.ids import uuidv7s
from services.lifecycle import service
from services.lifecycle.service import Move, fire
from services.payment import lines, returns
from services.payment import service as payment
from services.payment.bulk import in_bulk
from services.reporting import paying, seats
from tests.services.paying_world import made, returned_file, sent
from tests.support.world import ROOT, World, build_world


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """On before and after, whatever a test does."""
    gc.enable()
    yield
    gc.enable()


def test_garbage_is_collected_again_after_the_last_verb_also_one_that_failed(db: Database) -> None:
    seen = []

    @in_bulk
    def fails(_session: Session) -> None:
        seen.append(gc.isenabled())
        raise ValueError

    @in_bulk
    def outer(session: Session) -> str:
        with pytest.raises(ValueError):
            fails(session)
        seen.append(gc.isenabled())
        return "done"

    with db.unit_of_work(ROOT.scope) as session:
        assert (outer(session), seen, gc.isenabled()) == ("done", [False, False], True)


def test_who_turned_it_off_before_finds_it_off(db: Database) -> None:
    gc.disable()
    with db.unit_of_work(ROOT.scope) as session:
        in_bulk(lambda _: None)(session)
    assert not gc.isenabled()


def test_the_room_to_sort_in_is_the_transactions_alone(db: Database) -> None:
    def room(session: Session) -> str:
        return str(session.execute(sa.text("SHOW work_mem")).scalar_one())

    with db.unit_of_work(ROOT.scope) as session:
        usual = room(session)
        assert in_bulk(room)(session) == "64MB" != usual
    with db.unit_of_work(ROOT.scope) as session:
        assert room(session) == usual


def test_a_files_lines_are_looked_up_one_by_one(db: Database, now: datetime) -> None:
    """Whatever the statistics say, and for a file of any length: never each line with each."""
    world = build_world(db, now)
    made(world, now, 100, 200, 300)
    sent(world, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))
        session.execute(sa.text(f"PREPARE looked (text[]) AS {returns._SENT.text.replace(':references', '$1')}"))
        plan = "\n".join(session.execute(sa.text("EXPLAIN EXECUTE looked ('{P2026000001-00001}')")).scalars())
    assert "Index Cond: (reference = w.reference)" in plan, plan


def test_a_move_of_a_payment_writes_no_index(db: Database, now: datetime) -> None:
    """Taking into a run writes the run's key; after that nothing an index looks at changes until the money is there."""
    world = build_world(db, now)
    made(world, now, 100, 200, 300)
    content = returned_file(world, sent(world, now), "credited", "credited", "credited")
    written = sa.text("SELECT pg_stat_get_xact_tuples_updated('payment'::regclass) - pg_stat_get_xact_tuples_hot_updated("
                      "'payment'::regclass), pg_stat_get_xact_tuples_updated('payment'::regclass)")
    with world.db.unit_of_work(ROOT.scope) as session:
        cold, all_before = session.execute(written).one()
        payment.read_return(session, content=content, file_name="return.txt", actor=ROOT, now=now)
        assert tuple(session.execute(written).one()) == (cold, all_before + 3)


def test_a_payment_enters_a_run_only_while_it_is_a_draft(db: Database, now: datetime) -> None:
    """Neither the move nor a statement takes one into a run that was submitted, released or sent; and a release under way is waited for."""
    world = build_world(db, now)
    maker = world.actor("xj.maker")
    made(world, now, 100)
    with world.db.unit_of_work(maker.scope) as session:
        run = payment.build_run(session, plan="xj-women", bank="ICBC", actor=maker, now=now).id
    made(world, now, 0, 200)
    [late] = rows(world, "SELECT id FROM payment WHERE state = 'planned'")

    def include() -> None:
        with world.db.unit_of_work(maker.scope) as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '300ms'"))
            fire(session, "payment", "include", [Move(late, sets={"run_id": run})], actor=maker, now=now)
    for state in ("submitted", "released", "sent", "reconciled"):
        with world.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("UPDATE payment SET state = :state WHERE run_id = :run"), {"state": "released", "run": run})
            session.execute(sa.text("UPDATE payment_run SET state = :state"), {"state": state})
        with pytest.raises(psycopg.errors.CheckViolation, match="payment_run_draft"):
            include()
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE payment_run SET state = 'draft'"))
        session.execute(sa.text("UPDATE payment SET state = 'batched' WHERE run_id = :run"), {"run": run})
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE payment_run SET state = 'submitted'"))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            include()
        session.rollback()
    include()
    assert rows(world, "SELECT run_id FROM payment WHERE state = 'batched'") == [run, run]


def test_what_is_written_part_by_part_is_one_act(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows in three parts: a fault in the last leaves nothing of the first; without one all stands, in order."""
    for module in (service, lines):
        monkeypatch.setattr(module, "_PART", 2)
    world = build_world(db, now)
    made(world, now, 100, 200, 300, 400, 500)
    content = returned_file(world, sent(world, now), *["credited"] * 5)
    [*_, last] = rows(world, "SELECT id FROM claim ORDER BY id")
    taken = sa.text("""INSERT INTO audit_record (chain_id, seq, org_key, machine, subject_id, event, at, record, prev, hash)
        SELECT id, audit_seq + 1, org_key, 'claim', id, 'test', :now, '{}', audit_head, decode('00', 'hex') FROM claim WHERE id = :id""")
    stands = "SELECT (SELECT count(*) FROM bank_line), (SELECT count(*) FROM audit_record), (SELECT count(*) FROM outbox)"
    with world.db.view(ROOT.scope) as session:
        before = session.execute(sa.text(stands)).one()
    with pytest.raises(psycopg.errors.UniqueViolation), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(taken, {"id": last, "now": now})
        payment.read_return(session, content=content, file_name="return.txt", actor=ROOT, now=now)
    with world.db.unit_of_work(ROOT.scope) as session:
        assert session.execute(sa.text(stands)).one() == before
        done = payment.read_return(session, content=content, file_name="return.txt", actor=ROOT, now=now)
    with world.db.view(ROOT.scope) as session:
        assert list(verify(session)) == []
        kept = session.execute(sa.text("SELECT line_no, amount_fen FROM bank_line WHERE kind = 'credit' ORDER BY id")).all()
        assert [line.line_no for line in kept] == [1, 2, 3, 4, 5]
        assert sorted(line.amount_fen for line in kept) == [100, 200, 300, 400, 500]
    assert len(done.credited) == 5
    assert len(rows(world, "SELECT id FROM payment WHERE state = 'credited' AND serial IS NOT NULL")) == 5
    assert len(rows(world, "SELECT subject_id FROM outbox WHERE topic = 'payment.credit'")) == 5


def rows(world: World, statement: str) -> list[uuid.UUID]:
    with world.db.view(ROOT.scope) as session:
        return list(session.execute(sa.text(statement)).scalars())


def test_a_page_has_room_for_a_move_of_each_of_its_claims(db: Database, now: datetime) -> None:
    """A run writes the chain's head of many claims of a page in one transaction: none is moved off its page and into every index."""
    world = build_world(db, now)
    made(world, now, 100)
    more = sa.text("""INSERT INTO claim (id, org_key, state, version, claim_no, code, case_id, person_id, cover_id, plan, plan_from, route,
                          round, event, digest, held, died, identity_matched, required, banks, findings, inputs, audit_seq, audit_head,
                          created_at, updated_at)
        SELECT uuidv7(), org_key, state, version, claim_no || '-' || i, code, case_id, person_id, cover_id, plan, plan_from, route, round,
               event, digest, held, died, identity_matched, required, banks, findings, inputs, audit_seq, audit_head, created_at, updated_at
        FROM claim, generate_series(1, 200) AS i""")
    written = sa.text("SELECT pg_stat_get_xact_tuples_updated('claim'::regclass), pg_stat_get_xact_tuples_hot_updated('claim'::regclass)")
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(more)
    with world.db.unit_of_work(ROOT.scope) as session:
        before = session.execute(written).one()
        session.execute(sa.text("UPDATE claim SET audit_seq = audit_seq + 1, updated_at = now()"))
        after = session.execute(written).one()
        session.rollback()
    assert after[0] - before[0] >= 201
    assert after[1] - before[1] == after[0] - before[0]


def test_identifiers_of_one_moment_are_ascending_and_their_own() -> None:
    """As RFC 9562 has version 7; an index only grows at its end."""
    made_now = uuidv7s(5000)
    assert len(set(made_now)) == 5000
    assert made_now == sorted(made_now)
    assert {(one.version, one.variant) for one in made_now} == {(7, uuid.RFC_4122)}
    assert abs((made_now[0].int >> 80) / 1000 - time.time()) < 60
    assert len({one.int & ((1 << 62) - 1) for one in made_now}) == 5000
    assert len({one.int >> 64 & 0xFFF for one in made_now}) > 1000
    assert uuidv7s(0) == []


def test_what_waits_is_found_by_its_index(db: Database, now: datetime) -> None:
    """What is paid long ago is most of the table; no list of what waits reads it."""
    world = build_world(db, now)
    with world.db.view(ROOT.scope) as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"))
        for statement in (paying._WAITING, paying._LEFT_OUT, seats._MONEY):
            plan = "\n".join(session.execute(sa.text(f"EXPLAIN {statement.text.replace(':limit', '9')}")).scalars())
            assert "payment_waiting" in plan, plan


def test_of_one_obligation_two_cannot_live(db: Database, now: datetime) -> None:
    """A cancelled payment makes room for another of the same claim, round, payee and purpose; nothing else does."""
    world = build_world(db, now)
    made(world, now, 100)
    again = sa.text("""INSERT INTO payment (id, org_key, state, version, claim_id, round, payee_id, person_id, purpose, channel,
                           amount_fen, attempt, bank_card_id, created_at)
        SELECT uuidv7(), org_key, 'planned', 1, claim_id, round, payee_id, person_id, purpose, channel, amount_fen, 1, bank_card_id,
               created_at FROM payment""")
    with pytest.raises(sa.exc.IntegrityError, match="payment_once"), world.db.unit_of_work(ROOT.scope) as session:
        session.execute(again)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE payment SET state = 'cancelled'"))
        session.execute(again)
        assert session.execute(sa.text("SELECT state, live FROM payment ORDER BY state")).all() == [
            ("cancelled", False), ("planned", True)]
