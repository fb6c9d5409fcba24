"""The worker carries an objection from its receipt to its result, and owes each letter once."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from services.cli.supervisor import Program
from services.core.db import Database
from services.models import Claim
from services.payment import service as payment
from services.review import upholding
from tests.flows.conftest import until
from tests.services.after_world import MALIGNANT, accepted, ask, decided, facts_become, lodged, payments
from tests.services.paying_world import heirs, prove_heirs, read, returned_file, sent
from tests.services.review_world import claim_row, digest, passes
from tests.support.world import ROOT, World, build_world


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


def test_money_that_came_back_during_the_round_is_planned_for_the_heirs_when_it_ends(world: World, now: datetime, worker: Program) -> None:
    """Upheld, the earlier decision is owed again, to them: while the round ran, nothing could be planned."""
    def drained() -> bool:
        return bool(ask(world, "SELECT count(*) AS n FROM outbox")[0].n == 0)

    claim = decided(world, 3, now)
    worker.start()
    until(drained, worker)
    run = sent(world, now)
    read(world, returned_file(world, run, "credited"), now)
    until(drained, worker)
    accepted(world, lodged(world, claim, now), now)
    until(drained, worker)
    read(world, returned_file(world, run, "returned", serial="R1"), now)
    clerk, office = world.actor("xj.clerk"), world.actor("xj.office2")
    with world.db.unit_of_work(ROOT.scope) as session:
        prove_heirs(session, session.get_one(Claim, claim), now)
    with world.db.unit_of_work(clerk.scope) as session:
        payment.note_death(session, claim_id=claim, died_on=date(2026, 3, 15), heirs=heirs([1, 1]), actor=clerk, now=now)
    until(drained, worker)
    assert payments(world, claim) == [("returned", 1, 100_000)]
    for login in ("xj.clerk", "xj.city"):
        passes(world, claim, login, now)
    with world.db.unit_of_work(office.scope) as session:
        upholding.uphold(session, claim_id=claim, seen=digest(world.db, claim), actor=office, now=now)
    until(drained, worker)
    assert payments(world, claim) == [("cancelled", 1, 100_000), ("planned", 2, 100_000)]
    [heir] = ask(world, "SELECT y.relation FROM payment p JOIN payee y ON y.id = p.payee_id WHERE p.state = 'planned'")
    assert heir.relation == "husband"
