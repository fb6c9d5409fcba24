"""A TCP proxy that does to a line what networks do: refuses, cuts, delays, halves messages, swallows them.

    with Proxy("127.0.0.1:5432") as proxy:          # or a Unix socket's path; `proxy.port` is where it listens
        proxy.befall(Fault("cut", side="down", after=700), lines=1)
        …
        proxy.log                                   # what it did, line by line

It runs in a thread of its own; every verb may be called from any thread. It knows no protocol: a message is what one read of the
socket brought (a *piece*), and `cut` counts bytes, so that a line is cut in the middle of any message. What is drawn (where a
halved piece is broken) comes from the seed and the line's number: the same traffic is broken at the same places.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar, get_args

Kind = Literal["refuse", "cut", "cut_within", "delay", "halve", "hole"]
Side = Literal["up", "down", "both"]        # up: from who called to the target
KINDS: tuple[Kind, ...] = get_args(Kind)
T = TypeVar("T")
_PIECE = 1 << 16
_RESET = struct.pack("ii", 1, 0)            # SO_LINGER: closing sends a reset, what lay in the buffers is lost


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a line. `after` bytes of that side pass undisturbed first (`cut_within`: so many pieces, then half of the next one).

    `seconds` is how long a delayed piece waits, or the pause between a halved piece's parts.
    """

    kind: Kind
    side: Side = "both"
    after: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something the proxy did: seconds since it began, the line's number from 1, what, on which side, after how many bytes of it."""

    at: float
    line: int
    what: str
    side: str = ""
    bytes: int = 0


def drawn(chance: random.Random, *, longest: int = 4096, seconds: float = 0.05, kinds: tuple[Kind, ...] = KINDS) -> Fault:
    """Any fault, by chance: `longest` bytes at most before it, `seconds` at most of waiting."""
    kind = chance.choice(kinds)
    after = chance.randrange(4) if kind == "cut_within" else chance.randrange(longest)
    return Fault(kind, chance.choice(("up", "down")), after, round(chance.uniform(0, seconds), 3))


@dataclass(eq=False)
class _Line:
    """One connection and what it has carried since its fault began, by side."""

    number: int
    own: Fault | None
    writers: list[asyncio.StreamWriter]
    chance: random.Random
    met: Fault | None = None
    carried: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    pieces: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    total: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    swallowing: set[str] = field(default_factory=set)
    torn: bool = False

    def now_under(self, fault: Fault | None) -> None:
        """Counting begins when the fault does."""
        if fault != self.met:
            self.met, self.carried, self.pieces = fault, {"up": 0, "down": 0}, {"up": 0, "down": 0}
            self.swallowing.clear()

    def reset(self) -> None:
        """Both ends learn of it as of a crashed machine."""
        for writer in self.writers:
            raw = writer.get_extra_info("socket")
            with suppress(OSError):
                if raw.family != socket.AF_UNIX:
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Proxy:
    """Listens on a port of this machine and stands between whoever calls it and the target."""

    def __init__(self, target: str, *, seed: int = 0) -> None:
        self.target, self.seed, self.port = target, seed, 0
        self.log: list[Event] = []
        self._began = time.monotonic()
        self._standing: Fault | None = None
        self._next: deque[Fault] = deque()
        self._lines: set[_Line] = set()
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where an HTTP client calls."""
        return f"http://127.0.0.1:{self.port}"

    def befall(self, fault: Fault, *, lines: int = 0) -> None:
        """From now on every line, those that stand included; with `lines`, only so many of those that come next."""
        if lines:
            self._next.extend([fault] * lines)
        else:
            self._standing = fault

    def well(self) -> None:
        """No more faults; a line whose bytes were swallowed stays torn, for nobody can put them back: it is cut."""
        self._standing = None
        self._next.clear()
        self._run(self._reset(torn_only=True))

    def cut(self) -> int:
        """Reset every line that stands now; how many."""
        return self._run(self._reset())

    def shut(self) -> None:
        """Nobody listens any more: callers are refused, and the lines that stand are cut."""
        self._run(self._shut())

    def open(self) -> None:
        """Listen (again) at the same port."""
        self._run(self._open())

    def close(self) -> None:
        """The end; the port is free."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def did(self, what: str) -> int:
        """How often the log says so."""
        return sum(event.what == what for event in list(self.log))

    @property
    def standing(self) -> int:
        """How many lines stand."""
        return len(self._lines)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _note(self, line: _Line, what: str, side: str = "") -> None:
        self.log.append(Event(round(time.monotonic() - self._began, 3), line.number, what, side, line.total.get(side, 0)))

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_PIECE)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self.log.append(Event(round(time.monotonic() - self._began, 3), 0, "shut"))     # no line: callers are refused by the system
        await self._reset()

    async def _end(self) -> None:
        await self._shut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _reset(self, *, torn_only: bool = False) -> int:
        chosen = [line for line in self._lines if line.swallowing or not torn_only]
        for line in chosen:
            self._note(line, "reset")
            self._lines.discard(line)
            line.reset()
        return len(chosen)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if "/" in self.target:
            return await asyncio.open_unix_connection(str(Path(self.target)), limit=_PIECE)
        host, _, port = self.target.rpartition(":")
        return await asyncio.open_connection(host, int(port), limit=_PIECE)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._count += 1
        own = self._next.popleft() if self._next else None
        line = _Line(self._count, own, [writer], random.Random(f"{self.seed}:{self._count}"))
        self._lines.add(line)
        try:
            with suppress(asyncio.CancelledError):      # the proxy's end
                await self._carry(line, reader, writer)
        finally:
            self._lines.discard(line)
            for end in line.writers:
                end.close()

    async def _carry(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = line.own or self._standing
        if fault is not None and fault.kind == "refuse":
            self._note(line, "refuse")
            line.reset()
            return
        try:
            back, target = await self._reach()
        except OSError:
            self._note(line, "target_away")
            line.reset()
            return
        line.writers.append(target)
        self._note(line, "open")
        await asyncio.gather(self._pump(line, "up", reader, target), self._pump(line, "down", back, writer))

    async def _pump(self, line: _Line, side: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(_PIECE):
                line.now_under(line.own or self._standing)
                if not await self._pass(line, side, piece, writer):
                    return
            if side not in line.swallowing and writer.can_write_eof():
                writer.write_eof()
        except OSError:         # one end was reset (a process killed with unread bytes): the other would wait for ever
            if not line.torn and side not in line.swallowing:
                line.reset()

    async def _pass(self, line: _Line, side: str, piece: bytes, writer: asyncio.StreamWriter) -> bool:
        """Hand a piece on as the line's fault will have it; False when the line was cut."""
        fault, before = line.met, line.carried[side]
        line.carried[side] += len(piece)
        line.pieces[side] += 1
        line.total[side] += len(piece)
        if fault is None or fault.side not in (side, "both"):
            return await _write(writer, piece)
        if fault.kind == "cut" and line.carried[side] > fault.after:
            return await self._torn(line, side, piece[:max(0, fault.after - before)], writer)
        if fault.kind == "cut_within" and line.pieces[side] > fault.after:
            return await self._torn(line, side, piece[:len(piece) // 2], writer)
        if fault.kind == "hole" and line.carried[side] > fault.after:
            if side not in line.swallowing:
                line.swallowing.add(side)
                self._note(line, "hole", side)
            return await _write(writer, piece[:max(0, fault.after - before)])
        if fault.kind == "delay" and line.carried[side] > fault.after:
            self._note(line, "delay", side)
            await asyncio.sleep(fault.seconds)
        if fault.kind == "halve" and line.carried[side] > fault.after and len(piece) > 1:
            return await self._halved(line, side, piece, writer, fault.seconds)
        return await _write(writer, piece)

    async def _torn(self, line: _Line, side: str, first: bytes, writer: asyncio.StreamWriter) -> bool:
        """The beginning arrives, then the line breaks: an end after the first part reaches the reader, so that it has truly read it."""
        line.torn = True
        self._note(line, "cut", side)
        await _write(writer, first)
        writer.close()
        for other in line.writers:
            if other is not writer:
                other.transport.abort()
        return False

    async def _halved(self, line: _Line, side: str, piece: bytes, writer: asyncio.StreamWriter, seconds: float) -> bool:
        self._note(line, "halve", side)
        at = line.chance.randrange(1, len(piece))
        await _write(writer, piece[:at])
        await asyncio.sleep(seconds)
        return await _write(writer, piece[at:])


async def _write(writer: asyncio.StreamWriter, content: bytes) -> bool:
    if content:
        writer.write(content)
        await writer.drain()
    return True
