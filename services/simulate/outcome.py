"""What came out, row by row, against what the table of scenarios says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.core.money import show
from services.simulate.scenarios import Scenario

COLUMNS = ("outcome", "amount", "last_timely_report", "late", "file_complete_on", "pay_due", "letters")

WORST = OVER, KEPT, RUNNING, MISSED = ("over", "kept", "running", "missed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One claim as the API tells it at the end. `clocks` is kind → a word of WORST."""

    id: str
    claim_no: str
    state: str
    outcome: str
    amount: Decimal
    last_timely_report: date
    late: bool
    file_complete_on: date | None
    pay_due: date | None
    credited_on: date | None
    letters: tuple[str, ...]
    clocks: Mapping[str, str]

    def promises(self) -> str:
        """The promises for people: how many were kept, and which were not."""
        missed = [kind for kind, word in self.clocks.items() if word == MISSED]
        return f"守 {list(self.clocks.values()).count(KEPT)}" + (f" 逾 {'、'.join(missed)}" if missed else "")

    def as_row(self) -> dict[str, str]:
        """Texts for the CSV, the JSON and the screen."""
        return {"id": self.id, "claim_no": self.claim_no, "state": self.state,
                **{column: text(getattr(self, column)) for column in COLUMNS}, "credited_on": text(self.credited_on),
                "clocks": "; ".join(f"{kind} {word}" for kind, word in self.clocks.items())}


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that is not what the table says."""

    id: str
    column: str
    expected: str
    got: str


def text(value: object) -> str:
    """A cell as the table writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return show(value)
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def differences(rows: Mapping[str, Scenario], outcomes: Sequence[Outcome]) -> list[Difference]:
    """Every cell that differs; a scenario without a claim differs as a whole."""
    got = {outcome.id: outcome for outcome in outcomes}
    missing = [Difference(name, "claim_no", "有案件", "没有") for name in rows if name not in got]
    return missing + [
        Difference(name, column, text(getattr(row, column)), text(getattr(got[name], column)))
        for name, row in rows.items() if name in got
        for column in COLUMNS if text(getattr(row, column)) != text(getattr(got[name], column))]
