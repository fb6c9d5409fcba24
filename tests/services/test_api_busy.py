"""Two people lock each other's rows: the loser is told to come again with the same key, and nothing is half done."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from services.core.db import Database
from services.notice import service as notice
from tests.services.api_world import Api
from tests.services.review_world import digest, in_review
from tests.support.world import ROOT

SuperUser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def test_a_deadlock_over_a_letter_is_a_request_to_try_again(api: Api, now: datetime, superuser: SuperUser) -> None:
    claim_id = in_review(api.world, 1, now)
    with api.db.unit_of_work(ROOT.scope) as session:
        [letter] = notice.draft(session, topic="claim.create", claim_ids=[claim_id], actor=ROOT, now=now)
        notice.issue(session, notice_ids=[letter.id], actor=ROOT, now=now)
        [sent] = notice.dispatch(session, notice_ids=[letter.id], actor=ROOT, now=now)
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
        # PostgreSQL aborts whoever finds the deadlock, the longest waiter first: the request.
        superuser.execute("SELECT 1 FROM claim WHERE id = %s FOR UPDATE", (claim_id,))
    request.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "busy")
    assert answers[0].headers["retry-after"] == "1"
    passes()
    assert answers[1].status_code == 200, answers[1].text
