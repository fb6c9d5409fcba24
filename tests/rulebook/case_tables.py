"""The seeds' tables of cases, and the year that a cover of them lasts."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

CASES = Path(__file__).parent / "cases"
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    """One table."""
    with (CASES / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def year_from(first: str) -> dict[str, object]:
    """A cover's days."""
    start = date.fromisoformat(first)
    return {"effective": first, "until": (start.replace(year=start.year + 1) - timedelta(days=1)).isoformat()}
