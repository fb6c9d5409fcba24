"""Workers on order: the worker's code is loaded once, and each worker is a fork of its own that lives until it is killed.

`python -m infra.lab.crash.keeper` waits for one JSON object a line: `{"live": {environment}, "record": file, "fatal": key, "clock":
instant}` starts a worker and answers its process id; `{"kill": true}` ends it with SIGKILL. When a worker ends, `{"ended": status}` is
written. No memory, connection or lock of a dead worker lives on in the next.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from flows import worker
from infra.lab.crash.points import Watch, instrument
from services.core import crypto
from services.core.settings import ROOT, settings


def _live(order: dict[str, object]) -> None:
    """The office's own worker, watched, until it is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()                             # its own children are no orphans of the next
    environment = order["live"]
    assert isinstance(environment, dict)
    os.environ.update(environment)
    settings.cache_clear()
    crypto.key_ring.cache_clear()
    instrument(Watch(Path(str(order["record"])), str(order["fatal"])), datetime.fromisoformat(str(order["clock"])))
    os.close(0)
    os.dup2(2, 1)                           # standard output is the keeper's
    os._exit(worker.main())


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Orders until the other side closes."""
    gc.freeze()                             # the forks share what was loaded
    _say(ready=True)
    child = 0
    while True:
        if select.select([0], [], [], 0.01)[0]:
            line = sys.stdin.readline()
            order = json.loads(line) if line else {"kill": True}
            if child and "kill" in order:
                os.killpg(child, signal.SIGKILL)
            if not line:
                return
            if "live" in order:
                child = os.fork()
                if not child:
                    _live(order)
                _say(living=child)
        if child:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)        # what it had started
                child = 0
                _say(ended=os.waitstatus_to_exitcode(status))


class Keeper:
    """The other end: one keeper process, one worker at a time."""

    def __init__(self, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "infra.lab.crash.keeper"], cwd=ROOT, env=dict(environment), text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self._living = False
        assert self._hear(120) == {"ready": True}

    def _order(self, **words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def _hear(self, seconds: float) -> dict[str, object] | None:
        """The next word; None when there is none in time."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        said: dict[str, object] = json.loads(self._process.stdout.readline())
        return said

    def live(self, environment: Mapping[str, str], *, record: Path, fatal: str, clock: datetime) -> None:
        """There is a worker from now on."""
        self._order(live=dict(environment), record=str(record), fatal=fatal, clock=clock.isoformat())
        assert self._hear(30) is not None
        self._living = True

    def ended(self, seconds: float) -> int | None:
        """The worker's status if it ended within so long: minus the signal that killed it."""
        said = self._hear(seconds)
        if said is None:
            return None
        self._living = False
        return int(str(said["ended"]))

    def kill(self) -> None:
        """The worker is killed, and is dead."""
        if not self._living:
            return
        self._order(kill=True)
        deadline = time.monotonic() + 30
        while self.ended(1) is None:
            assert time.monotonic() < deadline, "a worker that does not die"

    def end(self) -> None:
        """No more orders."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


if __name__ == "__main__":
    main()
