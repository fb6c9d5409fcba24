"""The most one benefit can ever pay on one cover: what reserved and paid sums are checked against."""

from __future__ import annotations

from decimal import Decimal

from services.rulebook.schema import RuleBook
from services.rulebook.steps import Cap, Manual, Take, Times
from services.rulebook.values import Const, FactRef

_SHARES = "cover.shares"
# What a cover's takings call the premium given back; it is no benefit of any plan.
PREMIUM_REFUND = "premium_refund"


def _constant(value: object, shares: Decimal) -> Decimal | None:
    """A value that the event cannot change, or None."""
    if isinstance(value, Const):
        return value.number
    if isinstance(value, FactRef) and value.fact == _SHARES:
        return shares
    return None


def ceiling(book: RuleBook, benefit: str, shares: Decimal) -> Decimal | None:
    """Yuan a period, or None where the file sets no bound. Steps that can only lessen are passed over.

    The premium given back is bounded by the fee.
    """
    if benefit == PREMIUM_REFUND:
        return book.fee.most(int(shares))
    most: Decimal | None = None
    capped = False
    for step in book.benefits[benefit].steps:
        if isinstance(step, Take):
            most = _constant(step.take, shares)
        elif isinstance(step, Times):
            factor = _constant(step.times, shares)
            most = most * factor if most is not None and factor is not None else None
        elif isinstance(step, Cap | Manual):
            bound = _constant(step.cap if isinstance(step, Cap) else step.manual, shares)
            factor = Decimal(1) if step.times is None else _constant(step.times, shares)
            if bound is not None and factor is not None:
                most = bound * factor if most is None else min(most, bound * factor)
                capped = True
    # Without a cap, a benefit that its own payment does not end may be paid for another disease (reading A-51).
    return most if capped or benefit in book.closed_by(benefit) else None
