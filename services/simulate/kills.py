"""kill -9 in the middle of the demonstration: the work must end the same."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from services.core.errors import HuzhuError, InputError
from services.simulate.steps import Step

TARGETS = ("worker", "web", "twin")
_LATEST = 0.5                       # seconds into the step


class Machine(Protocol):
    """What can kill a program and start it again."""

    def kill(self, name: str) -> None:
        """SIGKILL."""

    def restart(self, name: str) -> None:
        """Start again and wait until it is ready."""


@dataclass(frozen=True, slots=True)
class Kill:
    """`at` is a step's name (`S03:verify`, its first time) or its number in the timeline, from 1."""

    name: str
    at: str

    def meets(self, number: int, step: Step) -> bool:
        """Whether this is the moment."""
        return self.at in (str(number), step.name)

    @property
    def delay(self) -> float:
        """Seconds into the step, the same for the same kill."""
        return random.Random(f"{self.name}@{self.at}").uniform(0, _LATEST)


def parse(texts: Sequence[str], steps: Sequence[Step]) -> list[Kill]:
    """`worker@S03:verify`, `web@17`. InputError names the one that is no program or no step."""
    found = []
    for text in texts:
        name, _, at = text.partition("@")
        kill = Kill(name, at)
        if name not in TARGETS or not any(kill.meets(number, step) for number, step in enumerate(steps, 1)):
            raise InputError("kill_unknown", f"“{text}”不是可执行的中断", field="--kill",
                             remedy=f"写成 worker@S03:verify 或 web@17：程序为 {'、'.join(TARGETS)}，步骤号 1–{len(steps)}")
        found.append(kill)
    return found


class Saboteur:
    """Kills at its moments, each once, while the step is under way; the step itself waits for nobody."""

    def __init__(self, kills: Sequence[Kill], machine: Machine) -> None:
        self._waiting = list(kills)
        self._machine = machine
        self._faults: list[HuzhuError] = []
        self.done: list[Kill] = []

    @contextmanager
    def during(self, number: int, step: Step) -> Iterator[None]:
        """Run the step with what its moment brings; afterwards everything is up again."""
        now = [kill for kill in self._waiting if kill.meets(number, step)]
        self._waiting = [kill for kill in self._waiting if kill not in now]
        threads = [threading.Thread(target=self._strike, args=(kill,), daemon=True) for kill in now]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for thread in threads:
                thread.join()
        if self._faults:
            raise self._faults[0]

    def _strike(self, kill: Kill) -> None:
        time.sleep(kill.delay)
        try:
            self._machine.kill(kill.name)
            self._machine.restart(kill.name)
        except HuzhuError as fault:
            self._faults.append(fault)
        self.done.append(kill)
