"""The hospital at work: its script of settlements, corrections and reversals told one by one, tried again until each is answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from infra.twins.hospital.faults import Faults, drawn
from infra.twins.hospital.journal import Event, Journal
from infra.twins.hospital.wire import Answer, Away, Wire

PAUSE = 0.05
LATE = 5.5              # places by which a late event falls behind
FINAL = frozenset({"setl_reversed"})     # a refusal that says: what you want is so already
Words = Mapping[str, Any]


def scripted(lines: Iterable[str], faults: Faults, outage: tuple[int, int] | None) -> list[tuple[float, Words]]:
    """The script with what the faults make of it: what was typed wrong and set right, a settlement too many and taken back.

    An outage from event FROM on for COUNT events: these are told after it, in an order drawn by the seed.
    """
    found: list[tuple[float, Words]] = []
    for n, line in enumerate(filter(str.strip, lines)):
        words = json.loads(line)
        due = float(n)
        if outage and outage[0] <= n < outage[0] + outage[1]:
            due = sum(outage) + drawn(faults.seed, "outage", str(n)) / 2
        elif faults.befalls("late", str(n)):
            due += LATE
        found += [(due + place / 8, one) for place, one in enumerate(_spoiled(words, n, faults))]
    return found


def _spoiled(words: Words, n: int, faults: Faults) -> list[Words]:
    if words["do"] != "settle":
        return [words]
    made = [words]
    if faults.befalls("mistyped", str(n)):
        wrong = {**words, "body": _doubled(words["body"])}
        made = [wrong, {"do": "correct", "setl_id": words["setl_id"], "body": {
            **words["body"], "correction_no": 1, "reason": "录入金额有误，重新结算"}}]
    if faults.befalls("stray", str(n)):
        stray = f"{words['setl_id']}X"
        made += [{"do": "settle", "setl_id": stray, "body": {**words["body"], "setl_id": stray}},
                 {"do": "reverse", "setl_id": stray, "body": {"reason": "重复结算，冲正"}}]
    return made


def _doubled(body: Words) -> dict[str, Any]:
    """Every amount twice: the sums still agree."""
    return {name: f"{Decimal(value) * 2:.2f}" if name.endswith(("_pay", "_amt", "amt")) else value for name, value in body.items()}


class Desk:
    """Tells the journal's events; `complaints` are refusals that no repeating will heal."""

    def __init__(self, journal: Journal, wire: Wire, faults: Faults, pause: float = PAUSE) -> None:
        self._journal, self._wire, self._faults, self._pause = journal, wire, faults, pause
        self.complaints: list[str] = []

    def work(self, most: int = 0) -> None:
        """Until nothing is left to be told, or `most` attempts were made."""
        made = 0
        while (event := self._journal.next()) and (not most or made < most):
            made += 1
            self._tell(event)

    def _tell(self, event: Event) -> None:
        path = {"settle": "/window/settlements", "correct": f"/window/settlements/{event.words['setl_id']}/corrections",
                "reverse": f"/window/settlements/{event.words['setl_id']}/reversal"}[event.words["do"]]
        body, mark = event.words["body"], str(event.n)
        if not event.tries and self._faults.befalls("lost", mark):
            self._journal.behind(event, 1.5)
            return
        if not event.tries and self._faults.befalls("timeout", mark):
            self._wire.shout(path, body)
            self._journal.behind(event, 2.5)
            return
        try:
            answer = self._wire.post(path, body)
            if self._faults.befalls("duplicate", mark):
                answer = self._wire.post(path, body)
        except Away:
            self._journal.behind(event, 0)
            time.sleep(self._pause)
            return
        self._heard(event, answer)

    def _heard(self, event: Event, answer: Answer) -> None:
        code = str(answer.body.get("code", ""))
        if answer.status in (200, 201):
            self._journal.answered(answer.body)
        elif code == "setl_missing" or answer.status in (429, 500, 502, 503):       # its settlement is not told yet, or the office is busy
            self._journal.behind(event, 1.5)
            time.sleep(self._pause)
            return
        elif code not in FINAL:
            self.complaints.append(f"{event.words['do']} {event.words['setl_id']}: {answer.status} {code} {answer.body.get('title', '')}")
        self._journal.told(event)

    def hand_in(self, day: str) -> Answer:
        """The list of a day, as the faults have it."""
        lines = {setl: share for setl, share in self._journal.listed(day).items() if not self._faults.befalls("forgotten", setl)}
        lines |= {setl: f"{Decimal(share) + 1:.2f}" for setl, share in lines.items() if self._faults.befalls("other_amount", setl)}
        if self._faults.befalls("unknown", day):
            lines["UNKNOWN"] = "1.00"
        return self._wire.post("/window/lists", {"day": day, "items": [{"setl_id": setl, "share": share} for setl, share in lines.items()]})

    def mend(self, differences: Iterable[Words]) -> None:
        """Ask after each settlement on which the lists differ: another hospital's bill may have changed it."""
        for one in differences:
            answer = self._wire.get(f"/window/settlements/{one['setl_id']}")
            if answer.status == 200:
                self._journal.answered(answer.body)
