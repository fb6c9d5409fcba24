"""Plays the timeline: one day after another, each step as its person, until all that follows from it is done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from services.core.clock import at_hour
from services.core.errors import HuzhuError, OutsideError
from services.simulate.acts import Office
from services.simulate.kills import Saboteur
from services.simulate.screen import Screen
from services.simulate.steps import Step

FIRST_DAY, LAST_DAY = date(2025, 5, 20), date(2026, 11, 30)
_QUIET_SECONDS = 120.0
_POLL, _SELDOM, _GROWING = 0.04, 0.3, 1.25     # seconds; who asks too often takes the time of those who work
# Acts that find what they need as soon as the act before them answered; all others hang on what the worker makes of it.
_AT_ONCE = frozenset({"enrol", "report", "consent", "papers", "fault", "verify", "answer", "release", "card", "confirm_card",
                      "draft", "message", "object", "sheet", "sample"})
_LEVELS = frozenset({"pass", "barred", "ask", "refuse", "hold", "delegate", "send_down"})


def _hangs(act: str, before: str) -> bool:
    """Whether an act must wait for the work that the same story's act before it owes. A passed level opens the next."""
    return act not in _AT_ONCE and not (act in _LEVELS and before in ("pass", "barred"))


class Runner:
    """One demonstration."""

    def __init__(self, office: Office, saboteur: Saboteur, screen: Screen) -> None:
        self._office = office
        self._saboteur = saboteur
        self._screen = screen

    def found(self, token: str) -> None:
        """Organisations, staff, members' accounts: what stands before the first day of the story."""
        self._screen.say("建立宁夏、新疆两地的组织、人员与账号")
        self._office.found(token, at_hour(FIRST_DAY))

    def play(self, steps: Sequence[Step]) -> None:
        """All steps in order. OutsideError names scenario, step and what the API said."""
        self._days(enumerate(steps, 1))
        for kill in self._saboteur.done:
            self._screen.say(f"已中断并重启：{kill.name}（{kill.at} 开始后 {kill.delay:.2f} 秒）")
        self._morning(LAST_DAY)
        self._evening()

    def go_on(self, steps: Sequence[Step], *, after: int) -> None:
        """The days after the scenarios' `after` steps, left where they end: nobody opens a letter that the story leaves closed."""
        self._office.welcome()
        self._days(enumerate(steps, after + 1))

    def _days(self, numbered: Iterable[tuple[int, Step]]) -> None:
        for day, group in groupby(numbered, key=lambda item: item[1].day):
            self._morning(day)
            done: dict[str, str] = {}        # the last act of each scenario since the last wait
            for number, step in group:
                self._screen.step(number, step)
                wait = step.scenario in done and _hangs(step.act, done[step.scenario])
                if wait:
                    done.clear()
                self._take(number, step, wait=wait)
                done[step.scenario] = step.act
            self._evening()

    def _morning(self, day: date) -> None:
        self._screen.day(day)
        self._office.move_clock(at_hour(day))

    def _take(self, number: int, step: Step, *, wait: bool) -> None:
        """`wait` for what follows from today's steps since the last wait; yesterday's was done in the evening."""
        try:
            if wait:
                self.quiet()
            with self._saboteur.during(number, step):
                self._office.act(step)
        except HuzhuError as error:
            raise OutsideError("demo_step", f"{step.words}，{step.day}，第{number}步没有成功：{error.code} {error.message}",
                               remedy=error.remedy or "查看演示目录下 logs 中的日志", field=error.field) from error

    def _evening(self) -> None:
        """Work is done, everybody opens the letters that came today."""
        self.quiet()
        if self._office.open_letters():
            self.quiet()

    def quiet(self) -> None:
        """Wait until no message is on its way and no work is owed."""
        deadline, pause = time.monotonic() + _QUIET_SECONDS, _POLL
        while self._office.busy():
            if time.monotonic() > deadline:
                raise OutsideError("demo_stuck", f"后台工作{_QUIET_SECONDS:.0f}秒没有做完：{self._office.owed()}",
                                   remedy="查看演示目录下 logs/worker.log")
            time.sleep(pause)
            pause = min(_SELDOM, pause * _GROWING)


