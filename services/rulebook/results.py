"""The output of a computation, in the exact shape of the vocabulary: money as strings, clauses beside lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from services.core.money import show
from services.rulebook.flow import Unit
from services.rulebook.values import Sourced

Outcome = Literal["pay", "nothing", "refund", "manual"]
ZERO = Decimal("0.00")


class Row(NamedTuple):
    """One step as it was applied, for the worksheet: its words, the rule behind it and what it left.

    `rule` is the file's own step or joint cap with clause, origin and readings, None where the engine rounds (A-50).
    `left` holds the elements until their sum, then one number in `unit`. Of a cap or a manual amount, `limit` is the
    ceiling (None: none is published) and `used` what was paid before or earlier in the claim.
    """

    words: str
    rule: Sourced | None
    left: tuple[Decimal, ...]
    unit: Unit
    limit: Decimal | None = None
    used: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Line:
    """What one benefit pays, in yuan; `days` are paid days where the cap counts days.

    A line that waits for a reviewer's amount has `manual` true, amount 0 and the `ceiling` the plan publishes.
    `steps` are the arithmetic in words, `rows` every step with its rule.
    """

    benefit: str
    amount: Decimal
    clause: str
    steps: tuple[str, ...]
    days: int = 0
    manual: bool = False
    ceiling: Decimal | None = None
    rows: tuple[Row, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, object]:
        """As JSON; keys of manual lines appear only there."""
        shape: dict[str, object] = {"benefit": self.benefit, "amount": show(self.amount), "clause": self.clause,
                                    "steps": list(self.steps)}
        if self.manual:
            shape |= {"manual": True, "ceiling": None if self.ceiling is None else show(self.ceiling)}
        return shape


@dataclass(frozen=True, slots=True)
class Nothing:
    """A benefit that paid nothing, why, and by which clause; `rows` are the steps it went through, if any."""

    benefit: str
    reason: str
    clause: str
    rows: tuple[Row, ...] = field(default=(), repr=False)

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
