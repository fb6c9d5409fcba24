"""What makes many payments quick, and what it leaves as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.payment import returns
from services.payment import service as payment
from services.payment.bulk import in_bulk
from services.reporting import paying, seats
from tests.services.paying_world import made, returned_file, sent
from tests.support.world import ROOT, build_world


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """On before and after, whatever a test does."""
    gc.enable()
    yield
    gc.enable()


def test_garbage_is_collected_again_after_the_last_verb_also_one_that_failed() -> None:
    seen = []

    @in_bulk
    def fails() -> None:
        seen.append(gc.isenabled())
        raise ValueError

    @in_bulk
    def outer() -> str:
        with pytest.raises(ValueError):
            fails()
        seen.append(gc.isenabled())
        return "done"

    assert (outer(), seen, gc.isenabled()) == ("done", [False, False], True)


def test_who_turned_it_off_before_finds_it_off() -> None:
    gc.disable()
    in_bulk(lambda: None)()
    assert not gc.isenabled()


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
