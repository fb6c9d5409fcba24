"""Files of strangers are opened in another process, under limits of memory and time, and never in this one.

A process is started when first needed and kept (starting costs a third of a second, a job some milliseconds); one that dies,
hangs or grows old is replaced. Two at most, as many as the jobs that a small machine does at once.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from services.core.settings import ROOT

PATIENCE = 40.0             # seconds for one job, waiting and all; the CPU limit within is 30
_OLD = 500                  # jobs, after which a process is replaced
_AT_ONCE = 2


class Died(Exception):
    """The process ended or hung over this job: the file did it."""


class Confined:
    """One process, one file on its table. `module` is what it runs, `old` after how many jobs it is replaced."""

    def __init__(self, module: str = "services.storage.confined_child", *, old: int = _OLD, patience: float | None = None) -> None:
        self._module, self._old, self._patience = module, old, patience
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs = 0

    def lay(self, content: bytes) -> None:
        """Put a file on the table."""
        if self._jobs >= self._old:
            self.close()
        self.ask({"do": "lay", "size": len(content)}, content)

    def ask(self, job: dict[str, object], blob: bytes = b"") -> tuple[dict[str, object], list[bytes]]:
        """The answer and its blobs. Died when the process gave none in time; the next job gets a new process."""
        process = self._started()
        self._jobs += 1
        until = time.monotonic() + (self._patience or PATIENCE)
        try:
            _write(cast(IO[bytes], process.stdin), json.dumps(job).encode() + b"\n" + blob, until)
            answers = _Answers(cast(IO[bytes], process.stdout), until)
            answer: dict[str, object] = json.loads(answers.line())
            sizes = cast("list[int]", answer.pop("sizes"))
            return answer, [answers.take(size) for size in sizes]
        except (OSError, ValueError, TimeoutError):
            self.close()
            raise Died(str(job["do"])) from None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            # Nothing of this process's surroundings goes along: no settings, no keys, no connections.
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, close_fds=True, bufsize=0,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"})
        return self._process

    def close(self) -> None:
        """End the process, busy or not."""
        process, self._process, self._jobs = self._process, None, 0
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


class _Answers:
    """What comes out of the pipe, until a moment."""

    def __init__(self, pipe: IO[bytes], until: float) -> None:
        self._pipe, self._until, self._held = pipe, until, bytearray()

    def line(self) -> bytes:
        while (end := self._held.find(b"\n")) < 0:
            self._more()
        return self.take(end + 1)

    def take(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def _more(self) -> None:
        ready, _, _ = select.select([self._pipe], [], [], max(0.0, self._until - time.monotonic()))
        piece = os.read(self._pipe.fileno(), 1 << 20) if ready else b""
        if not piece:
            raise TimeoutError
        self._held += piece


def _write(pipe: IO[bytes], content: bytes, until: float) -> None:
    """Write it all; a reader that hangs does not hold us for ever."""
    os.set_blocking(pipe.fileno(), False)
    rest = memoryview(content)
    while rest:
        _, ready, _ = select.select([], [pipe], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise TimeoutError
        rest = rest[os.write(pipe.fileno(), rest[:1 << 16]):]


class Rooms:
    """So many processes of one kind for this process, started when first needed; a forked child makes its own."""

    def __init__(self, at_once: int, make: Callable[[], Confined] = Confined) -> None:
        self._at_once, self._make = at_once, make
        self._furnish()
        atexit.register(self.close)

    def _furnish(self) -> None:
        self._owner = os.getpid()
        self._free: queue.LifoQueue[Confined] = queue.LifoQueue()
        self._all = [self._make() for _ in range(self._at_once)]
        for one in reversed(self._all):
            self._free.put(one)

    def close(self) -> None:
        """End them, busy or not."""
        if self._owner == os.getpid():
            for one in self._all:
                one.close()

    @contextmanager
    def table(self, content: bytes) -> Iterator[Confined]:
        """A process with the file on its table, given back at the end. Died when not even that went well."""
        if self._owner != os.getpid():
            self._furnish()
        free = self._free
        one = free.get()
        try:
            one.lay(content)
            yield one
        finally:
            free.put(one)


_rooms = Rooms(_AT_ONCE)


@contextmanager
def table(content: bytes) -> Iterator[Confined]:
    """A process for strangers' files with this one on its table."""
    with _rooms.table(content) as one:
        yield one
