"""What every answer says to a browser, cookies over https, who was refused in the log, what one account may hold open."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from services.access import credentials
from services.access.oidc import Provider
from services.access.sessions import MOST, open_session, resume
from services.api.__main__ import served
from services.core import embedded
from services.core.crypto import KeyRing
from services.core.db import Database
from services.core.errors import ConfigError, OutsideError
from services.core.settings import Settings, settings
from services.web.desks import sign_in_elsewhere
from services.web.door import COOKIE
from tests.services.api_world import Api
from tests.support.signed_in import Visitor, sign_in
from tests.support.world import ROOT

PASSWORD = "green-ladder-17-window"
OFFICE = "https://huzhu.example"
SOME = ("/", "/sign-in", "/progress", "/no/such/page", "/static/page.css", "/static/mark.svg", "/static/nothing.js", "/api/v1/health",
        "/api/v1/me", "/api/v1/nothing", "/api/v1/docs", "/api/v1/openapi.json")


@pytest.fixture
def api(db: Database, now: datetime, tmp_path: Path) -> Api:
    return Api(db, now, tmp_path)


@pytest.fixture
def over_https(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUZHU_PUBLIC_URL", OFFICE)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def give_password(api: Api, login: str, now: datetime) -> None:
    with api.db.unit_of_work(ROOT.scope) as session:
        code = credentials.issue_password_link(session, account_id=api.world.account(login), reason="新到岗",
                                               actor=api.world.actors["admin"], now=now)
        credentials.redeem_password_link(session, code=code, password=PASSWORD, now=now)


def policy(text: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for part in text.split(";") if (words := part.split())}


def test_every_answer_tells_the_browser_what_it_may_do(api: Api) -> None:
    with TestClient(api.app, follow_redirects=False) as http:
        for path in SOME:
            found = http.get(path)
            held = policy(found.headers["content-security-policy"])
            assert held["default-src"] == ["'none'"], path
            assert held["base-uri"] == ["'none'"] and held["frame-ancestors"] in (["'none'"], ["'self'"]), path
            assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:"} & {word for words in held.values() for word in words}, path
            assert found.headers["x-content-type-options"] == "nosniff", path
            assert path.startswith("/static/") or found.headers["cache-control"] == "no-store", path
            assert found.headers["referrer-policy"] in ("no-referrer", "same-origin"), path
            assert "access-control-allow-origin" not in found.headers and "server" not in found.headers, path
            if found.content:
                kind = found.headers["content-type"]
                assert kind.startswith(("image/svg+xml", "application/")) or "charset=utf-8" in kind, path


def test_https_is_held_to_and_cookies_belong_to_this_very_host(api: Api, now: datetime, over_https: None) -> None:
    give_password(api, "xj.clerk", now)
    with TestClient(api.app, base_url=OFFICE, follow_redirects=False) as http:
        assert http.get("/sign-in").headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert http.get("/api/v1/health").headers["strict-transport-security"].startswith("max-age=31536000")
        done = http.post("/sign-in", data={"login": "xj.clerk", "password": PASSWORD}, headers={"origin": OFFICE})
        kept = SimpleCookie(done.headers["set-cookie"])
        morsel = kept[f"__Host-{COOKIE}"]
        assert morsel["secure"] and morsel["httponly"] and morsel["path"] == "/" and not morsel["domain"] and morsel["samesite"] == "lax"
        assert http.get("/account").status_code == 200
        http.cookies.clear()
        http.cookies.set(COOKIE, morsel.value)          # as a neighbouring host of the same domain could set it
        assert http.get("/account").status_code == 303


def test_over_plain_http_nothing_is_said_of_https(api: Api) -> None:
    with TestClient(api.app) as http:
        assert "strict-transport-security" not in http.get("/sign-in").headers


def test_leaving_takes_away_what_the_browser_kept(api: Api, now: datetime) -> None:
    me = sign_in(api.app, api.db, api.world, "xj.clerk", now)
    me.get("/account")
    answer = me.send("/sign-out")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["max-age"] == "0"


def test_coming_in_again_ends_the_session_that_was_here(api: Api, now: datetime) -> None:
    give_password(api, "xj.clerk", now)
    give_password(api, "xj.clerk2", now)
    browser = Visitor(api.app)
    browser.get("/sign-in")
    browser.send("/sign-in", login="xj.clerk", password=PASSWORD)
    first = browser.http.cookies[COOKIE]
    browser.get("/account")
    browser.send("/sign-in", login="xj.clerk2", password="not the one at all")
    assert Visitor(api.app, first).get("/account").status_code == 200       # a wrong try ends nothing
    browser.send("/sign-in", login="xj.clerk2", password=PASSWORD)
    second = browser.http.cookies[COOKIE]
    assert second != first and Visitor(api.app, first).get("/account").status_code == 303
    assert Visitor(api.app, second).get("/account").status_code == 200


def test_one_account_holds_twenty_sessions_and_the_longest_unseen_goes(api: Api, now: datetime) -> None:
    account = api.world.account("xj.clerk")

    def another(minutes: int) -> str:
        with api.db.unit_of_work(ROOT.scope) as session:
            return open_session(session, account_id=account, stage="full", door="password", agent="t", address="192.0.2.1",
                                now=now + timedelta(minutes=minutes))
    tokens = [another(number) for number in range(20)]
    at = now + timedelta(minutes=20)
    with api.db.unit_of_work(ROOT.scope) as session:
        assert MOST == 20 and resume(session, tokens[0], now=at)        # seen last, though opened first
    tokens.append(another(20))
    with api.db.unit_of_work(ROOT.scope) as session:
        alive = [resume(session, token, now=at) is not None for token in tokens]
    assert alive == [True, False, *[True] * 19]


def test_a_closed_account_is_out_at_once(api: Api, now: datetime) -> None:
    me = sign_in(api.app, api.db, api.world, "xj.clerk", now)
    assert me.get("/account").status_code == 200
    closed = api.post("admin", f"/accounts/{api.world.account('xj.clerk')}/close", {"reason": "调离"})
    assert closed.status_code == 200, closed.text
    assert me.get("/account").status_code == 303 and api.get("xj.clerk", "/me").status_code == 401


def test_a_powerful_database_role_is_refused(superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    with pytest.raises(ConfigError, match="powerful_role"):
        embedded.refuse_powerful_role(superuser)


def test_a_sealed_value_belongs_to_its_field() -> None:
    ring = KeyRing("k1", {"k1": bytes(range(32))}, b"i" * 32, b"a" * 32)
    sealed = ring.seal("11010519491231002X", field="person.id_number")
    assert ring.open(sealed, field="person.id_number") == "11010519491231002X" and b"1949" not in sealed
    assert ring.seal("11010519491231002X", field="person.id_number") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, field in ((sealed, "person.phone"), (changed, "person.id_number"), (b"k2" + sealed[2:], "person.id_number")):
        with pytest.raises(ConfigError):
            ring.open(wrong, field=field)


def test_an_unexpected_failure_tells_nothing_of_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in the middle of an answer: the words of it, which may hold anything, stay inside."""
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SELECT secret FROM person WHERE id_number = '11010519491231002X'")
    monkeypatch.setattr("services.access.sessions.resume", broken)
    monkeypatch.setattr("services.api.calls.authenticate", broken)
    with TestClient(api.app, raise_server_exceptions=False) as http:
        http.cookies.set(COOKIE, "whatever")
        page = http.get("/account")
        call = http.get("/api/v1/me", headers={"authorization": "Bearer x"})
    for answer in (page, call):
        assert answer.status_code == 500
        assert not re.search("SELECT|RuntimeError|Traceback|1101051949|services/", answer.text)


def test_a_provider_that_names_another_issuer_is_refused() -> None:
    class Liar(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"issuer": "https://another.example", "authorization_endpoint": "http://127.0.0.1:1/a"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""
    with http.server.HTTPServer(("127.0.0.1", 0), Liar) as liar:
        Thread(target=liar.serve_forever, daemon=True).start()
        there = Provider(issuer=f"http://127.0.0.1:{liar.server_port}", client_id="huzhu", client_secret="s", redirect_uri="http://127.0.0.1/")
        with pytest.raises(OutsideError, match="oidc_issuer"):
            there.address(state="s", nonce="n", verifier="v" * 43)
        liar.shutdown()


def test_whoever_is_refused_stands_in_the_log_and_no_secret_does(api: Api, now: datetime) -> None:
    give_password(api, "xj.clerk", now)
    clerk = sign_in(api.app, api.db, api.world, "xj.clerk", now)
    with capture_logs() as lines:
        clerk.get("/admin")
        clerk.get("/claims/NO-SUCH-CLAIM")
        api.http.get("/api/v1/accounts", headers={"authorization": f"Bearer {api.world.tokens['xj.clerk']}"})
        api.http.get("/api/v1/me", headers={"authorization": "Bearer not-a-token-of-ours"})
        stranger = Visitor(api.app)
        stranger.get("/sign-in")
        stranger.send("/sign-in", login="xj.clerk", password="hunter2-is-wrong")
    told = [line for line in lines if line.get("kind") == "safety"]
    account = str(api.world.account("xj.clerk"))
    assert [(line["event"], line.get("code"), line.get("account")) for line in told] == [
        ("refused", "role_missing", account), ("refused", "claim_missing", account), ("refused", "role_missing", account),
        ("refused", "token_invalid", None), ("sign_in_wrong", None, None)]
    assert all(line["log_level"] == "warning" for line in told) and told[-1]["where"]
    assert told[1]["route"] == "/claims/{claim_no}"          # the pattern: what was asked for may be somebody's number
    assert not re.search("hunter2|xj.clerk|not-a-token|NO-SUCH", json.dumps(told))


def test_who_asks_is_what_a_trusted_proxy_says_and_nobody_else(api: Api) -> None:
    """Ten look-ups stand free to one asker; the eleventh waits. Whom the count falls on shows whom the house took for the asker."""
    def looked_up(http: TestClient, forwarded: str) -> int:
        found = http.post("/progress", data={"claim_no": "NX-2026-000001", "code": "000000"}, headers={"x-forwarded-for": forwarded})
        return found.status_code

    def asked_by(proxies: str, peer: str, forwarded: list[str]) -> int:
        """How many of eleven and more were answered otherwise than by waiting."""
        api.app.state._state.pop("limiters", None)
        config = served(api.app, Settings(trusted_proxies=proxies))
        config.load()
        http = TestClient(config.loaded_app, client=(peer, 50000))
        return sum(looked_up(http, name) != 429 for name in forwarded)
    others = [f"198.51.100.{number}" for number in range(1, 16)]
    assert asked_by("", "192.0.2.1", others) == 10                        # no proxy: headers are anybody's words
    assert asked_by("10.0.0.0/8", "192.0.2.1", others) == 10              # a stranger who writes the header
    assert asked_by("10.0.0.0/8", "10.0.0.7", others) == 15               # each asker by the proxy's word
    assert asked_by("10.0.0.0/8", "10.0.0.7", ["198.51.100.1"] * 15) == 10
    forged = [f"203.0.113.{number}, 198.51.100.9" for number in range(1, 16)]
    assert asked_by("10.0.0.0/8", "10.0.0.7", forged) == 10               # what the asker put before the proxy's word counts nothing


def test_methods_nobody_offers_and_bodies_without_a_length_are_refused(api: Api) -> None:
    with TestClient(api.app) as http:
        for method in ("TRACE", "CONNECT", "PUT", "DELETE"):
            assert http.request(method, "/sign-in").status_code == 405, method
            assert http.request(method, "/api/v1/me").status_code == 405, method
        assert http.post("/sign-in", content=iter([b"login=a", b"&password=b"])).status_code == 411     # sent in chunks
        assert http.get("/static/").status_code == 404 and http.get("/.git/config").status_code == 404


def test_another_site_begins_no_sign_in_at_the_provider(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the provider asks nothing, a link elsewhere would open a session that nobody wanted."""
    (tmp_path / "secret").write_text("of-ours")
    for name, value in (("ISSUER", "http://127.0.0.1:9"), ("CLIENT_ID", "huzhu"), ("CLIENT_SECRET_FILE", str(tmp_path / "secret"))):
        monkeypatch.setenv(f"HUZHU_OIDC_{name}", value)
    settings.cache_clear()
    sign_in_elsewhere._provider.cache_clear()
    try:
        with TestClient(api.app, follow_redirects=False) as http:
            asked = http.get("/sign-in/oidc/start", headers={"sec-fetch-site": "cross-site"})
            assert asked.status_code == 200 and "/sign-in/oidc/start" in asked.text and "set-cookie" not in asked.headers
            own = http.get("/sign-in/oidc/start", headers={"sec-fetch-site": "same-origin"})
            assert own.status_code == 502       # it goes to the provider, who is not there
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        sign_in_elsewhere._provider.cache_clear()


def test_an_asker_who_is_slowed_down_stands_in_the_log(api: Api) -> None:
    with TestClient(api.app) as http, capture_logs() as lines:
        for _ in range(11):
            http.post("/progress", data={"claim_no": "NX-2026-000001", "code": "000000"})
    assert [(line["event"], line["what"], line["address"]) for line in lines if line.get("kind") == "safety"] == [
        ("slowed", "progress", "testclient")]


def test_a_line_is_one_json_object_in_utc_whatever_was_typed() -> None:
    program = ("import logging\nfrom services.core import logs\nlogs.start('probe')\n"
               "logs.safety('refused', code='x\\n{\"event\": \"forged\"}', address='1.2.3.4')\n"
               "logging.getLogger('lib').warning('two\\nlines')\n"
               "try:\n    raise ValueError('a\\nb')\nexcept ValueError:\n    logging.getLogger('lib').exception('broke')\n")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [row["event"] for row in rows] == ["refused", "two\nlines", "broke"] and ran.stdout == ""
    assert all(row["program"] == "probe" and row["pid"] and row["timestamp"].endswith("Z") for row in rows)
    assert rows[0]["kind"] == "safety" and rows[0]["level"] == "warning" and "forged" in rows[0]["code"]
    assert "ValueError" in rows[2]["exception"]
