"""One claim's history while it grows: its rows, its clocks and its record, each step one that its machine permits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from services.lifecycle.queries import transitions
from services.rulebook.parts import ClockRule
from services.simulate.years.desk import SYSTEM, Who, at, in_hours
from services.simulate.years.keys import Chance, key
from services.simulate.years.record import Note
from services.simulate.years.rows import NULL, line, text
from services.sla.policy import policies
from services.sla.rewatch import array
from services.sla.service import count
from services.sla.watching import days_of
from services.workdays.calendar import DAY, calendar
from services.workdays.count import Count
from statemachines.states import (
    ClaimState,
    HandoffState,
    NoticeState,
    PaymentRunState,
    PaymentState,
    ReviewState,
    SupplementState,
)

Row = dict[str, Any]            # a table's row by column; its table is known where it lies
FIRST: Mapping[str, str] = {
    "claim": ClaimState.REPORTED.value, "review_step": ReviewState.WAITING.value, "handoff": HandoffState.PREPARED.value,
    "payment": PaymentState.PLANNED.value, "payment_run": PaymentRunState.DRAFT.value, "notice": NoticeState.DRAFTED.value,
    "supplement": SupplementState.DRAFTED.value}
TARGETS: Mapping[tuple[str, str, str], str] = {(machine, source, event): target
                                               for machine, source, event, target in transitions()}
WINDOW = "objection"            # open to somebody, promised by nobody: never kept nor missed
_WAITS_A_DAY = 86_400
_NOTHING: Row = {}
_note = Note._make


class History:
    """`t` is the present moment of the walk, `now` where every walk ends; `halt` names where this one is to stay."""

    def __init__(self, chain_id: uuid.UUID, org_key: str, began: datetime, now: datetime, chance: Chance,
                 halt: str = "") -> None:
        self.chain_id, self.org_key, self.t, self.now, self.chance, self.halt = chain_id, org_key, began, now, chance, halt
        self.rows: list[tuple[str, Row]] = []
        self.entries: list[Note] = []
        self.clocks: list[Clock] = []
        self.letters: list[datetime | None] = []        # when each was delivered

    def new(self, table: str, instant: datetime, /, **values: object) -> Row:
        """A row of a table without a machine."""
        row: Row = {"id": key(self.chance, instant), "org_key": self.org_key, **values}
        self.rows.append((table, row))
        return row

    def create(self, machine: str, instant: datetime, who: Who, details: Row | None = None, /, **values: object) -> Row:
        """A machine's row in its first state, with its record."""
        row = self.new(machine, instant, state=FIRST[machine], version=1, **values)
        self.note(machine, row["id"], "create", instant, who, details, target=FIRST[machine], version=1)
        return row

    def fire(self, machine: str, row: Row, event: str, instant: datetime, who: Who = SYSTEM, details: Row | None = None,
             reason: str | None = None) -> None:
        """Move a row. KeyError when its machine does not permit the event."""
        source = row["state"]
        row["state"] = TARGETS[machine, source, event]
        row["version"] += 1
        self.note(machine, row["id"], event, instant, who, details, source, row["state"], row["version"], reason)

    def note(self, machine: str, subject: uuid.UUID, event: str, instant: datetime, who: Who, details: Row | None = None,
             source: str | None = None, target: str | None = None, version: int | None = None,
             reason: str | None = None) -> None:
        """A record on this chain."""
        self.entries.append(_note((instant, machine, subject, event, source, target, version, reason,
                                   _NOTHING if details is None else details, who)))

    def wait(self, days: float, spread: float = 0.6) -> bool:
        """Let time go by, lognormal around `days`, up to an office hour. False when that lies after `now`."""
        later = self.t + timedelta(seconds=int(days * _WAITS_A_DAY * self.chance.lognormvariate(0, spread)) + 60)
        if later > self.now:
            return False
        later = in_hours(later, self.chance)
        if later <= self.now:
            self.t = later
        return later <= self.now

    def soon(self, most: int = 20) -> datetime:
        """A few seconds later: what a program does by itself."""
        self.t = min(self.now, self.t + timedelta(seconds=1 + self.chance.randrange(most)))
        return self.t

    def start(self, kind: str, rule: ClockRule | None, day: date, subject: str = "") -> None:
        """A clock of the plan begins; a plan without it has none."""
        if rule is not None:
            self.clocks.append(Clock(kind, subject, rule, day))

    def stop(self, kinds: tuple[str, ...], day: date, subject: str | None = None) -> None:
        """The clocks of these kinds (all when empty) end."""
        for clock in self.clocks:
            if (not kinds or clock.kind in kinds) and subject in (None, clock.subject) and clock.state != "stopped":
                clock.stop(day)

    def pause(self, kinds: tuple[str, ...], day: date) -> None:
        """The running ones of these kinds wait."""
        for clock in self.clocks:
            if clock.kind in kinds and clock.state == "running":
                clock.pause(day)

    def resume(self, kinds: tuple[str, ...], day: date) -> None:
        """The waiting ones go on."""
        for clock in self.clocks:
            if clock.kind in kinds and clock.state == "paused":
                clock.resume(day)

    def clock(self, kind: str) -> Clock | None:
        """The clock of a kind, if there is one."""
        return next((clock for clock in self.clocks if clock.kind == kind), None)

    def clock_lines(self, today: date) -> list[str]:
        """The clocks of a claim as lines of `sla_clock`: every eighth row of a district is one."""
        claim = f"{self.org_key}\t{self.chain_id}\t1"
        return [f"{key(self.chance, at(clock.start_on, 0))}\t{claim}\t{clock.columns(today)}" for clock in self.clocks]


class Clock:
    """A budget with its pauses."""

    __slots__ = ("budget", "counted", "kept", "kind", "pauses", "rule", "start_on", "state", "stopped_on", "subject")

    def __init__(self, kind: str, subject: str, rule: ClockRule, start_on: date) -> None:
        self.kind, self.subject, self.rule, self.start_on = kind, subject, rule, start_on
        self.counted = _counted(rule, start_on)
        self.pauses: list[list[date | None]] = []
        self.state, self.stopped_on, self.kept = "running", None, None

    def stop(self, day: date) -> None:
        waited = self.state == "paused" and (self.pauses[-1][0] or day) <= self.counted.due      # as `services.sla` stops it
        self.state, self.stopped_on = "stopped", day        # type: ignore[assignment]
        self.kept = None if self.kind == WINDOW or waited else day <= self.counted.due   # type: ignore[assignment]

    def pause(self, day: date) -> None:
        self.state = "paused"
        self.pauses.append([day, None])

    def resume(self, day: date) -> None:
        self.state = "running"
        self.pauses[-1][1] = day
        self.counted = count(self.rule, self.start_on, [(first, last) for first, last in self.pauses if first and last])

    def columns(self, today: date) -> str:
        """From `kind` on, as COPY text."""
        counted, due = self.counted, self.counted.due
        missed = self.kept is False or (self.state == "running" and self.kind != WINDOW and due < today)
        pauses = [[day.isoformat() if day else None for day in pause] for pause in self.pauses]
        return (f"{self.kind}\t{self.subject}\t{_terms(self.rule)}\t{self.start_on}\t{due}\t{'t' if counted.provisional else 'f'}\t"
                f"{text(counted.words)}\t{calendar().version}\t{line((pauses, self.state, self.stopped_on, self.kept))}\t"
                f"{at(due + DAY, 2).isoformat() if missed else NULL}\t{self._watched(today)}")

    def _watched(self, today: date) -> str:
        """How it is watched, as if each day had been swept: a running clock knows the day of its next step."""
        policy = policies()[self.kind]
        pauses = tuple((first, last) for first, last in self.pauses if first and last)
        days = days_of(policy, self.start_on, self.counted.due, pauses, calendar())
        step = sum(day <= (self.stopped_on or today) for day in days)
        return line((policy.id, policy.owner.role if policy.owner else "", array(days), step, days[step] if step < len(days) else None))


@cache
def _terms(rule: ClockRule) -> str:
    return line((rule.days, rule.kind, text(rule.clause), rule.origin))


@cache
def _counted(rule: ClockRule, start_on: date) -> Count:
    """Many clocks of a rule begin on one day: counted once."""
    return count(rule, start_on)
