"""重新审核通知书: why a decided claim is looked at again, by whom, until when, and what becomes of the money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import model_validator

from documents.layout.changes import Change, Earlier
from documents.layout.context import Due, Letter, Text, Yuan


class Context(Letter):
    """Values of the note. A correction lists what is put right, an objection none of it."""

    ground: Literal["objection", "correction"]
    reopened_on: date
    earlier: Earlier
    objected_on: date | None = None
    changes: tuple[Change, ...] = ()
    why: Text | None = None
    """Why the office corrects its decision, as a sentence."""
    paid: Yuan = Decimal("0.00")
    """What was paid by the earlier decisions."""
    unpaid: Yuan = Decimal("0.00")
    """What they gave and nobody was paid yet."""
    pay_due: Due | None = None
    pay_basis: Text | None = None
    insurer_name: Text | None = None

    @model_validator(mode="after")
    def _says_its_ground(self) -> Context:
        if (self.ground == "objection") != (self.objected_on is not None):
            raise ValueError("异议引起的重新审核须且仅须写明异议日期")
        if (self.ground == "correction") != bool(self.changes) or (self.ground == "correction") != (self.why is not None):
            raise ValueError("更正须且仅须列明更正事项和原因")
        if (self.pay_due is None) != (self.pay_basis is None):
            raise ValueError("给付期限须同时写明依据")
        return self
