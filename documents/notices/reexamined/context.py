"""重新审核结果通知书: what the new round found against the earlier decision, why, and what is paid or given back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import model_validator

from documents.layout.changes import Change, Earlier
from documents.layout.context import Clause, Letter, Objection, Text, Yuan


class Context(Letter):
    """Values of the result. `before`, `after`: what the claim gives in all by the earlier and by this decision."""

    ground: Literal["objection", "correction"]
    result: Literal["raised", "upheld", "lowered", "dismissed"]
    decided_on: date
    earlier: Earlier
    objected_on: date | None = None
    changes: tuple[Change, ...] = ()
    why: tuple[Text, ...]
    """The facts and reasons, as sentences without full stop."""
    clauses: tuple[Clause, ...] = ()
    before: Yuan = Decimal("0.00")
    after: Yuan = Decimal("0.00")
    paid: Yuan = Decimal("0.00")
    back: Yuan = Decimal("0.00")
    """What is to be given back."""
    insurer_name: Text | None = None
    objection: Objection | None = None
    """Absent for a dismissed objection: the earlier letter named the way and its days are over."""

    @model_validator(mode="after")
    def _agrees(self) -> Context:
        found = "raised" if self.after > self.before else "lowered" if self.after < self.before else "upheld"
        if self.result != "dismissed" and self.result != found:
            raise ValueError("结果与前后金额不符")
        if self.result == "dismissed" and self.ground != "objection":
            raise ValueError("只有异议可以不予重新审核")
        if self.back and self.back != self.paid - self.after:
            raise ValueError("应返还金额须等于已付金额减应付金额")
        if not self.why:
            raise ValueError("须写明理由")
        return self
