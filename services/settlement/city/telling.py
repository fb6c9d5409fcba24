"""A member's line as a computation in the words of a claim's, so that the same worksheet explains it. Pure."""

from __future__ import annotations

from services.core.money import show, to_yuan
from services.models import SettlementLine
from services.rulebook.schema import RuleBook
from services.settlement.city.rules import by_the_year

Words = dict[str, object]


def words(line: SettlementLine, book: RuleBook) -> Words:
    """What the line was computed from. What lies above the cap is not in it: that is a claim's (A-06)."""
    apart = by_the_year(book)
    event: Words = {"kind": "medical_year", "year": line.year}
    if line.outpatient_own_1 is not None:
        event["outpatient_own_1"] = yuan(line.outpatient_own_1)
    if line.stays_own_1:
        event["stays_own_1"] = [yuan(stay) for stay in line.stays_own_1]
    return {"plan": book.plan, "cover": {"effective": line.effective.isoformat(), "until": line.until.isoformat()},
            "person": {"category": line.category}, "event": event,
            "paid": [{"benefit": name, "amount": yuan(fen)} for name, fen in zip(book.benefits, line.paid, strict=True)
                     if fen and name not in apart]}


def yuan(fen: int) -> str:
    """As the vocabulary writes money."""
    return show(to_yuan(fen))
