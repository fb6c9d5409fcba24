"""A claim's facts and its worksheet as a reviewer reads them: each fact with the paper that proves it, each yuan with its clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from services.core.errors import InputError
from services.engine import one
from services.engine.telling.words import label, shown
from services.engine.telling.worksheet import worksheet
from services.reporting.views import WorksheetView
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook
from services.rulebook.vocabulary import parse

Kind = Literal["date", "money", "bool", "words", "stay"]
_KINDS: Mapping[str, Kind] = {"date": "date", "money": "money", "list_money": "money", "bool": "bool"}
# Codes that say nothing by themselves are shown with their words; other text is shown as it was typed.
_TOLD = ("event.kind", "event.behaviour", "event.severity", "event.setting", "event.victim", "event.cause")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a fact, ready to be said in any language: a day, yuan, yes or no, or words."""

    kind: Kind
    words: str = ""
    day: date | None = None
    until: date | None = None
    amount: Decimal | None = None
    yes: bool = False


@dataclass(frozen=True, slots=True)
class FactLine:
    """One stated fact, with its name and the papers that prove it."""

    fact: str
    label: str
    values: tuple[Value, ...]
    proved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The newest worksheet told step by step; `told` is what `telling.worksheet` gives.

    `same`: the wording still computes what was stored. If not, the stored lines stand alone.
    """

    stored: WorksheetView
    told: dict[str, object]
    same: bool


def facts_of(book: RuleBook, event: Mapping[str, object]) -> list[FactLine]:
    """The event's facts in the table's order; what the table does not know is left out."""
    stated = {f"event.{name}": value for name, value in event.items()}
    return [FactLine(fact, label(fact), _values(fact, stated[fact]), _proofs(book, fact))
            for fact in FACTS if fact in stated and stated[fact] not in (None, [], "")]


def sheet_of(book: RuleBook, stored: WorksheetView, report_due: date) -> Sheet:
    """A stored computation told anew from its own input under the claim's own wording.

    An input that today's vocabulary no longer reads must not shut the file: its stored lines stand alone.
    """
    try:
        found = one.assess(book, parse(stored.input), report_due=report_due)
    except InputError:
        return Sheet(stored, {"version": book.version, "flags": [], "lines": [], "nothing": []}, same=False)
    same = found.result.to_dict() == stored.output
    return Sheet(stored, worksheet(found), same)


def _proofs(book: RuleBook, fact: str) -> tuple[str, ...]:
    own = (fact, *(name for name in FACTS if name.startswith(f"{fact}.")))
    return tuple(dict.fromkeys(paper.name for paper in book.papers if any(name in paper.proves for name in own)))


def _values(fact: str, raw: object) -> tuple[Value, ...]:
    items = raw if isinstance(raw, list) else [raw]
    if fact == "event.stays":
        return tuple(_stay(item) for item in items if isinstance(item, dict))
    kind = _KINDS.get(FACTS[fact].type, "words")
    return tuple(_value(fact, kind, item) for item in items)


def _value(fact: str, kind: Kind, raw: object) -> Value:
    if kind == "date":
        return Value("date", day=date.fromisoformat(str(raw)))
    if kind == "money":
        return Value("money", amount=Decimal(str(raw)))
    if kind == "bool":
        return Value("bool", yes=bool(raw))
    return Value("words", words=shown(fact, raw) if fact in _TOLD else str(raw))


def _stay(raw: Mapping[str, object]) -> Value:
    if "from" in raw and "to" in raw:
        return Value("stay", day=date.fromisoformat(str(raw["from"])), until=date.fromisoformat(str(raw["to"])))
    return Value("stay", words=str(raw.get("days", "")))
