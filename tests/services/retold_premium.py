"""Premium as told again beside the product, for the random lives of covers: what each cover owes, and what lies there for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass
class Told:
    """One cover as retold; fen."""

    effective: date
    until: date
    renewal: bool
    shares: int
    due: int
    open: int
    ended_on: date | None = None
    paid: int = 0
    owed_back: int = 0
    returned: int = 0
    refunded: int = 0

    @property
    def last(self) -> date:
        return self.ended_on or self.until


@dataclass
class Books:
    """A plan's money as retold, over all histories; fen. `slips`: day and rest of what lies paid ahead, oldest first."""

    owing: list[Told]
    slips: list[tuple[date, int]] = field(default_factory=list)
    cash: int = 0

    def place(self, covers: list[Told]) -> None:
        """The earliest first; a renewal paid up with a slip of its first day or later waits again."""
        for told in sorted(covers, key=lambda told: told.effective):
            on = date.min
            while told.open and self.slips:
                day, fen = self.slips.pop(0)
                on, used = max(on, day), min(fen, told.open)
                told.open, told.paid = told.open - used, told.paid + used
                self.slips[:0] = [(day, fen - used)] if fen > used else []
            told.renewal &= told.open > 0 or on < told.effective
