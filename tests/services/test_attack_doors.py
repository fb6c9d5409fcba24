"""Before the doors everybody may knock at: whom answers give away, planted cookies, forged hosts, guessing, the log's lines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pyotp
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from services.access import signing_in
from services.access.lockout import FREE
from services.core.db import Database
from services.core.errors import Unauthenticated
from services.web.desks.sign_in import TRIES
from services.web.door import COOKIE
from tests.services.api_world import Api
from tests.services.test_web_sign_in import PASSWORD, first_password
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

OPEN = ("/", "/sign-in", "/progress", "/first-password", "/work", "/no/such/page", "/progress/", "/api/v1/health", "/api/v1/me",
        "/api/v1/docs", "/api/v1/openapi.json")


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


def spent(work: Callable[[], object]) -> float:
    """Seconds of this process's own time: other programs on the machine do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)
    for engine in (db.writing, db.reading):
        sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        for engine in (db.writing, db.reading):
            sa.event.remove(engine, "before_cursor_execute", hear)


def test_the_time_of_a_wrong_password_does_not_tell_who_has_a_login(api: Api, now: datetime) -> None:
    """One with a password, one nobody has, one without a password. A try that waits does no such work: the measure would show it."""
    first_password(api, now, "xj.clerk")

    def tried(login: str, code: str) -> float:
        with api.db.unit_of_work(ROOT.scope) as session:
            def work() -> None:
                answer = signing_in.sign_in(session, login=login, password="wrong-lantern-orbit", agent="t", address="198.51.100.1",
                                            now=now)
                assert isinstance(answer, Unauthenticated) and answer.code == code
            return spent(work)
    logins = ("xj.clerk", "nobody.at.all", "xj.clerk2")
    taken: dict[str, list[float]] = {login: [] for login in logins}
    for _ in range(FREE):                                   # in turn, so that what changes meanwhile falls on all
        for login in logins:
            taken[login].append(tried(login, "sign_in_refused"))
    known, unknown, bare = (median(taken[login][1:]) for login in logins)
    assert 0.6 < unknown / known < 1.6 and 0.6 < bare / known < 1.6, taken
    assert max(tried(login, "sign_in_blocked") for login in logins) < known / 2


def test_a_known_number_and_one_nobody_has_are_answered_alike_and_with_the_same_work(api: Api) -> None:
    """The public page's number: the same words, the same statements; no answer tells which numbers exist."""
    known, unknown, seen = api.report(), "XJ2026-0000-999", {}
    for number in (known, unknown):
        with statements(api.db) as asked:
            answer = api.http.post("/progress", data={"claim_no": number, "code": "AAAAAAAA"})
        seen[number] = (answer.status_code, answer.text.replace(number, "N"), list(asked))
    assert seen[known] == seen[unknown] and seen[known][0] == 404
    assert any("claim" in statement for statement in seen[known][2])


def test_a_cookie_that_another_planted_never_becomes_a_session(api: Api, now: datetime) -> None:
    """Fixation: each step in gives a new value, what was there before opens nothing, a made-up value is never taken over."""
    first_password(api, now, "xj.office1")
    browser = Visitor(api.app, "planted-by-somebody-else")
    values = [browser.http.cookies[COOKIE]]

    def kept() -> str:
        return next(cookie.value or "" for cookie in browser.http.cookies.jar if cookie.name == COOKIE and cookie.value not in values)
    browser.get("/sign-in")
    assert browser.send("/sign-in", login="xj.office1", password=PASSWORD).headers["location"].startswith("/sign-in/enrol")
    values.append(kept())
    browser.http.cookies.clear()
    browser.http.cookies.set(COOKIE, values[-1])
    secret = re.search(r'<code class="number">([A-Z2-7 ]+)</code>', browser.get("/sign-in/enrol").text)
    assert secret is not None
    shown = browser.send("/sign-in/enrol", code=pyotp.TOTP(secret[1].replace(" ", "")).at(datetime.now(UTC)))
    assert shown.status_code == 200
    values.append(kept())
    assert len(set(values)) == 3
    assert [Visitor(api.app, value).get("/work").status_code for value in values] == [303, 303, 200]
    assert Visitor(api.app, values[1]).get("/sign-in/enrol").status_code == 303      # the half way in is over too


@pytest.mark.parametrize("header", ["host", "x-forwarded-host", "x-forwarded-server", "forwarded", "x-original-url", "x-rewrite-url"])
def test_a_forged_host_stands_in_no_answer(api: Api, header: str) -> None:
    """Links in letters and the way back from the provider come from the settings; pages name no host at all."""
    forged = "host=evil.example" if header == "forwarded" else "/evil.example" if header.endswith("url") else "evil.example"
    with TestClient(api.app, follow_redirects=False) as http:
        for path in OPEN:
            answer = http.get(path, headers={header: forged})
            assert answer.status_code < 500, path
            assert "evil.example" not in answer.text and "evil.example" not in str(answer.headers), path
            assert answer.headers.get("location", "/").startswith("/"), path


def test_an_asker_who_guesses_login_after_login_is_held_back_at_the_page(api: Api) -> None:
    """Above the wait of each login: an address has so many tries at once, whatever logins it names; a right one waits too."""
    held: list[bool] = []
    with TestClient(api.app) as http:
        while len(held) < 2 * TRIES and not (held and held[-1]):        # no password: counted, and no time goes by with hashing
            held.append("登录尝试过多" in http.post("/sign-in", data={"login": f"nobody.{len(held)}", "password": ""}).text)
    assert TRIES == 20 and held[-1] and not any(held[:TRIES])


@pytest.mark.parametrize("number", ["0", "000", "0001", "4", "999", "1000", "1" + "0" * 5000, "%25", "-1", "\u0661", "a"])
def test_a_page_that_a_letter_does_not_have_is_missing(api: Api, now: datetime, number: str) -> None:
    """Found by the storm: page 0 of a letter was a failure of ours."""
    visitor = sign_in(api.app, api.db, api.world, "xj.admin", now)
    assert visitor.get(f"/letter-wordings/receipt.care/receipt/{number}").status_code == 404


def test_no_sign_that_moves_a_terminals_cursor_or_turns_its_text_around_stands_in_the_log() -> None:
    """A line end and an escape JSON writes as text by itself; C1 signs, line separators and turned writing it does not."""
    hostile = "\x1b[2J\x9b31m\x85 \u2028 \u202e \u2066 \x7f 张"
    program = (f"import logging\nfrom services.core import logs\nlogs.start('probe')\nlogs.safety('refused', code={hostile!r})\n"
               f"logging.getLogger('lib').warning({hostile!r})\n")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in ran.stderr.split("\n") if line]
    assert [row.get("code", row["event"]) for row in rows] == [hostile, hostile]
    assert {sign for sign in ran.stderr if unicodedata.category(sign).startswith(("C", "Z"))} == {" ", "\n"} and "张" in ran.stderr


def test_templates_are_those_the_running_code_was_started_with() -> None:
    """An upgrade in place changes files under a running process: its old code lacks values that a newer page needs (a 500)."""
    program = ("import sys\nfrom services.web import render\nopened = []\n"
               "sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == 'open' else None)\n"
               "render._environment('zh').get_template('person.html')\n"
               "print([name for name in opened if name.endswith('.html')])\n")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
