"""Owed work is done once, whatever happens to the worker; runs are seen in Prefect by claim number."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from services.cli.supervisor import Program
from services.core.clock import business_day
from services.core.db import Database, Scope
from services.outbox import service as outbox
from services.outbox.service import Work
from tests.flows.conftest import until
from tests.services.review_world import report, verify
from tests.support.world import World, build_world

ROOT = Scope("cn")


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    return build_world(db, now)


def ask(db: Database, statement: str) -> list[tuple[object, ...]]:
    with db.view(ROOT) as session:
        return [tuple(row) for row in session.execute(sa.text(statement))]


def drained(db: Database) -> bool:
    return ask(db, "SELECT count(*) FROM outbox") == [(0,)]


def test_the_road_runs_by_itself_between_peoples_acts(world: World, now: datetime, worker: Program,
                                                      prefect_api: str) -> None:
    begun = datetime.now(UTC)
    claim_id = report(world, 0, now)
    with world.db.unit_of_work(ROOT) as session:
        outbox.add(session, [Work("timetable.prove", "cn.")], now=now)
    worker.start()
    until(lambda: drained(world.db), worker)
    assert ask(world.db, "SELECT code, state FROM notice") == [("receipt", "dispatched")]
    yesterday = business_day(datetime.now(UTC)) - timedelta(days=1)
    proofs = ask(world.db, "SELECT org_key, day, breaches FROM money_proof ORDER BY 1")
    assert proofs == [("cn.nx.", yesterday, 0), ("cn.xj.", yesterday, 0)]
    verify(world, claim_id, now, verifier=world.actor("xj.clerk"))
    until(lambda: drained(world.db), worker)
    assert ask(world.db, "SELECT state FROM claim") == [("in_review",)]
    assert ask(world.db, "SELECT level FROM review_step WHERE state = 'open'") == [("unit",)]
    [(number,)] = ask(world.db, "SELECT claim_no FROM claim")
    # Prefect's server is the session's, and another world there has a claim of this number too, perhaps with a killed worker.
    mine = {"limit": 200, "flow_runs": {"start_time": {"after_": begun.isoformat()}}}
    runs = httpx.post(f"{prefect_api}/flow_runs/filter", json=mine, timeout=30).json()
    names = {run["name"] for run in runs if str(number) in run["name"]}
    assert {f"claim.create {number}", f"claim.verify {number}", f"notice.create {number}"} <= names
    assert {run["state"]["type"] for run in runs if str(number) in run["name"]} == {"COMPLETED"}


def test_a_killed_workers_rows_are_done_once_by_the_next(world: World, now: datetime, worker: Program) -> None:
    for n in range(4):
        report(world, n, now)
    worker.start()
    until(lambda: ask(world.db, "SELECT count(*) FROM outbox WHERE taken_by IS NOT NULL") != [(0,)], worker)
    time.sleep(0.3)                 # somewhere inside a flow
    worker.kill()
    assert not drained(world.db)
    worker.start()
    until(lambda: drained(world.db), worker)
    assert ask(world.db, "SELECT code, state, count(*) FROM notice GROUP BY 1, 2") == [("receipt", "dispatched", 4)]
    assert ask(world.db, "SELECT count(DISTINCT number), max(serial) FROM notice") == [(4, 4)]


def test_a_row_that_cannot_be_worked_is_kept_with_its_fault_and_holds_nobody_up(
        world: World, now: datetime, worker: Program) -> None:
    with world.db.unit_of_work(ROOT) as session:
        outbox.add(session, [Work("payment_run.release", "cn.", None, uuid.uuid4())], now=now)
    report(world, 0, now)
    worker.start()
    until(lambda: ask(world.db, "SELECT state FROM notice") == [("dispatched",)], worker)
    until(lambda: ask(world.db, "SELECT fault IS NOT NULL FROM outbox") == [(True,)], worker)
