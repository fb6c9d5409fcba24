"""The decisive date: the first stated fact that the plan's `dated_by` names."""

from __future__ import annotations

from datetime import date

from services.core.errors import InputError
from services.rulebook import registry
from services.rulebook.computation import Computation
from services.rulebook.schema import RuleBook


def stated_date(c: Computation, fact: str) -> date | None:
    """One dating fact of a computation; a year counts as its last day, stays as their first admission."""
    if fact == "event.year":
        return date(c.event.year, 12, 31) if c.event.year else None
    if fact == "event.stays.from":
        return min((stay.from_ for stay in c.event.stays if stay.from_), default=None)
    part, _, name = fact.partition(".")
    found = getattr({"event": c.event, "cover": c.cover, "person": c.person}.get(part, c), name or part, None)
    return found if isinstance(found, date) else None


def decisive_date(book: RuleBook, c: Computation) -> date:
    """The date that chooses the wording and the band. InputError names the fact that is missing."""
    for fact in book.dated_by:
        found = stated_date(c, fact)
        if found is not None:
            return found
    raise InputError("missing_key", f"{book.dated_by[0]}：{book.name}以它决定日期，不能缺少",
                     remedy=f"补上 {book.dated_by[0]}", field=book.dated_by[0])


def for_computation(c: Computation) -> RuleBook:
    """The wording this computation falls under, by the date its plan names."""
    return registry.resolve(c.plan, decisive_date(registry.latest(c.plan), c))
