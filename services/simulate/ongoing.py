"""The claims that are still on the way when the demonstration ends: who has one, and what stands. The table is the file beside."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from services.simulate.scenarios import event_words

TABLE = Path(__file__).with_name("ongoing.csv")


@dataclass(frozen=True, slots=True)
class Ongoing:
    """One row. `account`: the member signs in; the others' clerks report for them."""

    id: str
    unit: str
    plan: str
    shares: int
    icd10: str
    behaviour: str
    severity: str | None
    specimen_on: date
    diagnosed_on: date
    reported_on: date
    account: bool
    what_stands: str
    cover_effective: date = date(2026, 1, 1)

    def event(self) -> dict[str, object]:
        """The event in the words of a computation."""
        return event_words(self)


def _read(row: Mapping[str, str]) -> Ongoing:
    return Ongoing(row["id"], row["unit"], row["plan"], int(row["shares"]), row["icd10"], row["behaviour"], row["severity"] or None,
                   date.fromisoformat(row["specimen_on"]), date.fromisoformat(row["diagnosed_on"]), date.fromisoformat(row["reported_on"]),
                   row["account"] == "yes", row["what_stands"])


@lru_cache(maxsize=1)
def ongoing() -> Mapping[str, Ongoing]:
    """All rows by id, in the table's order."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["id"]: _read(row) for row in csv.DictReader(file)}
