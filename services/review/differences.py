"""What differs between two worksheets and two lists of papers and payees, in the words people read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.core.money import show, to_yuan
from services.engine.telling.words import shown
from services.rulebook.facts import FACTS
from services.rulebook.schema import RuleBook

VERDICTS = {"waiting": "待核对", "accepted": "已接收", "rejected": "已退回"}
ANSWERS: dict[object, str] = {True: "属于", False: "不属于", "suspected": "疑似"}
Words = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed. `kind`: fact, paper, input, line or payee; `key` names it for the record; None: not there."""

    kind: str
    key: str
    label: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet's computation in words and its result; fen."""

    input: Words
    output: Words
    total_fen: int
    refund_fen: int


def between(book: RuleBook, old: Sheet, new: Sheet) -> list[Difference]:
    """Facts, then a reviewer's amounts and answers, then lines and the sum."""
    return [*_facts(old, new), *_inputs(book, old, new), *_lines(book, old, new)]


def listed(kind: str, old: Mapping[str, str], new: Mapping[str, str], labels: Mapping[str, str]) -> list[Difference]:
    """Papers by id with their verdict's words, payees by id with their words."""
    return [Difference(kind, key, labels.get(key, key), old.get(key), new.get(key))
            for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]


def _facts(old: Sheet, new: Sheet) -> Iterator[Difference]:
    for part in ("event", "person", "cover"):
        before, after = _part(old.input, part), _part(new.input, part)
        for name in dict.fromkeys((*before, *after)):
            fact = f"{part}.{name}"
            if before.get(name) != after.get(name) and fact in FACTS:
                yield Difference("fact", fact, FACTS[fact].label, fact_words(fact, before.get(name)), fact_words(fact, after.get(name)))


def fact_words(fact: str, value: object) -> str | None:
    """A fact of a worksheet's input as people write it; None when it is not stated."""
    if value is None:
        return None
    if isinstance(value, list):
        return "、".join(fact_words(fact, item) or "" for item in value) or None
    if isinstance(value, Mapping):
        return "至".join(str(day) for day in (value.get("from"), value.get("to")) if day)
    if isinstance(value, str) and fact in FACTS and FACTS[fact].type == "date":
        return shown(fact, date.fromisoformat(value))
    if isinstance(value, str) and fact in FACTS and FACTS[fact].unit == "yuan":
        return shown(fact, Decimal(value))
    return shown(fact, value)


def _inputs(book: RuleBook, old: Sheet, new: Sheet) -> Iterator[Difference]:
    before, after = _part(old.input, "manual"), _part(new.input, "manual")
    for name in dict.fromkeys((*before, *after)):
        amounts = [_amount(found.get(name)) for found in (before, after)]
        if amounts[0] != amounts[1]:
            yield Difference("input", name, f"核定金额：{_benefit(book, name)}", amounts[0], amounts[1])
    before, after = _part(old.input, "exclusions"), _part(new.input, "exclusions")
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Difference("input", name, f"除外责任 {name}", *(ANSWERS.get(found[name], str(found[name])) if name in found else None
                                                              for found in (before, after)))


def _lines(book: RuleBook, old: Sheet, new: Sheet) -> Iterator[Difference]:
    before, after = _by_benefit(old.output), _by_benefit(new.output)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Difference("line", name, _benefit(book, name), before.get(name), after.get(name))
    totals = [sheet.total_fen + sheet.refund_fen for sheet in (old, new)]
    if totals[0] != totals[1]:
        yield Difference("line", "total", "合计", *(_yuan(fen) for fen in totals))


def _by_benefit(output: Words) -> dict[str, str]:
    lines = output.get("lines")
    return {str(line["benefit"]): "待核定" if line.get("manual") else f"{line['amount']}元"
            for line in lines if isinstance(line, Mapping)} if isinstance(lines, list) else {}


def _part(words: Words, name: str) -> Words:
    found = words.get(name)
    return found if isinstance(found, Mapping) else {}


def _amount(row: object) -> str | None:
    return f"{row['amount']}元" if isinstance(row, Mapping) else None


def _benefit(book: RuleBook, name: str) -> str:
    return book.benefits[name].name if name in book.benefits else name


def _yuan(fen: int) -> str:
    return f"{show(to_yuan(fen))}元"
