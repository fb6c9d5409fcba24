"""A letter never waits behind papers: slow work has a lane of its own, beside the quick one."""

from __future__ import annotations

import uuid
from datetime import datetime

import psycopg

from services.cli.supervisor import Program
from services.core.db import Database, Scope
from services.evidence import service as evidence
from tests.flows.conftest import until
from tests.services.review_world import report
from tests.support.paper_files import photo
from tests.support.world import ROOT, build_world

CN = Scope("cn")
Superuser = psycopg.Connection[tuple[object, ...]]


def test_letters_leave_while_papers_are_being_worked(db: Database, now: datetime, worker: Program, superuser: Superuser) -> None:
    world = build_world(db, now)
    claim_id = report(world, 0, now)
    with db.unit_of_work(CN) as session:
        evidence.upload(session, claim_id=claim_id, kind="diagnosis", file_name="a.jpg", content=photo(), actor=ROOT, now=now)

    def letters(of: uuid.UUID) -> list[tuple[object, ...]]:
        return superuser.execute("SELECT code, state FROM notice WHERE claim_id = %s", (of,)).fetchall()

    def held() -> list[tuple[object, ...]]:
        return superuser.execute("SELECT DISTINCT topic FROM outbox WHERE taken_by IS NOT NULL").fetchall()

    with psycopg.connect(superuser.info.dsn, password=superuser.info.password) as other:
        other.execute("SELECT id FROM paper FOR UPDATE")            # the pages cannot be kept as long as this stands
        worker.start()
        until(lambda: letters(claim_id) == [("receipt", "dispatched")], worker)
        until(lambda: ("paper.upload",) in held(), worker)
        later = report(world, 1, now)
        until(lambda: letters(later) == [("receipt", "dispatched")], worker, 20)
        assert ("paper.upload",) in held()
        assert superuser.execute("SELECT pages FROM paper").fetchall() == [(None,)]
    until(lambda: superuser.execute("SELECT count(*) FROM outbox").fetchone() == (0,), worker)
    assert superuser.execute("SELECT pages FROM paper").fetchall() == [(1,)]
