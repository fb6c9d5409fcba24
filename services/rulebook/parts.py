"""The parts around the steps: waiting, lists, benefits, exclusions, papers, chain, clocks, banks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from services.core.identity import BANKS
from services.rulebook.facts import KINDS
from services.rulebook.steps import AnyStep
from services.rulebook.values import (
    MOST_DAYS,
    Condition,
    DayRange,
    FactName,
    Frozen,
    Name,
    Number,
    Sourced,
    Span,
    Value,
    When,
    Words,
    listed,
    nearest,
    written,
)

Act = Literal["certify", "review", "informed"]
ROLES = ("unit_clerk", "district_reviewer", "office_reviewer", "senior_reviewer", "head")
Role = Literal["unit_clerk", "district_reviewer", "office_reviewer", "senior_reviewer", "head"]

Behaviour = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]

# The letters the house writes, by the folder of each; and those an insurer writes, kept with the claim.
LETTERS = ("receipt", "supplement", "decision", "consolation", "refusal", "payment", "refund", "transfer", "cover_note",
           "withdrawal", "objection_receipt", "reopened", "reexamined", "reminder", "not_pursued", "advance",
           "recalled", "held", "extended", "heirs", "repayment", "account", "limitation", "date_changed")
INSURER_LETTERS = ("decision_insurer", "refusal_insurer")


PREFIX = r"[A-Z]([0-9]([0-9](\.[0-9x][0-9x]{0,2})?)?)?"


def _letter(raw: object) -> object:
    return _one_of(raw, (*LETTERS, *INSURER_LETTERS), "信函")


def _bank(raw: object) -> object:
    return _one_of(raw, tuple(BANKS), "银行代码")


def _one_of(raw: object, known: tuple[str, ...], what: str) -> object:
    if raw in known:
        return raw
    near = nearest(written(raw), list(known))
    raise ValueError(f"没有{what}“{written(raw)}”，" + (f"最接近的是 {near}" if near else f"应为 {'、'.join(known)}"))


def _icd10(raw: object) -> object:
    """The beginning of a code: `C`, `C5`, `C50`, `C57.0`."""
    if isinstance(raw, str) and re.fullmatch(PREFIX, raw):
        return raw
    raise ValueError(f"“{written(raw)}”不是 ICD-10 编码的开头，应为 C50、C57.0 这样的写法")


Letters = Annotated[tuple[Annotated[str, BeforeValidator(_letter)], ...], BeforeValidator(listed)]
BankCodes = Annotated[tuple[Annotated[str, BeforeValidator(_bank)], ...], BeforeValidator(listed)]
Prefixes = Annotated[tuple[Annotated[str, BeforeValidator(_icd10)], ...], BeforeValidator(listed)]

Behaviours = Annotated[tuple[Behaviour, ...], BeforeValidator(listed)]

Facts = Annotated[tuple[FactName, ...], BeforeValidator(lambda raw: tuple(raw) if isinstance(raw, list) else raw)]


class Waiting(Sourced):
    """Covered days (the effective day is day 1) on which a covered disease pays nothing."""

    days: DayRange
    unless: FactName | None = None
    when: When = ()
    outcome: Literal["nothing", "refund"] = "nothing"
    amount: Value | None = None


class Bands(Sourced):
    """Named spans of covered days; an unbroken renewal stands in `renewal` from day 1."""

    ranges: dict[str, DayRange]
    renewal: str | None = None
    when: When = ()


class ListRule(Sourced):
    """Diseases by ICD-10 prefix and ICD-O-3 behaviour, or by name; UNVERIFIED lists flag each claim."""

    name: str = ""
    icd10: Prefixes = ()
    behaviour: Behaviours = ()
    diseases: Words = ()

    @property
    def verified(self) -> bool:
        """Whether a source gives the list itself."""
        return self.origin != "UNVERIFIED"


class Benefit(Sourced):
    """One liability: when it is owed, the steps to its amount, which benefits its payment closes.

    `asks` names facts that no step reads but a reviewer needs to set the amount.
    """

    name: Name
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

    question: Name
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

    kind: Name
    name: Name
    required: bool = True
    when: When | None = None
    proves: Facts = ()


class Level(Sourced):
    """One level of the chain; it applies when the amount is above `above` (yuan)."""

    level: Name
    name: Name
    act: Act
    role: Role
    days: Days = 0
    above: Number | None = None

    def applies(self, amount: Decimal) -> bool:
        """Whether a claim of this amount passes the level; exactly the limit does not."""
        return self.above is None or amount > self.above


class ClockRule(Sourced):
    """A budget in days (or years, for the limitation), never a bare date."""

    days: Days = 0
    years: Annotated[int, Field(ge=0, le=100)] = 0
    kind: Literal["calendar", "working"]
    start: Name


class Banks(Sourced):
    """Payee banks by code; an empty list allows any. Another bank is a supplement request, not a refusal."""

    allow: BankCodes = ()


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
