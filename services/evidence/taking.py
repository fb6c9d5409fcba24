"""What an event becomes when fields are taken into it, and which stated value a field says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.core.errors import InputError
from services.core.money import show
from services.evidence.fact_checks import (
    DAYS,
    FROM,
    LISTED,
    SUMS,
    TO,
    close,
    fact_of,
    grouped,
    names_of,
    one_a_sheet,
    span_of,
)
from services.evidence.readings import FieldView
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook

Event = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that would change: its name (`event.specimen_on`), its label, old and new in words."""

    fact: str
    label: str
    old: str
    new: str


def taken(event: Event, fields: Sequence[FieldView], book: RuleBook) -> dict[str, object]:
    """The event with the fields' values. InputError: two fields of one fact that differ, a diagnosis that names no listed disease."""
    new = dict(event)
    for fact in dict.fromkeys(fact_of(field) for field in fields):
        own = [field for field in fields if fact_of(field) == fact]
        name = fact.removeprefix("event.")
        if fact in SUMS:
            new[name] = show(sum((Decimal(str(field.value)) for field in one_a_sheet(fields, fact)), Decimal(0)))
        elif fact in LISTED:
            new[name] = _listed(event.get(name), one_a_sheet(fields, fact))
        elif fact == "event.disease":
            new[name] = _disease(book, own)
        elif fact not in (FROM, TO, DAYS):
            new[name] = _one(fact, own)
    stays = _stays(event, fields)
    return {**new, "stays": stays} if stays else new


def changes(old: Event, new: Event) -> tuple[Change, ...]:
    """Each fact that differs, in words."""
    found = []
    for name in sorted(set(old) | set(new)):
        if old.get(name) != new.get(name):
            fact = f"event.{name}"
            found.append(Change(fact, FACTS[fact].label if fact in FACTS else name, _said(old.get(name)), _said(new.get(name))))
    return tuple(found)


def place_of(event: Event, field: FieldView) -> int | None:
    """Which of the event's values of its fact the field says: 0, or the place in a list; None when it says none of them."""
    fact, value = fact_of(field), str(field.value)
    if not fact or field.value is None:
        return None
    if fact in (FROM, TO, DAYS):
        key = fact.rpartition(".")[2]
        return next((place for place, stay in enumerate(_list(event.get("stays"))) if isinstance(stay, Mapping)
                     and str(stay.get(key, "")) == value), None)
    told = event.get(fact.removeprefix("event."))
    if told is None:
        return None
    if fact in LISTED:
        return next((place for place, amount in enumerate(_list(told)) if Decimal(str(amount)) == Decimal(value)), None)
    if fact == "event.disease":
        return 0 if close(str(told), value) else None
    same = Decimal(str(told)) == Decimal(value) if fact in SUMS else str(told) == value
    return 0 if same else None


def _one(fact: str, fields: Sequence[FieldView]) -> str:
    values = list(dict.fromkeys(str(field.value) for field in fields))
    if len(values) > 1:
        label = FACTS[fact].label if fact in FACTS else fact
        raise InputError("fields_differ", f"{label}：所选的几处不一致（{'、'.join(values)}）", remedy="只选其中一处", field="field_ids")
    return values[0]


def _disease(book: RuleBook, fields: Sequence[FieldView]) -> str:
    """The plan's own name of the disease that the diagnosis speaks of."""
    said = _one("event.disease", fields)
    found = next((name for name in sorted(names_of(book), key=len, reverse=True) if close(name, said)), None)
    if found is None:
        raise InputError("disease_unlisted", f"诊断“{said}”不直接是本计划所列病名", remedy="在事实中按编码或所列病名填写",
                         field="event.disease")
    return found


def _listed(told: object, fields: Sequence[FieldView]) -> list[str]:
    """One amount for each sheet: those stated already stay, new ones join."""
    have = [show(Decimal(str(amount))) for amount in _list(told)]
    return have + [value for field in fields if (value := show(Decimal(str(field.value)))) not in have]


def _stays(event: Event, fields: Sequence[FieldView]) -> list[object]:
    """The stays with those read: a stay without dates, and one with the same first or last day, gives way to the one on paper.

    Two sheets of one stay (discharge and settlement) count once. Empty when no stay was read.
    """
    groups = grouped(fields)
    read = sorted({span for group in groups if (span := span_of(group))})
    if not read:
        days = [int(str(group[DAYS].value)) for group in groups if DAYS in group]
        return [{"days": count} for count in days] if days and not event.get("stays") else []
    undated = [stay for stay in _list(event.get("stays")) if isinstance(stay, Mapping) and "days" in stay]
    dated = [stay for stay in _list(event.get("stays")) if isinstance(stay, Mapping) and "from" in stay]
    left = [stay for stay in dated if not any(str(stay["from"]) == start.isoformat() or str(stay["to"]) == end.isoformat()
                                              for start, end in read)]
    rest = _without(undated, [max(1, (end - start).days) for start, end in read])
    return [*({"from": start.isoformat(), "to": end.isoformat()} for start, end in _in_order(read, left)), *rest]


def _in_order(read: Sequence[tuple[date, date]], left: Sequence[Mapping[str, object]]) -> list[tuple[date, date]]:
    return sorted({*read, *((date.fromisoformat(str(stay["from"])), date.fromisoformat(str(stay["to"]))) for stay in left)})


def _without(undated: Sequence[Mapping[str, object]], counts: Sequence[int]) -> list[Mapping[str, object]]:
    """Stays of which only the days were stated, less one for each dated stay: of the same days first, else the earliest."""
    rest = list(undated)
    for count in counts:
        if rest:
            rest.remove(next((stay for stay in rest if stay["days"] == count), rest[0]))
    return rest


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _said(value: object) -> str:
    if value in (None, "", []):
        return "未申报"
    if isinstance(value, list):
        return "、".join(_said(item) for item in value)
    if isinstance(value, Mapping):
        return f"{value['from']} 至 {value['to']}" if "from" in value else f"{value.get('days')} 天"
    return str(value)
