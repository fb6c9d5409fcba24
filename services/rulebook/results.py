"""The output of a computation, in the exact shape of the vocabulary: money as strings, clauses beside lines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.core.money import show

Outcome = Literal["pay", "nothing", "refund", "manual"]
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Line:
    """What one benefit pays, in yuan; `days` are paid days where the cap counts days.

    A line that waits for a reviewer's amount has `manual` true, amount 0 and the `ceiling` the plan publishes.
    """

    benefit: str
    amount: Decimal
    clause: str
    steps: tuple[str, ...]
    days: int = 0
    manual: bool = False
    ceiling: Decimal | None = None

    def to_dict(self) -> dict[str, object]:
        """As JSON; keys of manual lines appear only there."""
        shape: dict[str, object] = {"benefit": self.benefit, "amount": show(self.amount), "clause": self.clause,
                                    "steps": list(self.steps)}
        if self.manual:
            shape |= {"manual": True, "ceiling": None if self.ceiling is None else show(self.ceiling)}
        return shape


@dataclass(frozen=True, slots=True)
class Nothing:
    """A benefit that paid nothing, why, and by which clause."""

    benefit: str
    reason: str
    clause: str

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {"benefit": self.benefit, "reason": self.reason, "clause": self.clause}


@dataclass(frozen=True, slots=True)
class Result:
    """The worksheet: `total` and `refund` in yuan. `receivable` is what a year computed anew shows as overpaid."""

    plan: str
    version: str
    outcome: Outcome
    total: Decimal
    lines: tuple[Line, ...]
    flags: tuple[str, ...] = ()
    refund: Decimal = ZERO
    nothing: tuple[Nothing, ...] = ()
    receivable: Decimal = ZERO
    band: str | None = None
    day: int | None = None

    def to_dict(self) -> dict[str, object]:
        """As JSON: the shape of the vocabulary; `receivable` appears only when there is one."""
        shape: dict[str, object] = {
            "plan": self.plan, "version": self.version, "outcome": self.outcome, "total": show(self.total),
            "lines": [line.to_dict() for line in self.lines], "flags": list(self.flags),
            "refund": show(self.refund), "nothing": [item.to_dict() for item in self.nothing]}
        if self.receivable:
            shape["receivable"] = show(self.receivable)
        return shape
