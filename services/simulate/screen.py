"""What the demonstration shows while it runs: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from datetime import date
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.simulate.steps import Step


class Screen:
    """`with Screen(console, steps) as screen:`; `step` moves the bar."""

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._progress = Progress(TextColumn("{task.fields[day]}"), BarColumn(bar_width=24), MofNCompleteColumn(),
                                  TimeElapsedColumn(), TextColumn("{task.description}"), console=console, transient=True,
                                  disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=steps, day="")

    def __enter__(self) -> Screen:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def say(self, words: str) -> None:
        """What is being done, outside the stories."""
        self._line(words)
        self._progress.update(self._task, description=words)

    def step(self, number: int, step: Step) -> None:
        """A step begins."""
        self._line(f"{step.day} 第{number}步 {step.words}")
        self._progress.update(self._task, completed=number, day=str(step.day), description=step.words)

    def day(self, day: date) -> None:
        """The business clock moved."""
        self._progress.update(self._task, day=str(day))

    def _line(self, words: str) -> None:
        if not self._console.is_terminal:
            self._console.print(words, markup=False)
