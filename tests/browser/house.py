"""What a browser test works with: people at their desks, what they read, what the workers do between."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from typing import Literal

import sqlalchemy as sa
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize

from services.access.sessions import open_session
from services.web.door import COOKIE
from tests.browser.stage import one
from tests.services.api_world import Api
from tests.support.world import ROOT

Scheme = Literal["light", "dark"]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE = Axe()
SEND = """([action]) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action });
  const token = document.createElement("input");
  Object.assign(token, { type: "hidden", name: "csrf", value: document.querySelector("input[name=csrf]")?.value || "" });
  form.append(token);
  document.body.append(form);
  form.submit();
}"""


def chromium() -> str:
    """The system's Chromium. FileNotFoundError with the remedy when there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise FileNotFoundError("no Chromium on this machine; run infra/bootstrap.sh as root, or: apt-get install chromium fonts-noto-cjk")
    return found


class House:
    """`house.seat("xj.district")` is a page of somebody signed in; `house.api` arranges what went before."""

    def __init__(self, api: Api, browser: Browser, url: str) -> None:
        self.api, self.browser, self.url = api, browser, url
        self._open: list[BrowserContext] = []
        self.heard: list[str] = []        # what no page may do: errors of scripts, refused or missing parts, other hosts

    def visitor(self, *, language: str = "zh-CN", phone: bool = False, scheme: Scheme = "light", script: bool = True) -> Page:
        """Somebody at a browser who is not signed in."""
        context = self.browser.new_context(
            base_url=self.url, locale=language, viewport=PHONE if phone else DESK, has_touch=phone, is_mobile=phone,
            color_scheme=scheme, java_script_enabled=script, timezone_id="Asia/Shanghai")
        context.set_default_timeout(15_000)
        self._open.append(context)
        page = context.new_page()
        self._listen(page)
        return page

    def seat(self, login: str, *, language: str = "zh-CN", phone: bool = False, scheme: Scheme = "light", script: bool = True) -> Page:
        """Somebody signed in, second factor shown."""
        page = self.visitor(language=language, phone=phone, scheme=scheme, script=script)
        self.sit(page, login)
        return page

    def sit(self, page: Page, login: str) -> None:
        """The person in this browser is now `login`."""
        page.context.add_cookies([{"name": COOKIE, "value": self.session_of(login), "url": self.url, "httpOnly": True, "sameSite": "Lax"}])

    def session_of(self, login: str) -> str:
        """The cookie of a session in force."""
        account, now = self.api.world.account(login), self.api.clock.now()
        with self.api.db.unit_of_work(ROOT.scope) as session:
            session.execute(sa.text("INSERT INTO credential (account_id, totp_step, totp_at) VALUES (:id, 0, :now)"
                                    " ON CONFLICT (account_id) DO UPDATE SET totp_at = excluded.totp_at"), {"id": account, "now": now})
            return open_session(session, account_id=account, stage="full", door="password", agent="test", address="127.0.0.1", now=now)

    def leave(self) -> None:
        """Close every browser profile that was opened."""
        for context in self._open:
            context.close()
        self._open.clear()

    def _listen(self, page: Page) -> None:
        def said(message: ConsoleMessage) -> None:
            if message.type == "error" and not message.text.startswith("Failed to load resource"):      # those are answers, below
                self.heard.append(f"{page.url}: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith((self.url, "data:", "blob:", "chrome")):                     # the browser's own PDF viewer
                self.heard.append(f"{page.url} asks {request.url}")

        def answered(response: Response) -> None:
            if response.status >= 400 and not response.request.is_navigation_request():
                self.heard.append(f"{page.url}: {response.status} {response.url}")
        page.on("console", said)
        page.on("request", asked)
        page.on("response", answered)
        page.on("pageerror", lambda error: self.heard.append(f"{page.url}: {error}"))

    def state(self, claim_no: str) -> str:
        """The claim's state."""
        return one(self.api, "SELECT state FROM claim WHERE claim_no = :no", no=claim_no)


def wide_enough(page: Page) -> bool:
    """Nothing sticks out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def send_empty(page: Page, action: str) -> Response:
    """Send a form of this address with nothing in it but the session's token, as somebody who presses the button at once."""
    with page.expect_navigation() as going:
        page.evaluate(SEND, [action])
    return going.value


def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds, one line for each place. With rules: those only, on a page that has axe already."""
    if not rules:
        page.evaluate(AXE.axe_script)
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(RULES)}
    found = page.evaluate("(options) => axe.run(options).then((found) => found.violations)", {
        "runOnly": only, "resultTypes": ["violations"]})
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]]


class serving:  # noqa: N801 — reads as a phrase: `with serving(api, browser) as house`
    """The application on a free port of this machine while the block runs."""

    def __init__(self, api: Api, browser: Browser) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        config = uvicorn.Config(api.app, log_level="warning", access_log=False, server_header=False, proxy_headers=False)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)
        self.house = House(api, browser, f"http://127.0.0.1:{self.socket.getsockname()[1]}")

    def __enter__(self) -> House:
        self.thread.start()
        deadline = time.monotonic() + 30
        while not self.server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        return self.house

    def __exit__(self, *_: object) -> None:
        self.house.leave()
        self.server.should_exit = True
        self.thread.join(10)
        self.socket.close()
