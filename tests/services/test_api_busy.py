"""Two people lock each other's rows: the loser is told to come again with the same key, and nothing is half done."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import cast

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from psycopg.errors import SerializationFailure

from services.cli import main
from services.core.db import Database, Scope
from services.enrolment import service as enrolment
from services.notice import service as notice
from services.web.door import COOKIE
from services.wiring import Wiring
from tests.services.api_world import EVENT, Api
from tests.services.review_world import digest, in_review
from tests.support.apps import app_over
from tests.support.databases import name_of
from tests.support.world import ROOT

SuperUser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def _request_finds_deadlocks(api: Api, superuser: SuperUser) -> None:
    """Whoever waits looks for a deadlock once, after a time: the request after 3 s, however late the test comes to wait."""
    superuser.execute(f"ALTER DATABASE {name_of(api.db)} SET deadlock_timeout TO '3s'")
    superuser.execute("SET deadlock_timeout TO '1min'")
    api.db.close()                  # the connections to come have the setting


def test_a_deadlock_over_a_letter_is_a_request_to_try_again(api: Api, now: datetime, superuser: SuperUser) -> None:
    claim_id = in_review(api.world, 1, now)
    with api.db.unit_of_work(ROOT.scope) as session:
        [letter] = notice.draft(session, topic="claim.create", claim_ids=[claim_id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[letter.id], actor=ROOT, now=now)
        [sent] = notice.dispatch(session, notice_ids=[letter.id], actor=ROOT, now=now)
    _request_finds_deadlocks(api, superuser)
    answers: list[httpx.Response] = []

    def delivers() -> None:
        answers.append(api.post("xj.clerk", f"/notices/{letter.id}/delivered", {"proof": "本人签收"}, version=sent.version,
                                key="k1"))

    with superuser.transaction():
        superuser.execute("SELECT 1 FROM notice WHERE id = %s FOR UPDATE", (letter.id,))
        request = threading.Thread(target=delivers)
        request.start()
        while not superuser.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            time.sleep(0.01)
        superuser.execute("SELECT 1 FROM claim WHERE id = %s FOR UPDATE", (claim_id,))
    request.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "busy")
    delivers()
    assert answers[1].status_code == 200, answers[1].text


def test_a_deadlock_is_a_request_to_try_again(api: Api, now: datetime, superuser: SuperUser) -> None:
    claim_id = in_review(api.world, 1, now)
    _request_finds_deadlocks(api, superuser)
    body = {"seen": digest(api.db, claim_id)}
    row = superuser.execute("SELECT claim_no, version FROM claim WHERE id = %s", (claim_id,)).fetchone()
    assert row is not None
    number, version = str(row[0]), int(str(row[1]))
    answers: list[httpx.Response] = []

    def passes() -> None:
        answers.append(api.post("xj.clerk", f"/claims/{number}/pass", body, version=version, key="k1"))

    with superuser.transaction():
        superuser.execute("SELECT 1 FROM review_step WHERE claim_id = %s FOR UPDATE", (claim_id,))
        request = threading.Thread(target=passes)
        request.start()
        while not superuser.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            time.sleep(0.01)        # the request holds the claim by now and waits for its level
        # PostgreSQL aborts whoever finds the deadlock: the request.
        superuser.execute("SELECT 1 FROM claim WHERE id = %s FOR UPDATE", (claim_id,))
    request.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "busy")
    assert answers[0].headers["retry-after"] == "1"
    passes()
    assert answers[1].status_code == 200, answers[1].text


def test_a_report_while_its_unit_moves_is_a_request_to_try_again(api: Api, now: datetime) -> None:
    """The row would stand under the unit's former key: refused, and the same request goes through afterwards."""
    world, answers = api.world, list[httpx.Response]()
    body = {"id_number": world.member(0, "xj").synthetic.id_number, "event": EVENT, "channel": "clerk", "hospital": "示例医院"}

    def reports() -> None:
        answers.append(api.post("xj.clerk", "/cases", body, key="k1"))

    with api.db.unit_of_work(ROOT.scope) as session:
        enrolment.move_organisation(session, org_id=world.org("cn.xj.wlmq.tsd.u001."), parent_id=world.org("cn.xj.wlmq."), why="区划调整",
                                    actor=ROOT, now=now)
        request = threading.Thread(target=reports)
        request.start()
        while request.is_alive() and not session.execute(sa.text("SELECT 1 FROM pg_locks WHERE NOT granted")).first():
            time.sleep(0.01)
    request.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "busy")
    reports()
    assert answers[1].status_code == 201, answers[1].text


@pytest.mark.parametrize("error", [
    SerializationFailure("moved"), sa.exc.OperationalError("INSERT", {}, SerializationFailure("moved"))])
def test_a_command_that_met_another_says_so(error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(_wanted: object) -> object:
        raise error

    monkeypatch.setattr(main, "build", refused)
    assert main.main(["report", "--json"]) == 1
    assert '"code": "busy"' in capsys.readouterr().out


def test_more_requests_than_connections_are_requests_to_try_again(api: Api, now: datetime) -> None:
    """Whoever waits too long for a connection is told so, through the interface and on a page; afterwards the same goes through."""
    narrow = Database(api.db.url, pool_size=1, patience=0.1)
    http = TestClient(app_over(Wiring(narrow, api.clock, api.app.state.wiring.insurer, Scope("cn"))))

    def asks() -> httpx.Response:
        return cast(httpx.Response, http.get("/api/v1/me", headers=api.headers("xj.clerk")))

    with ExitStack() as held:
        for _ in range(2):
            for engine in (narrow.reading, narrow.writing):
                held.enter_context(engine.connect())
        assert (asks().status_code, asks().json()["code"]) == (503, "busy")
        page = http.get("/work", cookies={COOKIE: "no matter whose"})
        assert page.status_code == 503 and "记录正被他人办理" in page.text
    assert asks().status_code == 200
    narrow.close()
