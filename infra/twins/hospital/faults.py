"""Named faults: `NAME=SHARE` is drawn by a seed and the event's number; the same seed and script, the same faults."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

OF_EVENTS = ("lost", "timeout", "duplicate", "late", "mistyped", "stray")
OF_LISTS = ("forgotten", "other_amount", "unknown")
NAMES = (*OF_EVENTS, *OF_LISTS)


@dataclass(frozen=True)
class Faults:
    """Which fault befalls an event or a line of a list."""

    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)

    def befalls(self, name: str, what: str) -> bool:
        """Whether the seed draws it; `what` is the event's number or a settlement's."""
        return drawn(self.seed, name, what) < self.shares.get(name, 0.0)


def drawn(seed: int, name: str, what: str) -> float:
    """From 0 up to 1, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}/{what}".encode()).digest()[:8]) / 2**64


def parsed(text: str, seed: int) -> Faults:
    """`lost=0.1,duplicate`; a name alone is a share of 1. SystemExit names what is not one."""
    shares: dict[str, float] = {}
    for item in filter(None, text.split(",")):
        name, _, value = item.partition("=")
        if name not in NAMES:
            raise SystemExit(f"{item}: faults are {', '.join(NAMES)}")
        try:
            shares[name] = float(value or 1)
        except ValueError:
            raise SystemExit(f"{item}: a share is a number from 0 to 1") from None
    return Faults(seed, shares)
