"""The decisive date: the first stated fact that the plan's `dated_by` names."""

from __future__ import annotations

from datetime import date, timedelta

from services.core.errors import InputError
from services.rulebook import registry
from services.rulebook.computation import Computation
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook


def stated_date(c: Computation, fact: str) -> date | None:
    """One dating fact of a computation; a year counts as its last day, stays as their first day that the cover reaches."""
    if fact == "event.year":
        return date(c.event.year, 12, 31) if c.event.year else None
    if fact == "event.stays.from":
        return _first_day(c)
    part, _, name = fact.partition(".")
    found = getattr({"event": c.event, "cover": c.cover, "person": c.person}.get(part, c), name or part, None)
    return found if isinstance(found, date) else None


def _first_day(c: Computation) -> date | None:
    """The first day in hospital under the cover: a stay that began before it counts from the cover's first day.

    Where the cover reaches none of the stays, their first admission.
    """
    dated = [(stay.from_, stay.to) for stay in c.event.stays if stay.from_ and stay.to]
    reached = [max(start, c.cover.effective) for start, end in dated
               if max(start, end - timedelta(days=1)) >= c.cover.effective]
    return min(reached or [start for start, _ in dated], default=None)


def decisive_date(book: RuleBook, c: Computation) -> date:
    """The date that chooses the wording and the band. InputError names the fact that is missing."""
    for fact in book.dated_by:
        found = stated_date(c, fact)
        if found is not None:
            return found
    kind = c.event.kind
    asked = next((fact for fact in book.dated_by if not FACTS[fact].kinds or kind in FACTS[fact].kinds), book.dated_by[0])
    raise InputError("missing_key", f"{asked}：{book.name}以它决定日期，不能缺少", remedy=f"补上 {asked}", field=asked)


def for_computation(c: Computation) -> RuleBook:
    """The wording this computation falls under, by the date its plan names."""
    return registry.resolve(c.plan, decisive_date(registry.latest(c.plan), c))
