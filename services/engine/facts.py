"""A computation's facts under the dotted names a rule-book uses, with what can be derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from services.rulebook.computation import Computation, Cover, Stay
from services.rulebook.dating import decisive_date, stated_date
from services.rulebook.facts import DEFAULTS, FACTS
from services.rulebook.parts import holds
from services.rulebook.schema import RuleBook
from services.rulebook.values import Table
from services.rulebook.waiting import COVERED, Band, band

SUDDEN_DEATH = "sudden_death"
# Beside `event.stays.days`, no fact of a rule-book: the days of each stay that went by before the cover began.
STAYED_BEFORE = "event.stays.before"
FactValue = bool | int | str | date | Decimal | tuple[int | Decimal, ...] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Every stated or derived fact; `decisive` is the date that chose the wording."""

    values: Mapping[str, FactValue]
    decisive: date
    band: Band
    behaviour_assumed: bool

    def get(self, name: str) -> FactValue:
        """The fact, or None when it is not stated."""
        return self.values.get(name)


def gather(book: RuleBook, c: Computation) -> Facts:
    """All facts of one computation under one rule-book. InputError when the decisive date is missing."""
    decisive = decisive_date(book, c)
    values: dict[str, FactValue] = dict(DEFAULTS)
    for prefix, part in (("cover", c.cover), ("person", c.person), ("event", c.event)):
        for name in type(part).model_fields:
            stated = getattr(part, name)
            if f"{prefix}.{name}" in FACTS and stated not in (None, ()):
                values[f"{prefix}.{name}"] = stated
    given = c.event.behaviour
    values["event.behaviour"] = given or assumed_behaviour(c.event.icd10)
    values["event.severity"] = _severity(book, c, values["event.behaviour"])
    values["event.stays.days"] = values["event.stays"] = stay_days(c.event.stays, c.cover) or None
    values[STAYED_BEFORE] = days_before(c.event.stays, c.cover) or None
    values["event.stays.from"] = stated_date(c, "event.stays.from")
    values["event.disability_items"] = c.event.disability_items or None
    values["event.disability_grades"] = c.event.disability_grades or None
    values["person.age"] = completed_years(c.person.born, c.cover.effective) if c.person.born else None
    values["reported_on"] = c.reported_on
    if c.cover.premium_paid is None:
        values["cover.premium_paid"] = _fee(book, c)
    where = band(book, c.cover.effective, decisive, c.cover.renewal)
    if where.day >= 1 and not _waiting_binds(book, values):
        where = Band(book.bands.renewal if book.bands and book.bands.renewal else COVERED, where.day, False)
    values["band"] = where.band
    return Facts(values, decisive, where, given is None and values["event.behaviour"] is not None)


def _fee(book: RuleBook, c: Computation) -> Decimal | None:
    """The fee the plan asks for this cover; None when it hangs on a tier that is not stated."""
    if isinstance(book.fee.amount, Table) and c.cover.tier is None:
        return None
    return book.fee_due(c.cover.shares, c.cover.tier, c.person.high_risk_work)


def _waiting_binds(book: RuleBook, values: Mapping[str, FactValue]) -> bool:
    """Whether the plan's waiting period binds this event at all: some bind illness, not accidents (A-53)."""
    rule = book.bands or book.waiting
    return rule is None or all(holds(condition, values.get(condition.fact)) for condition in rule.when)


# ICD-10's own division of the neoplasms: primary, secondary, in situ, benign, uncertain.
_CHAPTER = (("C77", "C79", "6"), ("C00", "C97", "3"), ("D00", "D09", "2"), ("D10", "D36", "0"), ("D37", "D48", "1"))


def assumed_behaviour(icd10: str | None) -> str | None:
    """The behaviour that the chapter of the ICD-10 code implies, or None outside the neoplasms."""
    category = (icd10 or "")[:3]
    return next((behaviour for low, high, behaviour in _CHAPTER if low <= category <= high), None)


def knows_sudden_death(book: RuleBook) -> bool:
    """Whether the plan grades a sudden death; to any other one the illness itself counts."""
    conditions = [condition for benefit in book.benefits.values() for condition in benefit.when]
    tables = [getattr(step, "take", None) for benefit in book.benefits.values() for step in benefit.steps]
    return (any(condition.fact == "event.severity" and SUDDEN_DEATH in condition.any_of for condition in conditions)
            or any(isinstance(table, Table) and SUDDEN_DEATH in table.cases for table in tables))


def _severity(book: RuleBook, c: Computation, behaviour: FactValue) -> str | None:
    if c.event.sudden_death and knows_sudden_death(book):
        return SUDDEN_DEATH
    if c.event.severity:
        return c.event.severity
    return {"2": "in_situ", "3": "malignant"}.get(str(behaviour))


def completed_years(born: date, on: date) -> int:
    """Age in completed years; a person born on 29 February completes the year on 1 March (reading A-21)."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def stay_days(stays: tuple[Stay, ...], cover: Cover) -> tuple[int, ...]:
    """Days of each admission: discharge less admission, at least 1, only inside the cover.

    A stay that begins on the day the one before ended is a transfer and counts as the same admission (A-17).
    """
    plain = [stay.days for stay in stays if stay.days is not None]
    return (*plain, *(_days_inside(start, end, cover) for start, end in _admissions(stays)))


def days_before(stays: tuple[Stay, ...], cover: Cover) -> tuple[int, ...]:
    """Of each admission (in the order of `stay_days`) the days before the cover: first days unpaid are the stay's (A-17)."""
    return (*(0 for stay in stays if stay.days is not None),
            *(max(0, (cover.effective - start).days) for start, _ in _admissions(stays)))


def reaches_outside(stays: tuple[Stay, ...], cover: Cover) -> bool:
    """Whether a day of a stay lies before or after the cover."""
    return any(stay.from_ < cover.effective or max(stay.from_, stay.to - timedelta(days=1)) > cover.until
               for stay in stays if stay.from_ and stay.to)


def _admissions(stays: tuple[Stay, ...]) -> list[tuple[date, date]]:
    dated = sorted((stay.from_, stay.to) for stay in stays if stay.from_ and stay.to)
    merged: list[tuple[date, date]] = []
    for start, end in dated:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _days_inside(start: date, end: date, cover: Cover) -> int:
    last_counted = max(end - timedelta(days=1), start)
    first, last = max(start, cover.effective), min(last_counted, cover.until)
    return max(0, (last - first).days + 1)


def same_disease(c: Computation, benefit: str) -> bool:
    """Whether a payment was for this disease, by the first three characters of its code.

    A payment without a code counts as the same disease within its own benefit only.
    """
    if not c.event.icd10:
        return False
    own = c.event.icd10[:3]
    return any(item.icd10[:3] == own if item.icd10 else item.benefit == benefit
               for item in c.paid if item.amount > 0)
