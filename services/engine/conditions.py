"""Whether a benefit is owed at all, and if not, the first failing reason with its clause."""

from __future__ import annotations

from datetime import date

from services.engine.facts import Facts
from services.rulebook.computation import Computation
from services.rulebook.facts import DEFAULTS
from services.rulebook.parts import Benefit, ListRule, as_text, holds
from services.rulebook.schema import RuleBook
from services.rulebook.values import Condition
from services.rulebook.waiting import WAITING

Reason = tuple[str, str]  # code, clause


def plan_refusal(book: RuleBook, c: Computation, facts: Facts) -> Reason | None:
    """A reason that holds for every benefit of the plan, or None."""
    if not _in_cover(book, c, facts):
        return "not_in_cover", book.term.clause
    if book.requires and not has_cover(c, facts.decisive, book.requires.plan):
        return "prerequisite_missing", book.requires.clause
    if not _eligible(book, c, facts):
        return "not_eligible", book.eligible.clause
    return None


def _in_cover(book: RuleBook, c: Computation, facts: Facts) -> bool:
    if "event.year" in book.dated_by and c.event.year:
        return c.cover.effective.year <= c.event.year <= c.cover.until.year
    return c.cover.effective <= facts.decisive <= c.cover.until


def has_cover(c: Computation, on: date, plan: str) -> bool:
    """Whether the person holds that other plan on the day; a cover stated without dates is in force."""
    return any(other.plan == plan and (other.effective or on) <= on <= (other.until or on) for other in c.covers)


def _eligible(book: RuleBook, c: Computation, facts: Facts) -> bool:
    rule = book.eligible
    span = rule.renewal_age if c.cover.renewal and rule.renewal_age else rule.age
    age = facts.get("person.age")
    return ((c.person.sex is None or rule.sex is None or c.person.sex == rule.sex)
            and (c.person.relation is None or not rule.relation or c.person.relation in rule.relation)
            and (span is None or not isinstance(age, int) or span.holds(age))
            and all(holds(condition, facts.get(condition.fact)) for condition in rule.when))


def benefit_refusal(book: RuleBook, benefit: Benefit, c: Computation, facts: Facts) -> Reason | None:
    """Why this benefit is not owed, or None. Waiting is looked at last: it refunds only a covered disease."""
    for condition in benefit.when:
        failed = _failed(book, benefit, condition, facts)
        if failed:
            return failed
    excluded = [name for name in expand((*book.exclusions, *benefit.exclusions)) if c.exclusions.get(name) is True]
    if excluded:
        return "excluded", excluded[0]
    if facts.band.band == WAITING and book.waiting:
        return "waiting_period", book.waiting.clause
    return None


def _failed(book: RuleBook, benefit: Benefit, condition: Condition, facts: Facts) -> Reason | None:
    if condition.fact == "list":
        lists = [book.lists[name] for name in condition.any_of]
        if any(in_list(rule, facts) for rule in lists):
            return None
        return _list_reason(lists, facts), lists[0].clause
    if holds(condition, facts.get(condition.fact)):
        return None
    if condition.fact == "band":
        clause = book.bands.clause if book.bands else benefit.clause
        return ("waiting_period" if not _pays_in(book, facts.band.band) else "band_differs"), clause
    if facts.get(condition.fact) is None and condition.fact not in DEFAULTS:
        return "not_claimed", benefit.clause
    return ("severity_differs" if condition.fact == "event.severity" else "condition_not_met"), benefit.clause


def _pays_in(book: RuleBook, band: str) -> bool:
    return any(band in condition.any_of for benefit in book.benefits.values() for condition in benefit.when
               if condition.fact == "band")


def in_list(rule: ListRule, facts: Facts) -> bool:
    """Whether the disease is in the list: by code prefix and behaviour, or by name unless the behaviour speaks against it.

    An UNVERIFIED list lets an uncoded disease pass, and any disease when it names neither codes nor diseases: the
    amount follows from the severity, the flag asks a reviewer.
    """
    code, name = facts.get("event.icd10"), facts.get("event.disease")
    behaviour = facts.get("event.behaviour")
    fits = not rule.behaviour or behaviour is None or as_text(behaviour) in rule.behaviour
    if name is not None and name in rule.diseases and fits:
        return True
    if not (rule.verified or rule.icd10 or rule.diseases):
        return True
    if code is None:
        return not rule.verified and (name is None or not rule.diseases)
    return str(code).startswith(rule.icd10) and (not rule.behaviour or as_text(behaviour) in rule.behaviour)


def _list_reason(lists: list[ListRule], facts: Facts) -> str:
    allowed = {behaviour for rule in lists for behaviour in rule.behaviour}
    behaviour = as_text(facts.get("event.behaviour"))
    if behaviour in allowed or not allowed:
        return "not_in_list"
    return {"2": "in_situ", "6": "not_primary"}.get(behaviour, "not_in_list")


def expand(names: tuple[str, ...]) -> list[str]:
    """`XJ-A01..XJ-A17` to its seventeen ids; single ids stay."""
    found: list[str] = []
    for name in names:
        first, _, last = name.partition("..")
        stem = first.rstrip("0123456789")
        if not (first[len(stem):] and last[len(stem):].isdigit()):   # a single id, or no range at all: unknown by name
            found.append(name)
            continue
        width = len(first) - len(stem)
        found += [f"{stem}{number:0{width}d}" for number in range(int(first[len(stem):]), int(last[len(stem):]) + 1)]
    return found
