"""The office as the demonstration meets it: every act of the stories, the clock, the letters, what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from services.core.clock import business_day
from services.notice.service import base_of
from services.simulate import counter, finance, insurer_desk, midway
from services.simulate.cast import SISTER, members
from services.simulate.door import Desk, Door, Json
from services.simulate.founding import ADMIN, AUDITOR, WORKER, Founding
from services.simulate.ongoing import ongoing
from services.simulate.outcome import KEPT, MISSED, OVER, RUNNING, WORST, Outcome
from services.simulate.scenarios import scenarios
from services.simulate.stage import Stage, rows
from services.simulate.steps import Step, login_of

Act = Callable[[Stage, Step], None]
ACTS: Mapping[str, Act] = {
    "enrol": counter.enrol, "report": counter.report, "consent": counter.consent, "papers": counter.papers,
    "verify": counter.verify, "ask": counter.ask, "open": counter.open_letter, "answer": counter.answer,
    "pass": counter.pass_level, "barred": counter.barred, "death": counter.death, "withdraw": counter.withdraw,
    "file": insurer_desk.act, "question": insurer_desk.act, "decide": insurer_desk.act, "settle": insurer_desk.act,
    "fault": insurer_desk.fault, "run": finance.run, "release": finance.release, "credit": finance.credit,
    "card": finance.card, "confirm_card": finance.confirm_card,
    "draft": midway.draft, "refuse": midway.refuse, "hold": midway.hold, "send_down": midway.send_down, "delegate": midway.delegate,
    "object": midway.objection, "message": midway.message, "sheet": midway.sheet, "sample": midway.sample,
}
_OPENED_IN_THE_STORY = "supplement"     # its delivery pauses the clock, so the story names the day
_UNISSUED = frozenset({"drafted", "voided"})


class Office:
    """One demonstration's office, seen through the API."""

    def __init__(self, door: Door, desk: Desk, bank_dir: Path) -> None:
        self._stage = Stage(door, desk, bank_dir)
        self._moved: set[str] = set()

    def found(self, token: str, at: datetime) -> None:
        """The world before the first day."""
        self._founding = Founding(self._stage.door)
        self._founding.build(token)
        self._stage.orgs = self._founding.orgs
        self.move_clock(at)

    def welcome(self) -> None:
        """Before the last days: accounts of those members who sign in themselves, and a brother and sister known as such."""
        signing_in = [members()[name] for name, row in ongoing().items() if row.account]
        self._founding.welcome(signing_in, sister=members()[SISTER])

    def act(self, step: Step) -> None:
        """Take one step as its person."""
        ACTS[step.act](self._stage, step)
        if step.scenario in self._stage.claims and step.scenario in scenarios():
            self._moved.add(step.scenario)

    def move_clock(self, to: datetime) -> None:
        """Set business time."""
        self._stage.door.post(ADMIN, "/clock", {"to": to.isoformat()})

    def busy(self) -> bool:
        """Whether work is owed or a message is on its way; asked again at the end, since a message becomes work."""
        return self._working() or self._stage.desk.undelivered() > 0 or self._working()

    def _working(self) -> bool:
        return not self._stage.door.get(WORKER, "/system/idle")["idle"]

    def owed(self) -> str:
        """What is still owed, in words."""
        waiting = self._stage.door.get(WORKER, "/system/idle")["waiting"]
        return f"保险公司未送达消息 {self._stage.desk.undelivered()} 条，待办工作 {waiting} 项"

    def open_letters(self) -> int:
        """Whoever got a letter in a scenario that moved today reads it now; returns how many were read."""
        opened = 0
        for scenario in sorted(self._moved):
            for letter in self._letters(scenario):
                if letter["state"] == "dispatched" and letter["code"] != _OPENED_IN_THE_STORY:
                    counter.deliver(self._stage, login_of(scenario, _reader(letter)), letter)
                    opened += 1
        self._moved.clear()
        return opened

    def _letters(self, scenario: str) -> list[Json]:
        return self._stage.door.listed(AUDITOR, f"/claims/{self._stage.claims[scenario]}/notices")

    def letters(self) -> Iterator[tuple[str, str, bytes]]:
        """Every issued letter: claim number, file name in order of issue, PDF."""
        for scenario, claim_no in self._stage.claims.items():
            issued = [letter for letter in self._letters(scenario) if letter["state"] not in _UNISSUED]
            for place, letter in enumerate(issued, 1):
                content = self._stage.door.content(AUDITOR, f"/notices/{letter['id']}/content")
                yield claim_no, f"{place:02d}-{letter['code']}.pdf", content

    def outcomes(self) -> list[Outcome]:
        """Every scenario that has a claim, in the table's order."""
        return [self._outcome(name) for name in scenarios() if name in self._stage.claims]

    def _outcome(self, name: str) -> Outcome:
        whole = self._stage.claim(name)
        claim, case = whole["claim"], whole["case"]
        assert isinstance(claim, dict) and isinstance(case, dict)
        # Told to several heirs it is one letter of the table.
        letters = {(base_of(str(letter["cause"])), str(letter["code"])) for letter in rows(whole["letters"])
                   if letter["state"] not in _UNISSUED}
        credited = [str(payment["credited_at"]) for payment in rows(whole["payments"]) if payment["credited_at"]]
        return Outcome(
            name, str(claim["claim_no"]), str(claim["state"]), str(claim["outcome"]), Decimal(str(claim["amount"] or "0.00")),
            date.fromisoformat(str(case["last_timely_day"])), bool(case["late"]), _day(claim["verified_on"]),
            _day(claim["pay_due"]), business_day(datetime.fromisoformat(max(credited))) if credited else None,
            tuple(sorted(code for _, code in letters)), _clocks(rows(whole["clocks"])))


def _reader(letter: Json) -> str:
    """A member opens her own letters; what goes to heirs or the insurer the clerk hands over against signature."""
    return "member" if letter["recipient"] == "member" else "clerk"


def _day(value: object) -> date | None:
    return date.fromisoformat(str(value)) if value else None


def _clocks(clocks: list[Json]) -> dict[str, str]:
    """By kind, the worst word of its clocks: missed before running before kept; over is a window that has closed."""
    words: dict[str, str] = {}
    for clock in clocks:
        kind, kept = str(clock["kind"]), clock["kept"]
        word = RUNNING if clock["state"] != "stopped" else OVER if kept is None else KEPT if kept else MISSED
        words[kind] = max(words.get(kind, word), word, key=WORST.index)
    return words
