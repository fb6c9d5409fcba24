"""The real worker takes away the bytes that a commit let go of, and leaves those that something rests on."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from flows import dispatch
from services.cli.supervisor import Program
from services.core.db import Database
from services.evidence import leaving
from services.evidence.leaving import Leaving
from services.models import RosterImport
from services.storage import service as storage
from tests.flows.conftest import until
from tests.support.world import ROOT


def test_the_worker_takes_away_what_is_owed(db: Database, now: datetime, worker: Program) -> None:
    alone, also, needed = (storage.put(content) for content in (b"of nobody", b"of nobody either", b"a list that stands"))
    with db.unit_of_work(ROOT.scope) as session:
        session.add(RosterImport(org_key="cn.", plan="xj-women", effective=date(2026, 1, 1), file_name="r.xlsx", rows=1, accepted=0,
                                 sha256="0" * 64, errors_sha256=needed, at=now))
        leaving.owe(session, [Leaving("cn.", {alone, needed}), Leaving("cn.", {also}), Leaving("cn.", set())], now=now)

    def owed() -> int:
        with db.view(ROOT.scope) as session:
            return int(session.execute(sa.text("SELECT count(*) FROM outbox WHERE topic = 'bytes.remove'")).scalar_one())

    assert owed() == 2 and leaving.TOPIC in dispatch.SLOW
    worker.start()
    until(lambda: owed() == 0, worker)
    assert [storage.has(sha256) for sha256 in (alone, also, needed)] == [False, False, True]
