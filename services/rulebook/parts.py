"""The parts around the steps: waiting, lists, benefits, exclusions, papers, chain, clocks, banks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator

from services.rulebook.facts import KINDS
from services.rulebook.steps import AnyStep
from services.rulebook.values import (
    Condition,
    FactName,
    Frozen,
    Number,
    Range,
    Sourced,
    Span,
    Value,
    When,
    Words,
)

Act = Literal["certify", "review", "informed"]
ROLES = ("unit_clerk", "district_reviewer", "office_reviewer", "senior_reviewer", "head")
Role = Literal["unit_clerk", "district_reviewer", "office_reviewer", "senior_reviewer", "head"]

Facts = Annotated[tuple[FactName, ...], BeforeValidator(lambda raw: tuple(raw) if isinstance(raw, list) else raw)]


class Waiting(Sourced):
    """Covered days (the effective day is day 1) on which a covered disease pays nothing."""

    days: Range
    unless: FactName | None = None
    when: When = ()
    outcome: Literal["nothing", "refund"] = "nothing"
    amount: Value | None = None


class Bands(Sourced):
    """Named spans of covered days; an unbroken renewal stands in `renewal` from day 1."""

    ranges: dict[str, Range]
    renewal: str | None = None
    when: When = ()


class ListRule(Sourced):
    """Diseases by ICD-10 prefix and ICD-O-3 behaviour, or by name; UNVERIFIED lists flag each claim."""

    name: str = ""
    icd10: Words = ()
    behaviour: Words = ()
    diseases: Words = ()

    @property
    def verified(self) -> bool:
        """Whether a source gives the list itself."""
        return self.origin != "UNVERIFIED"


class Benefit(Sourced):
    """One liability: when it is owed, the steps to its amount, which benefits its payment closes.

    `asks` names facts that no step reads but a reviewer needs to set the amount.
    """

    name: str
    when: When = ()
    asks: Facts = ()
    steps: Annotated[tuple[AnyStep, ...], BeforeValidator(lambda raw: tuple(raw) if isinstance(raw, list) else raw)]
    ends: Words = ()
    exclusions: Words = ()


class OneOf(Sourced):
    """Of these benefits one event pays only the first that has an amount."""

    benefits: Words


class Total(Sourced):
    """A cap over all benefits together, cut in their order; `flag` is raised when it cuts and `flag_when` holds."""

    cap: Value
    times: Value | None = None
    over: Literal["stay", "period", "life"] = "period"
    flag: str | None = None
    flag_when: When = ()


class Requires(Sourced):
    """Another plan that must be in force on the decisive date."""

    plan: str
    on: Literal["dated_by"] = "dated_by"


class Question(Frozen):
    """An exclusion as a reviewer is asked it; `text` is the published wording behind it, `source` where that stands."""

    question: str
    clause: str
    text: str = ""
    source: str = ""


class OncePer(Sourced):
    """The same disease (first three characters of its code) never pays twice under this plan."""

    disease: bool = True


class PlanFlag(Sourced):
    """A code a reviewer must see when the condition holds."""

    code: str
    when: When = ()


class PaperRule(Sourced):
    """One paper of the checklist; `when` limits it to events with that fact, `proves` names the facts it proves."""

    kind: str
    name: str
    required: bool = True
    when: When | None = None
    proves: Facts = ()


class Level(Sourced):
    """One level of the chain; it applies when the amount is above `above` (yuan)."""

    level: str
    name: str
    act: Act
    role: Role
    days: int = 0
    above: Number | None = None

    def applies(self, amount: Decimal) -> bool:
        """Whether a claim of this amount passes the level; exactly the limit does not."""
        return self.above is None or amount > self.above


class ClockRule(Sourced):
    """A budget in days (or years, for the limitation), never a bare date."""

    days: int = 0
    years: int = 0
    kind: Literal["calendar", "working"]
    start: str


class Banks(Sourced):
    """Payee banks by code; an empty list allows any. Another bank is a supplement request, not a refusal."""

    allow: Words = ()


EventKind = Literal["diagnosis", "inpatient", "accident", "property", "medical_year", "settlement", "death",
                    "consolation"]
assert set(EventKind.__args__) == set(KINDS)  # type: ignore[attr-defined]


def looked_up(facts: Mapping[str, object], name: str) -> object:
    """A fact by its dotted name, from dotted keys or from the nested words of a computation."""
    if name in facts:
        return facts[name]
    found: object = facts
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def as_text(value: object) -> str:
    """A fact's value as a rule-book writes it: `true`, `1300`, `severe`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def holds(condition: Condition, value: object) -> bool:
    """Whether a stated value meets one condition; a missing or empty fact meets none."""
    if value is None or value == () or value == []:
        return False
    if condition.present:
        return value is not False
    if condition.span is not None:
        return isinstance(value, int | Decimal) and condition.span.holds(int(value))
    return as_text(value) in condition.any_of


__all__ = [
    "ROLES",
    "Act",
    "Bands",
    "Banks",
    "Benefit",
    "ClockRule",
    "EventKind",
    "Frozen",
    "Level",
    "ListRule",
    "OncePer",
    "OneOf",
    "PaperRule",
    "PlanFlag",
    "Question",
    "Requires",
    "Span",
    "Total",
    "Waiting",
    "as_text",
    "holds",
    "looked_up",
]
