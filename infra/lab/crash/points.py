"""Where a worker may die, found by watching it: every commit and every call that leaves the process, before and after, numbered.

Nothing is listed by hand. The driver's commit, the requests to Prefect's server, the insurer's port, the messenger, the store of papers,
and the renaming and removing of files are each wrapped once, at the one place where all of that kind pass. A point's key names the topic
and the flow in hand, the kind, the verb (for a commit: the function of the flow that made it), its number among the points of that
label, and the side. The same start gives the same keys, so that a recorded point can be met again. Points of one flow, kind, line of the
flow's code, verb and side are one *place*, however often and for whatever topic it is come by.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from obstore.store import ObjectStoreMethods
from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient

import services.wiring
from services.core import telemetry
from services.core.clock import FixedClock
from services.core.settings import ROOT
from services.outbox import service as outbox

COMMIT, INSURER, MESSAGE, STORE, FILE, PREFECT = KINDS = ("commit", "insurer", "message", "store", "file", "prefect")
SIDES = ("before", "after")
# The verbs of each port. Asking for what is there already, without leaving a trace, is a call like any other.
_INSURER = ("send", "send_batch", "reply", "recall", "status", "statement", "messages")
_STORE = ("put", "get", "delete", "list", "head")
_FLOWS = str(ROOT / "flows")
_wirings: Any = services.wiring             # its names are taken anew when the worker builds its wiring
_label: ContextVar[str] = ContextVar("label", default="")


@dataclass(frozen=True, slots=True)
class Point:
    """`label`: topic and flow in hand, e.g. "claim.verify > compute_benefit"; `nth` counts those of the label from 1."""

    label: str
    nth: int
    kind: str
    verb: str
    side: str

    @property
    def topic(self) -> str:
        """The outbox topic that was being worked."""
        return self.label.partition(" > ")[0]

    @property
    def flow(self) -> str:
        """The flow; `take`, `done` and `put_back` are the dispatcher's own."""
        return self.label.partition(" > ")[2]

    @property
    def place(self) -> str:
        """Where in the code it is, whichever time."""
        return f"{self.flow} {self.kind} {self.verb} {self.side}"

    def __str__(self) -> str:
        return f"{self.label} {self.nth} {self.kind} {self.verb} {self.side}"


class Watch:
    """Writes each point down as it is passed (one JSON a line, at once), and dies at the fatal one."""

    def __init__(self, record: Path, fatal: str) -> None:
        self._fatal = fatal
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def number(self, label: str, kind: str) -> int:
        """The next number of a label. Prefect's calls count by themselves: one that is slow to answer is made again."""
        counted = f"{label} {PREFECT if kind == PREFECT else ''}"
        with self._lock:
            self._counted[counted] += 1
            return self._counted[counted]

    def pass_by(self, point: Point) -> None:
        """Passed; SIGKILL if it is the one."""
        os.write(self._record, (json.dumps(asdict(point), ensure_ascii=False) + "\n").encode())
        if str(point) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, kind: str, verb: str) -> Iterator[None]:
        """Both sides of one call. What belongs to no work in hand (starting, waiting) is no point."""
        if not (label := _label.get()):
            yield
            return
        nth = self.number(label, kind)
        self.pass_by(Point(label, nth, kind, verb, "before"))
        yield                                       # a call that failed has no other side: what follows it has
        self.pass_by(Point(label, nth, kind, verb, "after"))


def recorded(file: Path) -> list[Point]:
    """What a watch wrote."""
    return [Point(**json.loads(line)) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def instrument(watch: Watch, clock: datetime) -> None:
    """Wrap every place of this process; its business clock stands at one instant, so that two runs write the same days and times."""
    _labels()
    _commits(watch)
    for client, name in ((PrefectHttpxAsyncClient, "send"), (PrefectHttpxSyncClient, "send")):
        _wrap(watch, client, name, PREFECT, _request)
    for name in _STORE:
        _wrap(watch, ObjectStoreMethods, name, STORE, lambda *_, name=name: f"{name} {_place()}")
    _wrap(watch, Path, "replace", FILE, lambda *_: f"replace {_place()}")
    _wrap(watch, shutil, "rmtree", FILE, lambda *_: f"rmtree {_place()}")
    _ports(watch)
    _wirings.RealClock = lambda: FixedClock(clock)


def _request(_: object, request: Any, *__: object) -> str:
    parts = [part for part in request.url.path.split("/") if part and part != "api"]
    return f"{request.method} {'/'.join('…' if any(mark.isdigit() for mark in part) else part for part in parts)}"


def _labels() -> None:
    """The dispatcher says what is in hand: a flow of a topic, or the rows themselves being taken, let go of, put back."""
    inner = telemetry.flow

    @contextmanager
    def flow(name: str, *, topic: str, size: int) -> Iterator[None]:
        token = _label.set(f"{topic} > {name}")
        try:
            with inner(name, topic=topic, size=size):
                yield
        finally:
            _label.reset(token)

    telemetry.flow = flow
    take, done, put_back = outbox.take, outbox.done, outbox.put_back
    topics: dict[int, str] = {}

    @functools.wraps(take)
    def taking(*given: Any, **named: Any) -> list[outbox.Taken]:
        rows = take(*given, **named)
        topics.update((row.id, row.topic) for row in rows)
        _label.set(f"{rows[0].topic} > take" if rows else "")
        return rows

    def about(name: str, verb: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(verb)
        def marked(session: Any, ids: Any, **named: Any) -> None:
            verb(session, ids, **named)
            _label.set(f"{topics[ids[0]]} > {name}")
        return marked

    outbox.take = taking
    outbox.done, outbox.put_back = about("done", done), about("put_back", put_back)


def _commits(watch: Watch) -> None:
    commit = psycopg.Connection.commit

    def watched(connection: psycopg.Connection[Any]) -> None:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            commit(connection)                      # nothing goes to the server
            return
        with watch.around(COMMIT, _place()):
            commit(connection)

    psycopg.Connection.commit = watched  # type: ignore[assignment,method-assign]


def _place() -> str:
    """The innermost line of the flows that is on the way to this commit or call, with its function."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.startswith(_FLOWS) and frame.f_code.co_name not in ("transaction", "looking"):
            return f"{frame.f_code.co_name}:{frame.f_lineno}"
    return "elsewhere"


def _wrap(watch: Watch, owner: Any, name: str, kind: str, verb: Callable[..., str]) -> None:
    inner = getattr(owner, name)

    if inspect.iscoroutinefunction(inner):
        async def later(*given: Any, **named: Any) -> Any:
            with watch.around(kind, verb(*given)):
                return await inner(*given, **named)
        setattr(owner, name, functools.wraps(inner)(later))
        return

    def watched(*given: Any, **named: Any) -> Any:
        with watch.around(kind, verb(*given)):
            return inner(*given, **named)
    setattr(owner, name, functools.wraps(inner)(watched))


class _Watched:
    """A port whose verbs are points; all else passes through."""

    def __init__(self, watch: Watch, port: object, kind: str, verbs: tuple[str, ...]) -> None:
        self._watch, self._port, self._kind, self._verbs = watch, port, kind, verbs

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._port, name)
        if name not in self._verbs:
            return verb

        def watched(*given: Any, **named: Any) -> Any:
            with self._watch.around(self._kind, f"{name} {_place()}"):
                return verb(*given, **named)
        return watched


def _ports(watch: Watch) -> None:
    insurer_of, messenger_of = _wirings.insurer_of, _wirings.messenger_of
    _wirings.insurer_of = lambda config, now: _Watched(watch, insurer_of(config, now), INSURER, _INSURER)
    _wirings.messenger_of = lambda config: _Watched(watch, messenger_of(config), MESSAGE, ("send",))


__all__ = ["KINDS", "SIDES", "Point", "Watch", "instrument", "recorded"]
