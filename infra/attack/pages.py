"""Every page and every form on it: hostile values in each field and in the address, and forms that come from elsewhere.

No answer may be a failure of ours, bring back what was typed as markup, lead to another site, or lack what tells browsers to be careful.
"""

from __future__ import annotations

import random
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Receive, Send
from starlette.types import Scope as Asked

from infra.attack.hostile import PIECES, TEXTS
from infra.attack.storm import Wrong
from services.access.sessions import csrf_of
from services.core.clock import at_hour
from services.core.db import Scope
from services.wiring import Wiring
from tests.browser.addresses import ADDRESSES, FORMS_ELSEWHERE
from tests.browser.stage import Stage, build
from tests.services.api_crowd import Undone
from tests.services.api_world import Api
from tests.support.apps import app_over
from tests.support.databases import Fresh
from tests.support.signed_in import HOST, sign_in

Told = Callable[[str], None]
MARKS = ('"><b id=q7>', "'><b id=q7>", "</textarea><b id=q7>", "</script><b id=q7>", "<b id=q7>")
QUERY = ("q", "after", "page", "month", "year", "day", "state", "next", "done", "lang", "plan", "org", "kind", "no", "claim", "which")
LONGEST = 8000      # of an address; more no browser sends, and no server of ours reads
CAREFUL = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff", "cache-control": "no-store",
           "referrer-policy": "same-origin", "x-frame-options": "SAMEORIGIN"}
_UNSENT = ("submit", "button", "file", "image", "reset")


@dataclass(slots=True)
class Form:
    """A form as a page shows it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._menu = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A form begins, or one of its fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif self.found and tag in ("input", "textarea", "select", "button") and "name" in given:
            self._menu = given["name"] if tag == "select" else ""
            if given.get("type") not in _UNSENT or tag == "button":
                self.found[-1].fields.setdefault(given["name"], given.get("value", ""))
        elif self.found and tag == "option" and self._menu and not self.found[-1].fields.get(self._menu):
            self.found[-1].fields[self._menu] = given.get("value", "")


@dataclass(slots=True)
class Witness:
    """Before an application: keeps what broke it last, which the answer may not tell."""

    app: FastAPI
    told: str = ""

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        """One request, passed through."""
        self.told = ""
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            places = traceback.extract_tb(error.__traceback__)[-4:]
            self.told = f"{error!r:.200} at " + " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(places))
            raise


@dataclass(slots=True)
class Rain:
    """Everybody's browser before one application whose writes are undone, and what came of it."""

    api: Api
    stage: Stage
    http: TestClient
    witness: Witness
    tokens: dict[str, str] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], Wrong] = field(default_factory=dict)

    def ask(self, login: str, method: str, address: str, fields: dict[str, str] | None = None, *, origin: str = HOST,
            csrf: bool = True) -> httpx.Response:
        """One request of somebody's browser; looked at."""
        token = self.token(login)
        headers = {"origin": origin, "accept-language": "zh", "accept": "text/html", "cookie": f"huzhu={token}" if token else ""}
        data = {**(fields or {}), **({"csrf": csrf_of(token), "once": str(uuid.uuid4())} if token and csrf else {})}
        body = urlencode(data, errors="surrogatepass") if method == "POST" else None
        headers |= {"content-type": "application/x-www-form-urlencoded"} if body is not None else {}
        answer: httpx.Response = self.http.request(method, address, headers=headers, content=body, follow_redirects=False)
        self.answers[answer.status_code] += 1
        for what in faults(answer):
            how = f"{str(fields)[:400]} {self.witness.told if answer.status_code >= 500 else ''}".rstrip()
            self.wrong.setdefault((address.split("?")[0], what), Wrong(f"{method} {address[:200]}", login, what, how))
        return answer

    def token(self, login: str) -> str:
        """The cookie of somebody's session, made once."""
        if login and login not in self.tokens:
            visitor = sign_in(self.api.app, self.api.db, self.api.world, login, self.api.clock.now())
            self.tokens[login] = visitor.http.cookies["huzhu"]
        return self.tokens.get(login, "")


def faults(answer: httpx.Response) -> Iterator[str]:
    """What is wrong with an answer of the pages, whatever was asked."""
    if answer.status_code >= 500 and answer.status_code != 503:
        yield f"{answer.status_code}"
    where = answer.headers.get("location", "/")
    if not where.startswith("/") or where.startswith(("//", "/\\")):
        yield f"leads to {where[:80]}"
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    if "<b id=q7>" in answer.text:
        yield "brings markup back"
    for name, value in CAREFUL.items():
        if value not in answer.headers.get(name, "?"):
            yield f"no {name}"


@contextmanager
def raining(server: str, keys: Path) -> Iterator[Rain]:
    """The stage of the pages before a database of its own; what forms write is undone."""
    database = Fresh(server)
    api = Api(database, at_hour(date(2026, 3, 20)), keys)
    stage = build(api)
    undone = Undone(database.url, pool_size=2)
    app = app_over(Wiring(undone, api.clock, api.app.state.wiring.insurer, Scope("cn")))
    try:
        witness = Witness(app)
        with TestClient(witness, base_url=HOST, raise_server_exceptions=False) as http:
            yield Rain(api, stage, http, witness)
    finally:
        undone.close()
        database.drop()


def places(stage: Stage) -> list[tuple[str, str]]:
    """(who, address) of every page."""
    values = {name: getattr(stage, name) for name in dir(stage) if isinstance(getattr(stage, name), str) and not name.startswith("_")}
    return [(login, where.format(**values)) for login, where in ADDRESSES.values() if not where.startswith("/sign-out")]


def attack(rain: Rain, *, share: float, draw: int, told: Told, visited: float = 1.0) -> None:
    """Every form of every page, each field in turn; every address with hostile words behind it and hostile pieces in it.

    `visited`: the share of pages, `share`: that of hostile values, both by the seed `draw`.
    """
    chance = random.Random(draw)
    every = [place for place in places(rain.stage) if chance.random() < visited]
    for number, (login, where) in enumerate(every):
        for form in forms(rain.ask(login, "GET", where), where):
            for name in form.fields:
                for value in _drawn((*MARKS, *TEXTS), share, chance):
                    sent = {**form.fields, name: value}
                    asked = form.action if form.method == "POST" else f"{form.action.split('?')[0]}?{_query(sent)}"[:LONGEST]
                    rain.ask(login, form.method, asked, sent)
        for value in _drawn((*MARKS, *TEXTS), share, chance):
            rain.ask(login, "GET", f"{where.split('?')[0]}?{_query(dict.fromkeys(QUERY, value[:LONGEST // 200]))}")
        for piece in _drawn(PIECES, share, chance):
            rain.ask(login, "GET", f"{where.split('?')[0].rsplit('/', 1)[0]}/{piece}")
        told(f"{number + 1}/{len(every)} {where}")


def forged(rain: Rain) -> list[str]:
    """Forms of every page sent from another site, and without the session's own word: those that were not refused."""
    taken = []
    values = {name: getattr(rain.stage, name) for name in dir(rain.stage) if isinstance(getattr(rain.stage, name), str)}
    for route, (login, where) in sorted({**ADDRESSES, **FORMS_ELSEWHERE}.items()):
        address = where.format(**values).split("?")[0]
        login = login or "xj.clerk"
        for how, answer in (("another site", rain.ask(login, "POST", address, {}, origin="https://evil.example")),
                            ("no word of the session", rain.ask(login, "POST", address, {}, csrf=False))):
            if answer.status_code not in (403, 405):
                taken.append(f"{route} from {how}: {answer.status_code}")
    return taken


def forms(answer: httpx.Response, where: str) -> list[Form]:
    """The forms of a page, their addresses whole; the way out is left alone."""
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return []
    reader = _Forms()
    reader.feed(answer.text)
    for form in reader.found:
        form.action = (urlsplit(form.action).path and form.action) or where
        for name in ("csrf", "once"):
            form.fields.pop(name, None)
    return [form for form in reader.found if form.action != "/sign-out"]


def _query(fields: dict[str, str]) -> str:
    return urlencode(fields, errors="surrogatepass")


def _drawn(values: tuple[str, ...], share: float, chance: random.Random) -> Iterator[str]:
    return (value for value in values if chance.random() < share)
