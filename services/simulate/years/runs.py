"""Weekly pay runs of a district's plans: made one day, released and sent the next, answered the day after."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.simulate.years.desk import SECOND, Who, at, is_workday, workday_after
from services.simulate.years.history import History, Row
from services.simulate.years.keys import Chance, digest, key
from services.simulate.years.rows import Tables
from services.workdays.calendar import DAY

BANK = "ICBC"
_WEDNESDAY = 2


@dataclass(slots=True)
class Line:
    """A payment in a run, with the parts of its record and of its claim's that only the finished file knows."""

    payment: Row
    history: History
    sent: Row
    answered: Row
    returned: str | None


@dataclass(slots=True)
class Run:
    """One run. Its instants are fixed by its day; how far it got, by `now`."""

    row: Row
    history: History
    maker: Who
    checker: Who
    submitted: datetime
    released: datetime
    sent: datetime
    answered: datetime
    lines: list[Line] = field(default_factory=list)

    @property
    def made(self) -> datetime:
        """When the maker laid it out."""
        made: datetime = self.row["made_at"]
        return made


class Runs:
    """A district's runs, opened when the first payment needs one."""

    def __init__(self, index: int, org_key: str, makers: tuple[Who, ...], checkers: tuple[Who, ...], now: datetime,
                 chance: Chance) -> None:
        self._index, self._org_key, self._now, self._chance = index, org_key, now, chance
        self._makers, self._checkers = makers, checkers
        self._runs: dict[tuple[str, date], Run] = {}
        self._serials: dict[int, int] = {}

    def after(self, plan: str, instant: datetime) -> Run:
        """The plan's first run that is made after an instant."""
        monday = instant.date() - DAY * instant.weekday()
        while True:
            wednesday = monday + DAY * _WEDNESDAY
            day = wednesday if is_workday(wednesday) else workday_after(wednesday)
            if at(day, 10) > instant:
                return self._runs.get((plan, day)) or self._open(plan, day)
            monday += DAY * 7

    def _open(self, plan: str, day: date) -> Run:
        made, following = at(day, 10), workday_after(day)
        maker, checker = self._chance.choice(self._makers), self._chance.choice(self._checkers)
        run_id = key(self._chance, made)
        history = History(run_id, self._org_key, made, self._now, self._chance)
        row: Row = {"id": run_id, "org_key": self._org_key, "plan": plan, "bank": BANK, "made_by": maker.account,
                    "made_person": maker.person, "made_at": made, "state": "draft", "version": 1}
        run = Run(row, history, maker, checker, at(day, 15), at(following, 10), at(following, 10, 30),
                  at(workday_after(following), 11))
        self._runs[plan, day] = run
        return run

    def number(self) -> None:
        """Draw the runs' numbers in order of their days and write what only the finished file knows."""
        for (_, day), run in sorted(self._runs.items(), key=lambda item: (item[0][1], item[0][0])):
            if run.made > self._now:
                continue
            self._serials[day.year] = self._serials.get(day.year, 0) + 1
            run.row["run_no"] = f"P{day.year}{self._index * 1000 + self._serials[day.year]:06d}"
            _walk(run, self._now)

    def tables(self, tables: Tables) -> list[Run]:
        """The bank's lines; gives the runs whose own rows and record are to be written."""
        made = [run for run in self._runs.values() if run.made <= self._now]
        for run in made:
            for number, line in enumerate(run.lines, 1):
                _bank_lines(run, number, line, self._now, tables)
        return made


def _walk(run: Run, now: datetime) -> None:
    """Number, digest and record of a run, as far as it got."""
    row, history, number = run.row, run.history, run.row["run_no"]
    history.note("payment_run", row["id"], "create", run.made, run.maker, {"plan": row["plan"], "bank": BANK}, target="draft",
                 version=1)
    file = digest(history.chance, number)
    row |= {"count": len(run.lines), "total_fen": sum(line.payment["amount_fen"] for line in run.lines),
            "digest": _digest(run.lines)}
    for position, line in enumerate(run.lines, 1):
        line.sent |= {"reference": f"{number}-{position:05d}", "file": file}
        line.answered |= {"file": digest(history.chance, "answer", number), "line": position}
    if run.submitted <= now:
        history.fire("payment_run", row, "submit", run.submitted, run.maker)
    if run.released <= now:
        row |= {"checked_by": run.checker.account, "checked_person": run.checker.person, "released_at": run.released}
        history.fire("payment_run", row, "release", run.released, run.checker)
    if run.sent <= now:
        row |= {"file_name": f"{number}.txt", "file_sha256": file, "sent_at": run.sent}
        history.fire("payment_run", row, "send", run.sent + SECOND, details={"file": file, "count": len(run.lines)})
    if run.answered <= now:
        history.fire("payment_run", row, "reconcile", run.answered + timedelta(minutes=2))


def _digest(lines: list[Line]) -> str:
    """What the checker releases, in the words of `lifecycle.facts.RUN_DIGEST`."""
    parts = sorted(":".join(str(line.payment[name]) for name in ("id", "payee_id", "bank_card_id", "amount_fen", "attempt"))
                   for line in lines)
    return hashlib.sha256(",".join(parts).encode()).hexdigest()


def _bank_lines(run: Run, number: int, line: Line, now: datetime, tables: Tables) -> None:
    payment, reference = line.payment, line.sent["reference"]
    common = (run.row["id"], payment["attempt"], reference, payment["amount_fen"])
    chance = line.history.chance

    def add(kind: str, instant: datetime, serial: str | None, reason: str | None, file: str) -> None:
        run_id, attempt, _, fen = common
        tables.add("bank_line", key(chance, instant), payment["org_key"], payment["id"], run_id, kind, attempt, reference, fen,
                   serial, instant if kind != "sent" else None, reason, file, number, instant)

    if run.sent <= now:
        add("sent", run.sent, None, None, line.sent["file"])
    if run.answered <= now:
        add("return" if line.returned else "credit", run.answered, line.answered["serial"], line.returned,
            line.answered["file"])

