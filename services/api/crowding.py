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
from tempfile import SpooledTemporaryFile
from typing import IO
from weakref import WeakKeyDictionary

from fastapi import Response
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api import problems
from services.core import telemetry
from services.core.settings import settings

API = "/api/"
FREE = ("/api/v1/health", "/static/")
DOOR = ("/sign-in", "/sign-out", "/first-password", "/api/v1/metrics")
PATIENCE = 2.0          # seconds somebody stands in line at most
LINE = 3                # so many times the seats may stand in it
LEARNS = 0.1            # how much one seat that becomes free tells of the next
IN_MEMORY, PART = 1 << 20, 1 << 18      # bytes of a body that lie in memory, and that are read at once
FIRST, LAST = 2, 6      # seconds after which to come again: not all at once
_PAGE = (Path(__file__).parent / "templates" / "crowded.html").read_text(encoding="utf-8")
_STYLE = base64.b64encode(hashlib.sha256(re.findall(r"<style>(.*?)</style>", _PAGE, re.S)[0].encode()).digest()).decode()


@dataclass(slots=True)
class Seats:
    """`free` seats and a line of at most `line`, first come first served. Of one event loop.

    Nobody is put in line who would not have her turn in time, reckoned by how fast seats have become free of late.
    """

    free: int
    line: int
    patience: float = PATIENCE
    _pace: float = 0            # seconds between two seats that become free; 0: not known
    _left_at: float = 0
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def take(self) -> bool:
        """True: a seat, to be given back by `leave`. False: the line is full, or too slow: mostly at once."""
        if self.free > 0:
            self.free -= 1
            return True
        before = len(self._waiting)
        if before >= self.line or (before + 1) * self._pace > self.patience:
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
        if not self._waiting:
            self.free += 1
            self._pace = self._left_at = 0
            return
        now = asyncio.get_running_loop().time()
        if self._left_at:
            took = now - self._left_at
            self._pace = self._pace + LEARNS * (took - self._pace) if self._pace else took
        self._left_at = now
        self._waiting.pop(0).set_result(None)


class Crowding:
    """In front of the application. `seats`: requests in work at once; a quarter as many for those who sign in."""

    def __init__(self, app: ASGIApp, seats: int) -> None:
        self.app, self.size = app, seats
        self._seats: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Seats, Seats]] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer that it is full."""
        if scope["type"] != "http" or scope["path"].startswith(FREE) or _refused_anyway(scope):
            await self.app(scope, receive, send)
            return
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            if not await _come(receive, body):
                return                      # the line broke
            visit = _Visit(self._of(scope), body, receive, send)
            if await visit.seats.take():
                try:
                    await self.app(scope, visit.receive, visit.send)
                finally:
                    visit.leave()
                return
        telemetry.answered(scope["method"], "(crowded)", 503, 0)
        await refusal(scope["path"])(scope, receive, send)

    def _of(self, scope: Scope) -> Seats:
        found = self._seats.setdefault(asyncio.get_running_loop(), self._made())
        return found[scope["path"].startswith(DOOR)]

    def _made(self) -> tuple[Seats, Seats]:
        quarter = max(1, self.size // 4)
        return Seats(self.size, self.size * LINE), Seats(quarter, self.size * LINE)


class _Visit:
    """One request with a seat: its bytes once more, and the seat given back when its answer begins."""

    def __init__(self, seats: Seats, body: IO[bytes], receive: Receive, send: Send) -> None:
        self.seats, self._body, self._receive, self._send = seats, body, receive, send
        self._left, self._read = False, False

    async def receive(self) -> Message:
        """The body's parts; afterwards what the line says."""
        if self._read:
            return await self._receive()
        part = self._body.read(PART)
        self._read = len(part) < PART
        return {"type": "http.request", "body": part, "more_body": not self._read}

    async def send(self, message: Message) -> None:
        """What is sent no longer needs a seat."""
        self.leave()
        await self._send(message)

    def leave(self) -> None:
        """Once."""
        if not self._left:
            self._left = True
            self.seats.leave()


async def _come(receive: Receive, body: IO[bytes]) -> bool:
    """All bytes of a request, however long its line takes. False: it broke."""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return False
        body.write(message.get("body", b""))
        if not message.get("more_body", False):
            body.seek(0)
            return True


def _refused_anyway(scope: Scope) -> bool:
    """Too long, or of unknown length: the application says so without reading it."""
    names = dict(scope["headers"])
    length = names.get(b"content-length", b"0")
    return b"transfer-encoding" in names or not length.isdigit() or int(length) > (settings().upload_limit_mb + 1) * 1024 * 1024


def refusal(path: str) -> Response:
    """503 with the seconds after which to come again: a problem document, or a page in both languages."""
    seconds = str(random.randint(FIRST, LAST))
    if path.startswith(API):
        told = problems.plain(503, "busy", "现在办理的人太多，本次没有写入", f"{seconds} 秒后用同一幂等键重试")
        return problems.answer(told, 503, {"Retry-After": seconds, "Cache-Control": "no-store"})
    return HTMLResponse(_PAGE.replace("SECONDS", seconds), 503, headers={
        "Retry-After": seconds, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE}'; base-uri 'none'; frame-ancestors 'none'"})
