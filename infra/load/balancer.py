"""What stands before the web processes: spreads connections over those in service, and lets one leave without a broken answer.

As a reverse proxy does with one connection a request; `drain` is its "take this one out". The asker's address is kept, since
the house counts look-ups by it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

SILENT = 0.02           # seconds between two looks at a process that is leaving
CHUNK = 1 << 16


class Balancer:
    """`await balancer.open()`, then `add` and `drain` web processes by their port."""

    def __init__(self) -> None:
        self.port = 0
        self.refused = 0                # connections for which no process was there
        self._serving: list[int] = []
        self._under_way: Counter[int] = Counter()
        self._server: asyncio.Server | None = None
        self._held: set[asyncio.Task[None]] = set()     # the loop itself keeps no task alive

    async def open(self) -> None:
        """Listen on a port of its own."""
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    def add(self, port: int) -> None:
        """From now on it gets its share."""
        self._serving.append(port)

    async def drain(self, port: int) -> None:
        """No new request; returns when its last answer is out."""
        self._serving.remove(port)
        while self._under_way[port]:
            await asyncio.sleep(SILENT)

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._pass(reader, writer))
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asker = writer.get_extra_info("peername")[0]
        port = self._next()
        self._under_way[port] += 1
        try:
            inside, out = await asyncio.open_connection("127.0.0.1", port, local_addr=(asker, 0))
        except OSError:
            self.refused += 1
            self._under_way[port] -= 1
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, out), _pump(inside, writer))
        finally:
            out.close()
            self._under_way[port] -= 1
            writer.close()

    def _next(self) -> int:
        """In turn."""
        self._serving.append(self._serving.pop(0))
        return self._serving[-1]


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Bytes one way, until that side has said all."""
    with contextlib.suppress(OSError):          # either side hung up
        while part := await source.read(CHUNK):
            target.write(part)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
