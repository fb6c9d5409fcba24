"""More callers than the machine serves: a bounded number in work, a short line behind it, and for the rest an answer at once.

Without it each request would still be taken, all would be slow together, and at last all would fail together. Whoever is told to come
again has written nothing, and the same key or the same form may be sent again.

A request has its seat from the moment all its bytes are here until its answer begins: a phone that sends a photograph for a minute
holds up nobody, nor one that reads slowly. Who signs in has seats apart; whether the process lives, and static files, need none.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from fastapi import Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api import problems
from services.core import telemetry

API = "/api/"
FREE = ("/api/v1/health", "/static/")
DOOR = ("/sign-in", "/sign-out", "/first-password", "/api/v1/metrics")
PATIENCE = 2.0          # seconds somebody stands in line at most
LINE = 3                # so many times the seats may stand in it
FIRST, LAST = 2, 6      # seconds after which to come again: not all at once
_PAGE = (Path(__file__).parent / "templates" / "crowded.html").read_text(encoding="utf-8")
_STYLE = base64.b64encode(hashlib.sha256(re.findall(r"<style>(.*?)</style>", _PAGE, re.S)[0].encode()).digest()).decode()


@dataclass(slots=True)
class Seats:
    """`free` seats and a line of at most `line`, first come first served. Of one event loop."""

    free: int
    line: int
    patience: float = PATIENCE
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def take(self) -> bool:
        """True: a seat, to be given back by `leave`. False: the line is full, or too slow."""
        if self.free > 0:
            self.free -= 1
            return True
        if len(self._waiting) >= self.line:
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait((turn,), timeout=self.patience)
        except asyncio.CancelledError:
            self._gone(turn)
            raise
        if turn.done():
            return True
        self._gone(turn)
        return False

    def _gone(self, turn: asyncio.Future[None]) -> None:
        """Out of the line; a seat that was given at the same moment goes to the next."""
        if turn.done():
            self.leave()
        else:
            self._waiting.remove(turn)

    def leave(self) -> None:
        """To the first in line, or back."""
        if self._waiting:
            self._waiting.pop(0).set_result(None)
        else:
            self.free += 1


class Crowding:
    """In front of the application. `seats`: requests in work at once; a quarter as many for those who sign in."""

    def __init__(self, app: ASGIApp, seats: int) -> None:
        self.app, self.size = app, seats
        self._seats: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Seats, Seats]] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer that it is full."""
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            await self.app(scope, receive, send)
            return
        visit = _Visit(self._of(scope), receive, send)
        try:
            await visit.run(self.app, scope)
        finally:
            visit.leave()
        if visit.refused:
            telemetry.answered(scope["method"], "(crowded)", 503, 0)
            await refusal(scope["path"])(scope, receive, send)

    def _of(self, scope: Scope) -> Seats:
        found = self._seats.setdefault(asyncio.get_running_loop(), self._made())
        return found[scope["path"].startswith(DOOR)]

    def _made(self) -> tuple[Seats, Seats]:
        quarter = max(1, self.size // 4)
        return Seats(self.size, self.size * LINE), Seats(quarter, self.size * LINE)


class _Visit:
    """One request on its way through: without a seat until its last byte has come."""

    def __init__(self, seats: Seats, receive: Receive, send: Send) -> None:
        self._seats, self._receive, self._send = seats, receive, send
        self._seated = self._answering = self.refused = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        if not _has_body(scope) and not await self._sit():
            return
        try:
            await app(scope, self._received, self._sent)
        except HTTPException:
            if not self.refused:
                raise

    async def _sit(self) -> bool:
        self._seated = await self._seats.take()
        self.refused = not self._seated
        return self._seated

    async def _received(self) -> Message:
        message = await self._receive()
        last = message["type"] == "http.request" and not message.get("more_body", False)
        if last and not self._seated and not self._answering and not await self._sit():
            raise HTTPException(503)        # whatever the application makes of it, `_sent` says nothing of
        return message

    async def _sent(self, message: Message) -> None:
        if self.refused:
            return
        self._answering = True
        self.leave()
        await self._send(message)

    def leave(self) -> None:
        if self._seated:
            self._seated = False
            self._seats.leave()


def _has_body(scope: Scope) -> bool:
    names = dict(scope["headers"])
    return names.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in names


def refusal(path: str) -> Response:
    """503 with the seconds after which to come again: a problem document, or a page in both languages."""
    seconds = str(random.randint(FIRST, LAST))
    if path.startswith(API):
        told = problems.plain(503, "busy", "现在办理的人太多，本次没有写入", f"{seconds} 秒后用同一幂等键重试")
        return problems.answer(told, 503, {"Retry-After": seconds, "Cache-Control": "no-store"})
    return HTMLResponse(_PAGE.replace("SECONDS", seconds), 503, headers={
        "Retry-After": seconds, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE}'; base-uri 'none'; frame-ancestors 'none'"})
