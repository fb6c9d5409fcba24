"""What makes many payments quick, and what it leaves as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa

from services.core.db import Database
from services.payment import returns
from services.payment.bulk import in_bulk
from tests.services.paying_world import made, sent
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


@pytest.mark.parametrize("statement", [returns._LOCK, returns._SENT])
def test_a_files_lines_are_looked_up_one_by_one(db: Database, now: datetime, statement: sa.TextClause) -> None:
    """Whatever the statistics say, and for a file of any length: never each line with each."""
    world = build_world(db, now)
    made(world, now, 100, 200, 300)
    sent(world, now)
    with world.db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))
        session.execute(sa.text(f"PREPARE looked (text[]) AS {statement.text.replace(':references', '$1')}"))
        plan = "\n".join(session.execute(sa.text("EXPLAIN EXECUTE looked ('{P2026000001-00001}')")).scalars())
    assert "Index Cond: (reference = w.reference)" in plan, plan
