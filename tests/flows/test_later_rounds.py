"""The worker carries an objection from its receipt to its result, and owes each letter once."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.cli.supervisor import Program
from services.core.db import Database
from tests.flows.conftest import until
from tests.services.after_world import MALIGNANT, accepted, ask, decided, facts_become, lodged
from tests.services.review_world import claim_row, passes
from tests.support.world import World, build_world


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def test_an_objection_from_lodging_to_its_result(world: World, now: datetime, worker: Program) -> None:
    def drained() -> bool:
        return bool(ask(world, "SELECT count(*) AS n FROM outbox")[0].n == 0)

    def letters() -> list[str]:
        return [row.code for row in ask(world, "SELECT code FROM notice WHERE state = 'dispatched' ORDER BY year, serial")]

    claim = decided(world, 3, now)
    worker.start()
    until(drained, worker)
    assert letters() == ["receipt", "decision"]
    made = lodged(world, claim, now)
    until(drained, worker)
    accepted(world, made, now)
    facts_become(world, claim, MALIGNANT)
    until(drained, worker)
    assert letters() == ["receipt", "decision", "objection_receipt", "reopened"]
    assert (claim_row(world.db, claim).state, claim_row(world.db, claim).round) == ("in_review", 2)
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    assert passes(world, claim, "xj.office2", now).decided_fen == 1_500_000
    until(drained, worker)
    assert sorted(letters()[4:]) == ["decision", "reexamined"]
    assert [row.result for row in ask(world, "SELECT result FROM objection")] == ["raised"]
    assert [(row.state, row.amount_fen) for row in ask(world, "SELECT state, amount_fen FROM payment ORDER BY created_at, state")] == [
        ("cancelled", 100_000), ("planned", 1_500_000)]
