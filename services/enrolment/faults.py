"""What is wrong with a roster: faults keep a row out, notes only tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WHOLE = 0       # the row of a fault that concerns the whole roster


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one row, or of the whole roster (`row` WHOLE). `code` is stable, the other words are for people."""

    row: int
    column: str
    fault: str
    remedy: str
    code: str = "roster_row"

    def as_words(self) -> dict[str, str]:
        """As stored with the import and shown to the unit."""
        return {"row": str(self.row), "column": self.column, "fault": self.fault, "remedy": self.remedy, "code": self.code}


class Notes:
    """Things to look at that keep nobody out, counted per column and kind: a whole column of them is one note."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str, str], tuple[int, int]] = {}

    def add(self, row: int, column: str, code: str, text: str, remedy: str) -> None:
        """One more of a kind; the first row is kept as an example."""
        key = (column, code, text, remedy)
        first, count = self._seen.get(key, (row, 0))
        self._seen[key] = (first, count + 1)

    def all(self) -> list[Fault]:
        """Each kind once: `身份证号 列 12 处…（首处在第 3 行）`."""
        return [Fault(first, column, f"{text}（{count} 处，首处在第 {first} 行）" if first else text, remedy, code)
                for (column, code, text, remedy), (first, count) in self._seen.items()]


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """By row, the whole roster's first; within a row as found."""
    return sorted(faults, key=lambda fault: fault.row)
