"""The database goes and comes back under a running process: nobody meets a dead connection twice, and nothing is said that is not known.

A proxy stands between the process and the server; it breaks the line at the moment that the test names.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlmodel import Session

from infra.lab.proxy import Fault, Proxy
from services.core.away import DatabaseAway, DatabaseFull, away, lively, named
from services.core.db import BusinessClock, Database
from services.outbox import service as outbox
from services.outbox.service import Work
from tests.services.api_world import EVENT, Api
from tests.support.apps import app_over
from tests.support.databases import Fresh, Superuser
from tests.support.signed_in import sign_in
from tests.support.world import ROOT

ANSWERED = Fault("cut", "down")             # the server hears it, its answer is lost
UNHEARD = Fault("cut", "up")                # the server never hears it


def behind(db: Fresh, proxy_port: int) -> str:
    """The database's address through the proxy."""
    return make_conninfo(**{**conninfo_to_dict(db.url), "host": "127.0.0.1", "port": proxy_port})    # type: ignore[arg-type]


@pytest.fixture
def proxy(db: Fresh) -> Iterator[Proxy]:
    parts = conninfo_to_dict(db.url)
    with Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port') or 5432}") as made:
        yield made


@pytest.fixture
def far(db: Fresh, proxy: Proxy) -> Iterator[Database]:
    """The database as one on another machine."""
    made = Database(behind(db, proxy.port), pool_size=4)
    yield made
    made.close()


def owed(db: Database) -> int:
    with db.view(ROOT.scope) as session:
        return int(session.execute(sa.text("SELECT count(*) FROM outbox")).scalar_one())


def add(session: Session, now: datetime) -> None:
    outbox.add(session, [Work("timetable.prove", "cn.")], now=now)


class Began:
    """Whoever commits next never hears the answer: the line breaks with the commit that writes (a visit's first only reads)."""

    def __init__(self, db: Database, proxy: Proxy) -> None:
        self._proxy, self.met, self._left = proxy, False, 2
        sa.event.listen(db.writing, "commit", self._commit)

    def _commit(self, _connection: object) -> None:
        self._left -= 1
        if not self._left:
            self.met = True
            self._proxy.befall(ANSWERED)


def pooled(db: Database, count: int) -> None:
    """So many connections lie in each pool."""
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(db.unit_of_work(ROOT.scope))
            held.enter_context(db.view(ROOT.scope))


def test_all_that_are_pooled_go_at_the_first_that_is_dead(far: Database, proxy: Proxy) -> None:
    pooled(far, 4)
    assert proxy.cut() == 8
    for _ in range(6):
        assert owed(far) == 0
        with far.unit_of_work(ROOT.scope):
            pass
    assert proxy.did("open") == 1 + 8 + 2       # the start's look at the role, the pools, and one anew for each


def test_a_server_that_ended_our_connections_is_asked_again(db: Fresh, far: Database, superuser: Superuser) -> None:
    pooled(far, 3)
    superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'huzhu_app' AND datname = %s", (db.name,))
    assert [owed(far) for _ in range(4)] == [0] * 4


def test_threads_that_meet_it_together_all_come_through(far: Database, proxy: Proxy) -> None:
    pooled(far, 4)
    proxy.cut()
    found: list[object] = []

    def looks() -> None:
        try:
            found.append(owed(far))
        except DatabaseAway as error:
            found.append(error.code)

    threads = [threading.Thread(target=looks) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0] * 6


def test_while_it_is_away_everybody_is_told_so_and_afterwards_it_goes_on(far: Database, proxy: Proxy) -> None:
    pooled(far, 2)
    proxy.shut()
    for begin in (far.unit_of_work, far.view):
        with pytest.raises(DatabaseAway) as met, begin(ROOT.scope):
            pytest.fail("the block must not run")
        assert (met.value.code, met.value.unsure) == ("database_away", False)
    proxy.open()
    assert owed(far) == 0


def test_a_line_that_breaks_within_the_work_kept_nothing(far: Database, proxy: Proxy, now: datetime) -> None:
    with pytest.raises(DatabaseAway) as met, far.unit_of_work(ROOT.scope) as session:
        add(session, now)
        proxy.cut()
        add(session, now)
    assert (met.value.code, met.value.unsure) == ("database_away", False)
    assert owed(far) == 0


@pytest.mark.parametrize(("fault", "kept"), [(ANSWERED, 1), (UNHEARD, 0)], ids=["answer lost", "never heard"])
def test_a_commit_whose_answer_did_not_come_is_called_unsure(db: Fresh, far: Database, proxy: Proxy, now: datetime,
                                                             fault: Fault, kept: int) -> None:
    with pytest.raises(DatabaseAway) as met, far.unit_of_work(ROOT.scope) as session:
        add(session, now)
        proxy.befall(fault)
    assert (met.value.code, met.value.unsure) == ("commit_unknown", True)
    proxy.well()
    assert owed(db) == kept


@pytest.mark.parametrize("fault", [ANSWERED, UNHEARD], ids=["answer lost", "never heard"])
def test_a_report_sent_again_with_its_key_is_there_once(db: Fresh, far: Database, proxy: Proxy, now: datetime, tmp_path: Path,
                                                        fault: Fault) -> None:
    api = Api(db, now, tmp_path)
    api.http = TestClient(app_over(replace(api.app.state.wiring, db=far)))
    body = {"id_number": api.world.member(0, "xj").synthetic.id_number, "event": EVENT, "channel": "clerk", "hospital": "示例医院"}
    sa.event.listen(far.writing, "commit", lambda _connection: proxy.befall(fault), once=True)
    refused = api.post("xj.clerk", "/cases", body, key="one")
    assert (refused.status_code, refused.json()["code"]) == (503, "commit_unknown")
    assert refused.headers["content-type"] == "application/problem+json" and int(refused.headers["Retry-After"]) > 0
    assert api.http.get("/api/v1/health").status_code == 503
    proxy.well()
    again = api.post("xj.clerk", "/cases", body, key="one")
    assert again.status_code == 201, again.text
    assert (again.headers.get("Idempotent-Replayed") == "true") is (fault is ANSWERED)
    with db.view(ROOT.scope) as session:
        assert session.execute(sa.text('SELECT count(*) FROM case_file')).scalar_one() == 1


def test_a_page_says_it_in_chinese_with_its_status_even_where_the_hour_lies_in_the_database(
        db: Fresh, far: Database, proxy: Proxy, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    for clock in (api.clock, BusinessClock(far)):
        app = app_over(replace(api.app.state.wiring, db=far, clock=clock))
        visitor = sign_in(app, db, api.world, "xj.clerk", now if clock is api.clock else BusinessClock(db).now())
        assert visitor.get("/work").status_code == 200
        proxy.shut()
        for page in (visitor.get("/work"), visitor.get("/progress"), visitor.send("/sign-out")):
            assert page.status_code == 503 and "数据库暂时连接不上" in page.text
            assert int(page.headers["Retry-After"]) > 0
        proxy.open()
        assert visitor.get("/work").status_code == 200


def test_a_form_that_may_have_been_kept_is_not_called_unwritten_and_sent_again_it_is_there_once(
        db: Fresh, far: Database, proxy: Proxy, now: datetime, tmp_path: Path) -> None:
    api = Api(db, now, tmp_path)
    visitor = sign_in(app_over(replace(api.app.state.wiring, db=far)), db, api.world, "xj.m0", now)
    visitor.get("/contacts")
    keys = visitor.keys()
    form: dict[str, Any] = {"use-sms": "yes", "rank-sms": "1", "sms": "13812345678", **keys}
    began = Began(far, proxy)
    page = visitor.send("/contacts", **form)
    assert began.met and page.status_code == 503
    assert "还不能确认是否已经写入" in page.text and "没有写入" not in page.text
    proxy.well()
    assert visitor.send("/contacts", **form).status_code == 303
    with db.view(ROOT.scope) as session:
        assert session.execute(sa.text("SELECT channel, count(*) FROM letter_contact GROUP BY channel")).all() == [("sms", 1)]


def test_only_a_server_that_is_gone_counts_as_away() -> None:
    gone = [psycopg.OperationalError("server closed the connection unexpectedly"), psycopg.errors.AdminShutdown("x"),
            psycopg.errors.CrashShutdown("x"), psycopg.errors.CannotConnectNow("x"), psycopg.errors.ConnectionFailure("x"),
            psycopg.errors.TooManyConnections("x")]
    here = [psycopg.errors.DeadlockDetected("x"), psycopg.errors.LockNotAvailable("x"), psycopg.errors.QueryCanceled("x"),
            psycopg.errors.OutOfMemory("x"), psycopg.errors.UniqueViolation("x"), ValueError("x")]
    assert [away(error) for error in gone] == [True] * 6
    assert [away(sa.exc.OperationalError("SELECT", {}, error)) for error in gone] == [True] * 6
    assert [away(error) for error in here] == [False] * 6
    with pytest.raises(DatabaseFull), named():
        raise sa.exc.OperationalError("INSERT", {}, psycopg.errors.DiskFull("x"))
    with pytest.raises(psycopg.errors.DeadlockDetected), named():
        raise psycopg.errors.DeadlockDetected("x")


def test_what_an_address_says_itself_stands_and_the_server_learns_of_lost_machines(far: Database) -> None:
    given = conninfo_to_dict(lively("host=db.example connect_timeout=3 options='-c work_mem=8MB'", "-c jit=off"))
    assert (given["connect_timeout"], given["keepalives_idle"]) == ("3", "20")
    assert str(given["options"]).endswith("-c jit=off -c work_mem=8MB")
    with far.view(ROOT.scope) as session:       # the server's side takes them (this line's other end is a Unix socket, which has none)
        assert session.execute(sa.text("SELECT source FROM pg_settings WHERE name = 'tcp_keepalives_idle'")).scalar_one() == "client"
