"""The sixteen scenarios as the table beside this file fixes them: what goes in and what must come out."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Protocol

TABLE = Path(__file__).with_name("scenarios.csv")

# The table's words for letters, as the codes under which the product issues them.
LETTERS: Mapping[str, tuple[str, ...]] = {
    "receipt": ("receipt",),
    "transfer": ("transfer",),
    "supplement list": ("supplement",),
    "decision": ("decision",),
    "consolation": ("consolation",),
    "decision with cover note": ("cover_note",),
    "insurer decision with cover note": ("cover_note",),
    "insurer refusal with cover note": ("cover_note",),
    "refund decision": ("refund",),
    "payment": ("payment",),
    "payment to each heir": ("heirs", "payment", "payment"),      # first told what to bring, then that it is paid
    "confirmation": ("withdrawal",),
}


class Illness(Protocol):
    """What a member reports and her papers say."""

    @property
    def cover_effective(self) -> date: ...
    @property
    def icd10(self) -> str: ...
    @property
    def behaviour(self) -> str: ...
    @property
    def severity(self) -> str | None: ...
    @property
    def specimen_on(self) -> date: ...
    @property
    def diagnosed_on(self) -> date: ...


def event_words(row: Illness) -> dict[str, object]:
    """The event in the words of a computation, without stays."""
    event: dict[str, object] = {
        "kind": "diagnosis", "icd10": row.icd10, "behaviour": row.behaviour,
        "specimen_on": row.specimen_on.isoformat(), "diagnosed_on": row.diagnosed_on.isoformat()}
    return {**event, "severity": row.severity} if row.severity else event


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row. Days are dates; `file_complete_on` and `pay_due` are None for a claim that never got that far."""

    id: str
    plan: str
    cover_effective: date
    renewal: bool
    shares: int
    icd10: str
    behaviour: str
    severity: str | None
    specimen_on: date
    diagnosed_on: date
    reported_on: date
    last_timely_report: date
    late: bool
    file_complete_on: date | None
    pay_due: date | None
    outcome: str
    amount: Decimal
    what_happens: str
    letters: tuple[str, ...]

    def event(self) -> dict[str, object]:
        """The event in the words of a computation, without stays."""
        return event_words(self)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _sure(text: str) -> date:
    return date.fromisoformat(text)


def _letters(words: str) -> tuple[str, ...]:
    """Codes in alphabetical order: the table says which letters, their order follows from the road."""
    return tuple(sorted(code for word in words.split("; ") for code in LETTERS[word]))


def _read(row: Mapping[str, str]) -> Scenario:
    return Scenario(
        row["id"], row["plan"], _sure(row["cover_effective"]), row["renewal"] == "1", int(row["shares"]), row["icd10"],
        row["behaviour"], row["severity"] or None, _sure(row["specimen_on"]), _sure(row["diagnosed_on"]),
        _sure(row["reported_on"]), _sure(row["last_timely_report"]), row["late"] == "yes", _day(row["file_complete_on"]),
        _day(row["pay_due_15_working_days"]), row["outcome"], Decimal(row["amount"]), row["what_happens"],
        _letters(row["letters"]))


@lru_cache(maxsize=1)
def scenarios() -> Mapping[str, Scenario]:
    """All rows by id, in the table's order."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["id"]: _read(row) for row in csv.DictReader(file)}
