"""`huzhu check`: a whole road breaks no promise, and each corruption is named by the promise that it breaks."""

from __future__ import annotations

import uuid
from datetime import datetime

import psycopg
import pytest

from services.core.db import Database
from services.reporting import checks
from tests.support.road import paid_out
from tests.support.world import ROOT, World, build_world

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


@pytest.fixture
def paid(world: World, now: datetime) -> uuid.UUID:
    return paid_out(world, 1, now)


def broken(world: World) -> set[str]:
    """Codes of the promises that do not hold."""
    with world.db.view(ROOT.scope) as session:
        return {breach.check for breach in checks.run(session)}


def test_a_whole_road_breaks_no_promise(world: World, paid: uuid.UUID) -> None:
    assert broken(world) == set()


CORRUPTIONS = {
    "clock_or_end": ["DELETE FROM outbox", "UPDATE sla_clock SET state = 'stopped'"],
    "paid_once": ["INSERT INTO bank_line (id, org_key, payment_id, run_id, kind, attempt, reference, amount_fen, file_sha256,"
                  " line_no, at) SELECT gen_random_uuid(), org_key, payment_id, run_id, kind, attempt, reference, amount_fen,"
                  " 'again', line_no, at FROM bank_line WHERE kind = 'credit'"],
    "money_equal": ["UPDATE bank_line SET amount_fen = amount_fen - 1 WHERE kind = 'credit'"],
    "separation": ["UPDATE payment_run SET checked_person = made_person"],
    "persons_recorded": ["UPDATE review_step SET done_person = (SELECT id FROM person WHERE id NOT IN (SELECT done_person FROM review_step"
                         " WHERE done_person IS NOT NULL) ORDER BY id LIMIT 1) WHERE level = 'office_first'"],
    "within_cap": ["UPDATE cover SET plan = 'nx-ankangbao', plan_from = '2019-01-03'",
                   "UPDATE reservation SET benefit = 'breast_cancer', amount_fen = 10000001"],
    "state_recorded": ["UPDATE claim SET state = 'closed'"],
}


@pytest.mark.parametrize("promise", CORRUPTIONS)
def test_a_corruption_is_named(world: World, paid: uuid.UUID, superuser: Superuser, promise: str) -> None:
    for statement in CORRUPTIONS[promise]:
        superuser.execute(statement)
    assert promise in broken(world)


def test_a_sum_that_went_out_in_two_rows_is_named(world: World, paid: uuid.UUID, superuser: Superuser) -> None:
    same = "org_key, state, version, claim_id, round, payee_id, person_id, purpose, channel, amount_fen, attempt, run_id, created_at"
    superuser.execute(f"INSERT INTO payment (id, part, {same}) SELECT gen_random_uuid(), 2, {same} FROM payment")
    assert "paid_once" in broken(world)


def test_a_decided_amount_that_was_not_planned_is_named(world: World, paid: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("UPDATE decision SET amount_fen = amount_fen + 1")
    assert "money_equal" in broken(world)


def test_the_claimants_kin_at_a_deciding_step_is_named(world: World, paid: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("INSERT INTO family_tie SELECT c.person_id, s.done_person, 'spouse' FROM claim c"
                      " JOIN review_step s ON s.claim_id = c.id WHERE s.level = 'district'")
    assert broken(world) == {"separation"}


def test_a_step_that_no_machine_permits_is_named(world: World, paid: uuid.UUID, superuser: Superuser) -> None:
    superuser.execute("UPDATE audit_record SET record = jsonb_set(record, '{from}', '\"closed\"') WHERE event = 'approve'")
    assert "state_recorded" in broken(world)
