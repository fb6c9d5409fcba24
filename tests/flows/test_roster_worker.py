"""The real worker enrols rosters that were sent and not waited for; one that is refused is told why and holds nobody up."""

from __future__ import annotations

import uuid
from datetime import date, datetime

import sqlalchemy as sa

from services.cli.supervisor import Program
from services.core.db import Database
from services.enrolment import sending
from services.enrolment.enrolling import Asked
from services.simulate.synthetic import roster_xlsx, sheet_xlsx, synthetic_person
from tests.flows.conftest import until
from tests.support.world import NX_PLAN, ROOT, World, build_world

UNIT = "cn.nx.yc.xq.u001."


def _send(world: World, content: bytes, now: datetime) -> uuid.UUID:
    who = world.actor("nx.clerk")
    with world.db.unit_of_work(who.scope) as session:
        return sending.send(session, content=content, actor=who, now=now, asked=Asked(
            "名单.xlsx", NX_PLAN, world.org(UNIT), date(2026, 4, 1), "self")).id


def test_the_worker_enrols_what_was_sent(db: Database, now: datetime, worker: Program) -> None:
    world = build_world(db, now)
    wrong = _send(world, sheet_xlsx([["姓名", "电话"]]), now)
    right = _send(world, roster_xlsx([synthetic_person(serial) for serial in range(20, 23)], unit="兴庆区示例一厂工会"), now)

    def outcome() -> dict[object, tuple[object, ...]]:
        with db.view(ROOT.scope) as session:
            rows = session.execute(sa.text("SELECT id, checked, accepted, refused->>'code' FROM roster_import WHERE done_at IS NOT NULL"
                                           " AND effective = '2026-04-01'")).all()
        return {row[0]: tuple(row[1:]) for row in rows}

    worker.start()
    until(lambda: len(outcome()) == 2, worker)
    assert outcome() == {right: (3, 3, None), wrong: (0, 0, "roster_header")}

    def owed() -> int:
        with db.view(ROOT.scope) as session:
            return int(session.execute(sa.text("SELECT count(*) FROM outbox")).scalar_one())

    until(lambda: owed() == 0, worker)
