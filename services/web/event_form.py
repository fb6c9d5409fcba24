"""The facts of an event as fields of a form, grown from the rule-book, and back into the words of a computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.core.errors import InputError
from services.rulebook.facts import FACTS
from services.rulebook.forms import FormField, facts_of_kind, form_fields
from services.rulebook.schema import RuleBook
from services.web.act_fields import numbers
from services.web.visit import whole

PREFIX = "event."


@dataclass(frozen=True, slots=True)
class EventField:
    """One field of the form with the value that stands now, as typed."""

    form: FormField
    value: str

    @property
    def name(self) -> str:
        """Its name, also in refusals."""
        return f"{PREFIX}{self.form.name}"


def event_fields(book: RuleBook, event: Mapping[str, object]) -> list[EventField]:
    """The fields of this event's kind, in the table's order."""
    kind = str(event.get("kind"))
    asked = {found.fact.removeprefix(PREFIX) for found in facts_of_kind(book, kind)}
    return [EventField(field, typed(event.get(field.name))) for field in form_fields(book) if field.name in asked]


def typed(value: object) -> str:
    """A stated value as somebody would have typed it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        lines = [_stay(item) if isinstance(item, dict) else str(item) for item in value]
        return "\n".join(lines) if any(isinstance(item, dict | str) for item in value) else ", ".join(lines)
    return "" if value is None else str(value)


def _stay(stay: Mapping[str, object]) -> str:
    return f"{stay['from']} {stay['to']}" if "from" in stay else str(stay.get("days", ""))


def read_event(book: RuleBook, event: Mapping[str, object], given: Mapping[str, str]) -> dict[str, object]:
    """The event with what was typed; an emptied field is no longer stated. InputError names the field.

    `given` holds the form's texts by `EventField.name`. Kind and what the form does not ask stay.
    """
    fields = event_fields(book, event)
    made = {name: value for name, value in event.items() if name not in {field.form.name for field in fields}}
    for field in fields:
        text = given.get(field.name, "").strip()
        if text:
            made[field.form.name] = _value(field, text)
    return made


def _value(field: EventField, text: str) -> object:
    kind = field.form.type
    if kind == "bool":
        return text == "yes"
    if kind == "items":
        return numbers(text, field.name)
    if kind == "int":
        return numbers(text, field.name)[0]
    if kind == "stays":
        return [_read_stay(line, field.name) for line in text.splitlines() if line.strip()]
    if kind == "list_money":
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text


def _read_stay(line: str, name: str) -> dict[str, object]:
    """`10` days, or first and last day."""
    parts = line.replace("至", " ").split()
    days = whole(parts[0]) if len(parts) == 1 else None
    if days is not None:
        return {"days": days}
    if len(parts) == 2:
        return {"from": parts[0], "to": parts[1]}
    raise InputError("stay_wrong", f"“{line.strip()}”不是天数，也不是入院、出院两个日期", field=name,
                     remedy="每行写天数，如 10；或写 2026-05-01 2026-05-11")


def own_name(error: InputError) -> InputError:
    """A refusal of the vocabulary led to the form's field."""
    field = error.field or ""
    known = field.split(".")[:2] if field.startswith(PREFIX) else []
    name = ".".join(known) if ".".join(known) in FACTS else field
    return InputError(error.code, error.message, remedy=error.remedy, field=name)
