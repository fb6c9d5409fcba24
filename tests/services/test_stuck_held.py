"""A session that keeps a lock (somebody's open psql) is named while others wait for it, and is gone when it ends."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import psycopg
import pytest
import sqlalchemy as sa

from services.core import embedded
from services.reporting.stuck import service
from services.reporting.stuck.service import Stuck
from tests.support.databases import Fresh
from tests.support.world import ROOT

HELD = service.BY_CODE["database_held"]


def look(db: Fresh, now: datetime) -> list[Stuck]:
    with db.view(ROOT.scope) as session:
        return service.look(session, now=now, only=HELD)


def waiting(db: Fresh) -> None:
    with db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("UPDATE outbox SET tries = tries"))


def test_the_one_that_all_wait_for_is_named_until_it_ends(db: Fresh, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(embedded.with_user(db.url, "postgres"), application_name="psql") as open_psql:
        open_psql.execute("LOCK TABLE outbox IN EXCLUSIVE MODE")
        assert look(db, now) == []                          # nobody waits
        savers = [threading.Thread(target=waiting, args=(db,)) for _ in range(2)]
        for saver in savers:
            saver.start()
        assert look(db, now) == []                          # not for a minute yet
        monkeypatch.setattr(service, "HELD_SECONDS", 0)
        for _ in range(100):
            if (found := look(db, now)) and "2 个会话在等" in found[0].said:
                break
            time.sleep(0.1)
        assert [one.subject for one in found] == [str(open_psql.info.backend_pid)]
        assert "postgres（psql）" in found[0].said
        assert "nights.md 第 11 夜" in found[0].remedy and found[0].subject in found[0].remedy
        open_psql.rollback()
    for saver in savers:
        saver.join(10)
    assert look(db, now) == []
