"""Named faults: `NAME=SHARE` is drawn by a seed, the same seed and file, the same faults; `NAME:LINE` befalls that line of every file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.twins.bank.values import Line

OF_LINES = ("account_unknown", "name_mismatch", "other_amount", "late_return")
OF_FILES = ("truncated_return", "wrong_total", "duplicate_return", "unmatched_line")
NAMES = (*OF_LINES, *OF_FILES)


@dataclass(frozen=True)
class Faults:
    """Which fault befalls a line or a file."""

    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)
    lines: Mapping[int, str] = field(default_factory=dict)

    def befalls(self, name: str, what: str) -> bool:
        """Whether the seed draws it; `what` is a reference or a run's number."""
        drawn = int.from_bytes(hashlib.sha256(f"{self.seed}/{name}/{what}".encode()).digest()[:8]) / 2**64
        return drawn < self.shares.get(name, 0.0)

    def of_line(self, line: Line) -> str:
        """The one named for the line, else the first that is drawn, or an empty word."""
        return self.lines.get(line.number) or next((name for name in OF_LINES if self.befalls(name, line.reference)), "")


def parsed(text: str, seed: int) -> Faults:
    """`account_unknown=0.1,late_return:3,truncated_return`; a name alone is a share of 1. SystemExit names what is not one."""
    shares: dict[str, float] = {}
    lines: dict[int, str] = {}
    for item in filter(None, text.split(",")):
        name, mark, value = item.partition(":") if ":" in item else item.partition("=")
        if name not in (OF_LINES if mark == ":" else NAMES):
            raise SystemExit(f"{item}: faults of lines are {', '.join(OF_LINES)}, of files {', '.join(OF_FILES)}")
        try:
            if mark == ":":
                lines[int(value)] = name
            else:
                shares[name] = float(value or 1)
        except ValueError:
            raise SystemExit(f"{item}: a line is a number, a share a number from 0 to 1") from None
    return Faults(seed, shares, lines)
