"""People signed in at the pages: a client with the cookie of a real session, and forms sent as a browser sends them."""

from __future__ import annotations

import re
from datetime import datetime

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.access.sessions import open_session
from services.core.db import Database
from services.web.door import COOKIE
from tests.support.world import ROOT, World

HOST = "http://testserver"


class Visitor:
    """Somebody at a browser. `get` reads a page; `send` fills a form of the page last read and submits it."""

    def __init__(self, app: FastAPI, token: str = "", language: str = "zh") -> None:
        self.http = TestClient(app, base_url=HOST, headers={"accept-language": language}, follow_redirects=False)
        if token:
            self.http.cookies.set(COOKIE, token)
        self.page: httpx.Response | None = None

    def get(self, path: str, **query: object) -> httpx.Response:
        """Read a page."""
        self.page = self.http.get(path, params=query or None)
        return self.page

    def send(self, path: str, files: dict[str, tuple[str, bytes, str]] | None = None, **fields: object) -> httpx.Response:
        """Submit a form with the keys of the page last read."""
        given = {**self.keys(), **fields}
        answer: httpx.Response = self.http.post(path, data=given, files=files, headers={"origin": HOST, "sec-fetch-site": "same-origin"})
        if answer.status_code != 303:
            self.page = answer
        return answer

    def keys(self) -> dict[str, str]:
        """What every form of the page last read carries."""
        text = self.page.text if self.page is not None else ""
        found = re.search(r'name="csrf" value="([^"]+)"><input type="hidden" name="once" value="([^"]+)"', text)
        return {"csrf": found[1], "once": found[2]} if found else {}


def sign_in(app: FastAPI, db: Database, world: World, login: str, now: datetime, language: str = "zh") -> Visitor:
    """A visitor with a session in force; a role that needs a second factor counts as having one."""
    account = world.account(login)
    with db.unit_of_work(ROOT.scope) as session:
        session.execute(sa.text("INSERT INTO credential (account_id, totp_step, totp_at) VALUES (:id, 0, :now)"
                                " ON CONFLICT (account_id) DO UPDATE SET totp_at = excluded.totp_at"), {"id": account, "now": now})
        token = open_session(session, account_id=account, stage="full", door="password", agent="test", address="127.0.0.1", now=now)
    visitor = Visitor(app, token, language)
    visitor.get("/progress")
    return visitor
