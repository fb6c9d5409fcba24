"""A claim about a year that is reckoned as a whole: what it leaves out would be taken off what it claims. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.core.errors import GuardFailed
from services.engine.telling.words import label
from services.models import Worksheet
from services.rulebook import registry
from services.rulebook.schema import RuleBook
from services.rulebook.steps import Take
from services.rulebook.values import FactRef

_EVENT = "event."


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A year as the newest settlement reckoned it: the facts in the vocabulary's words, by their own names, and the fen by benefit
    that, as far as it knew, the year was given with it.
    """

    facts: Mapping[str, object]
    given: Mapping[str, int]


def completed(book: RuleBook, event: Mapping[str, object], given: Mapping[str, int], year: Reckoned | None) -> Mapping[str, object]:
    """The event with what the settlement knows of benefits that it leaves out and the year was `given` (fen by benefit) something of.

    Nobody applies for those (A-06), so a claim of what lies above the cap need not tell them. Only where the settlement knew all that
    was given: other claims, and bills under a record merged since, it did not reckon, and a person says what the year was (`check`).
    """
    if year is None:
        return event
    found = dict(event)
    for name, fact in _taken(book).items():
        own = fact.removeprefix(_EVENT)
        if own not in event and own in year.facts and 0 < given.get(name, 0) <= year.given.get(name, 0):
            found[own] = year.facts[own]
    return found


def check(sheet: Worksheet) -> None:
    """GuardFailed before a decision on a sheet of a year that leaves out what the year was given: that would be taken off."""
    said: Any = sheet.input
    book = registry.latest(str(said["plan"]))
    if book.mode != "year_to_date":
        return
    book = registry.resolve(book.plan, date(int(said["event"]["year"]), 12, 31))
    paid = {item["benefit"] for item in said["paid"] if not item.get("earlier")}
    output: Any = sheet.output
    left_out = [item["benefit"] for item in output["nothing"] if item["reason"] == "not_claimed" and item["benefit"] in paid]
    if not left_out:
        return
    facts = [_taken(book)[name] for name in left_out]
    stated = "、".join(label(fact) for fact in facts)
    raise GuardFailed(
        "year_incomplete", f"本年度已给付{'、'.join(book.benefits[name].name for name in left_out)}，本案没有写明{stated}，"
        "照此核算会从应付金额中扣回已付部分", remedy=f"补正事件，按全年写明{stated}；确实没有的写 0.00", field=facts[0])


def _taken(book: RuleBook) -> dict[str, str]:
    """The event's fact that each benefit is reckoned from."""
    first = {name: benefit.steps[0] for name, benefit in book.benefits.items()}
    return {name: step.take.fact for name, step in first.items() if isinstance(step, Take) and isinstance(step.take, FactRef)}
