"""What a bench of several processes costs: seconds of the wall and of the processors, and memory, the server's told apart."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Step:
    """Seconds: of the wall, of our own processes' processors, of the server's."""

    wall: float
    ours: float
    server: float


@dataclass
class Measured:
    """Each step, and the most memory at any time: proportional sets in MB, of our processes, of the server's, of both at once."""

    steps: dict[str, Step] = field(default_factory=dict)
    ours_mb: float = 0.0
    server_mb: float = 0.0
    together_mb: float = 0.0

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum(step.wall for step in self.steps.values())

    @property
    def cpu(self) -> float:
        """And of all processors."""
        return sum(step.ours + step.server for step in self.steps.values())


@contextmanager
def timed(measured: Measured, name: str, data: Path) -> Iterator[None]:
    """A step's seconds. `data`: the server's directory."""
    begun, ours, server = time.perf_counter(), _own_cpu(), _cpu(servers(data))
    yield
    measured.steps[name] = Step(time.perf_counter() - begun, _own_cpu() - ours, _cpu(servers(data)) - server)


@contextmanager
def watched(measured: Measured, data: Path) -> Iterator[None]:
    """Memory of this process, its children and the server, looked at five times a second."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            of_server = servers(data)
            ours, theirs = sum(map(_pss_mb, _family() - of_server)), sum(map(_pss_mb, of_server))
            measured.ours_mb, measured.server_mb = max(measured.ours_mb, ours), max(measured.server_mb, theirs)
            measured.together_mb = max(measured.together_mb, ours + theirs)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def servers(data: Path) -> set[int]:
    """The server's processes: they work in its directory."""
    place, found = str(data.resolve()), set[int]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "comm").read_text().startswith("postgres") and str((entry / "cwd").readlink()) == place:
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


def _family() -> set[int]:
    """This process and all that it started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
            except OSError:
                continue
    wanted, seen = [os.getpid()], set[int]()
    while wanted:
        pid = wanted.pop()
        if pid not in seen:
            seen.add(pid)
            wanted += children.get(pid, [])
    return seen


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu(pids: set[int]) -> float:
    spent = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        # With those of children that ended: a backend's go to the postmaster.
        spent += sum(map(int, fields[11:15]))
    return spent / _TICKS


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
